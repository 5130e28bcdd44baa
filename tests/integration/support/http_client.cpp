#include "support/http_client.hpp"

#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <Poco/String.h>
#include <stdexcept>

#include "support/child.hpp"

namespace mortise::integration {

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(Poco::toLower(name));
  return found == headers.end() ? "" : found->second;
}

Client::Client(std::uint16_t port) : session_("127.0.0.1", port) {
  session_.setKeepAlive(true);
  session_.setTimeout(Poco::Timespan(kPatience.count(), 0));
}

Client::Client(const Poco::Net::StreamSocket& socket) : session_(socket) {
  session_.setTimeout(Poco::Timespan(kPatience.count(), 0));
}

Answer Client::send(const std::string& method, const std::string& target, const std::string& body,
                    const Headers& headers) {
  Poco::Net::HTTPRequest request(method, target, Poco::Net::HTTPMessage::HTTP_1_1);
  for (const auto& [name, value] : headers) request.set(name, value);
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    request.setContentLength64(static_cast<Poco::Int64>(body.size()));
  }
  session_.sendRequest(request) << body << std::flush;

  Poco::Net::HTTPResponse response;
  auto& stream = session_.receiveResponse(response);
  Answer answer;
  answer.status = response.getStatus();
  for (const auto& [name, value] : response) answer.headers.emplace(Poco::toLower(name), value);
  Poco::StreamCopier::copyToString(stream, answer.body);
  return answer;
}

void Client::wait_until_closed() {
  auto& socket = session_.socket();
  char byte = 0;
  if (!socket.poll(Poco::Timespan(kPatience.count(), 0), Poco::Net::Socket::SELECT_READ)) {
    throw std::runtime_error("the host did not close the connection");
  }
  if (socket.receiveBytes(&byte, 1) != 0) throw std::runtime_error("the host sent something that nobody asked for");
}

}  // namespace mortise::integration
