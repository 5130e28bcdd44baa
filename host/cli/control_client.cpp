#include "cli/control_client.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/StreamCopier.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

#include "base/user.hpp"

namespace mortise::cli {
namespace {

namespace net = Poco::Net;
using base::Error;
using base::ErrorCode;
using Document = ControlClient::Document;

struct Answer {
  bool is_success = false;
  std::string body;
};

/// Throws Poco's exceptions.
Answer exchange(const std::string& socket_path, const std::string& method, const std::string& target,
                const std::string& body) {
  net::StreamSocket socket;
  socket.connect(net::SocketAddress(net::AddressFamily::UNIX_LOCAL, socket_path));
  net::HTTPClientSession session(socket);
  net::HTTPRequest request(method, target, net::HTTPMessage::HTTP_1_1);
  request.setHost("localhost");
  request.setKeepAlive(false);
  if (method == net::HTTPRequest::HTTP_POST) {
    request.setContentType("application/json");
    request.setContentLength(static_cast<std::streamsize>(body.size()));
  }
  session.sendRequest(request) << body << std::flush;
  net::HTTPResponse response;
  auto& in = session.receiveResponse(response);
  Answer answer;
  answer.is_success = response.getStatus() == net::HTTPResponse::HTTP_OK;
  Poco::StreamCopier::copyToString(in, answer.body);
  return answer;
}

std::string detail_of(const Document& problem) {
  const auto detail = problem.is_object() ? problem.find("detail") : problem.end();
  return detail != problem.end() && detail->is_string() ? detail->get<std::string>() : std::string();
}

std::string to_octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", mode & 07777U);
  return text.data();
}

}  // namespace

base::Result<Document> ControlClient::send(const std::string& method, const std::string& target,
                                           const std::string& body) {
  // A host that hangs up while the request is being written is an error like others, not this process's end.
  std::signal(SIGPIPE, SIG_IGN);
  Answer answer;
  try {
    answer = exchange(host_.control_socket.string(), method, target, body);
  } catch (const net::NoMessageException&) {
    return explain(ECONNRESET, {});
  } catch (const Poco::Exception& error) {
    return explain(error.code(), error.displayText());
  }
  auto document = Document::parse(answer.body, nullptr, false);
  if (answer.is_success && document.is_object()) {
    return base::Result<Document>(boost::system::in_place_value, std::move(document));
  }
  if (auto detail = detail_of(document); !answer.is_success && !detail.empty()) {
    return Error{ErrorCode::failed_precondition, std::move(detail)};
  }
  return Error{ErrorCode::internal, "what answers at the control socket '" + host_.control_socket.string() +
                                        "' is no mortise host; see control_socket in " + host_.file.string()};
}

Error ControlClient::explain(int error_number, const std::string& text) {
  const auto socket = "the control socket '" + host_.control_socket.string() + "'";
  switch (error_number) {
    case ENOENT:
    case ECONNREFUSED:
      return {ErrorCode::unavailable, "no host runs: nobody listens at " + socket +
                                          "; start one with `mortise serve --config " + host_.file.string() + "`"};
    case EACCES:
    case EPERM:
      return {ErrorCode::permission_denied, base::describe_user(::geteuid()) + " may not use " + socket + ": " +
                                                say_who_may() + "; control_socket_mode in " + host_.file.string() +
                                                " sets that"};
    case ECONNRESET:
    case EPIPE:
      return {ErrorCode::unavailable, "the host ended the connection at " + socket +
                                          " before it answered: it is stopping, or has too many callers; "
                                          "`mortise history` tells what came of it once a host runs"};
    default: return {ErrorCode::unavailable, "cannot ask the host at " + socket + ": " + text};
  }
}

std::string ControlClient::say_who_may() {
  const auto stamp = files_.stamp(host_.control_socket.string());
  if (!stamp) return "its folder is closed to others";
  std::string who = base::describe_user(stamp->owner);
  if ((stamp->mode & S_IWGRP) != 0) who += " and the members of its group";
  if ((stamp->mode & S_IWOTH) != 0) who = "whoever may enter its folder";
  return "by its mode " + to_octal(stamp->mode) + " it is for " + who;
}

}  // namespace mortise::cli
