#include "remote/connection.hpp"

#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/StreamSocket.h>

#include <algorithm>
#include <istream>
#include <memory>
#include <ostream>
#include <utility>

#include "remote/answers.hpp"
#include "remote/call_headers.hpp"
#include "remote/connecting.hpp"
#include "remote/reason.hpp"

namespace mortise::remote {
namespace {

using Poco::Net::HTTPRequest;
using Poco::Net::HTTPResponse;
using std::chrono::milliseconds;

Poco::Net::NetException too_large(const Call& call) {
  return Poco::Net::NetException("its answer has more than the " + std::to_string(call.most_reply_bytes) +
                                 " bytes that fit into the caller's memory; raise arena_max_bytes");
}

/// The connection is closed, by which the other host learns of it.
Attempt unheard() {
  return {.end = Attempt::End::unheard,
          .sign = Attempt::Sign::none,
          .answer = {.status = MORTISE_CANCELLED,
                     .text = "nobody waits for its answer any more, as the client of the request has gone"}};
}

}  // namespace

Attempt late(const Call& call) {
  return {.end = Attempt::End::late,
          .sign = Attempt::Sign::silent,
          .answer = {.status = MORTISE_DEADLINE_EXCEEDED,
                     .text = call.is_limited ? "it did not answer within the time that its caller gives it"
                                             : "it did not answer within the deadline"}};
}

base::Result<std::unique_ptr<Connection>> Connection::open(const std::string& host, std::uint16_t port,
                                                           Clock::time_point deadline) {
  const auto authority = (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
  const auto addresses = resolve(host, port);
  if (!addresses) return addresses.error();
  const auto socket = connect_to_any(*addresses, deadline);
  if (!socket) return socket.error();
  return std::make_unique<Connection>(*socket, authority);
}

Connection::Connection(const Poco::Net::StreamSocket& socket, std::string host_header)
    : session_(socket),
      socket_(static_cast<CallSocket&>(*session_.socket().impl())),
      host_header_(std::move(host_header)) {
  session_.setKeepAlive(true);
  // Whether it is still there is_fresh() finds out; the session could not connect anew by itself.
  session_.setKeepAliveTimeout(Poco::Timespan(365 * Poco::Timespan::DAYS));
}

bool Connection::is_fresh() noexcept {
  try {
    return !session_.socket().poll(Poco::Timespan(0), Poco::Net::Socket::SELECT_READ | Poco::Net::Socket::SELECT_ERROR);
  } catch (const Poco::Exception&) {
    return false;
  }
}

Attempt Connection::carry(const Call& call) {
  is_whole_ = false;
  const auto sign = std::exchange(is_kept_, true) ? Attempt::Sign::changed : Attempt::Sign::silent;
  const CallSocket::Carrying carrying(socket_, call);
  try {
    send(call);
    return receive(call);
  } catch (const Poco::Exception& exception) {
    if (call.is_unheard()) return unheard();
    if (Clock::now() >= call.deadline) return late(call);
    return {.end = Attempt::End::unknown,
            .sign = sign,
            .answer = {.status = MORTISE_UNAVAILABLE, .text = reason_of(exception)}};
  }
}

void Connection::send(const Call& call) {
  HTTPRequest request(HTTPRequest::HTTP_POST, std::string(call.path), HTTPRequest::HTTP_1_1);
  request.set(HTTPRequest::HOST, host_header_);
  request.setContentType(std::string(kCallContentType));
  request.setContentLength64(static_cast<std::int64_t>(call.request.size()));
  if (!call.request_id.empty()) request.set(std::string(kRequestIdHeader), std::string(call.request_id));
  if (call.trace != nullptr) {
    request.set(std::string(kTraceParentHeader), call.trace->parent);
    if (!call.trace->state.empty()) request.set(std::string(kTraceStateHeader), call.trace->state);
  }
  if (call.deadline != Clock::time_point::max()) {
    const auto left = std::chrono::ceil<milliseconds>(call.deadline - Clock::now());
    request.set(std::string(kDeadlineHeader), std::to_string(std::max<std::int64_t>(left.count(), 1)));
  }
  auto& body = session_.sendRequest(request);
  body.write(call.request.data(), static_cast<std::streamsize>(call.request.size()));
  session_.flushRequest();
}

Attempt Connection::receive(const Call& call) {
  HTTPResponse response;
  auto& in = session_.receiveResponse(response);
  auto body = read_body(in, response, call);
  is_whole_ = response.getKeepAlive();
  if (response.getStatus() == HTTPResponse::HTTP_OK && response.getContentType() == kCallContentType) {
    return {.answer = {.text = std::move(body)}};
  }
  return to_failed_attempt(response, body);
}

std::string Connection::read_body(std::istream& in, const HTTPResponse& response, const Call& call) {
  constexpr std::size_t kPiece = 65536;
  const bool has_length = response.hasContentLength();
  const auto length = has_length ? static_cast<std::uint64_t>(response.getContentLength64()) : UINT64_MAX;
  std::string body;
  if (has_length && length > call.most_reply_bytes) throw too_large(call);
  while (in.good() && body.size() < length) {
    const auto before = body.size();
    body.resize(before + static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, length - before)));
    in.read(body.data() + before, static_cast<std::streamsize>(body.size() - before));
    body.resize(before + static_cast<std::size_t>(in.gcount()));
    if (body.size() > call.most_reply_bytes) throw too_large(call);
  }
  // The stream keeps to itself why it has ended.
  if (const auto* const failure = session_.networkException()) failure->rethrow();
  // Poco takes the end of the connection for that of the chunks; a whole answer in chunks ends before.
  const bool is_cut = has_length ? body.size() != length : response.getChunkedTransferEncoding() && socket_.has_ended();
  if (is_cut) throw Poco::Net::NetException("the connection ended within its answer");
  return body;
}

}  // namespace mortise::remote
