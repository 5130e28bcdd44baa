#include "support/http_client.hpp"

#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <Poco/String.h>

#include "support/child.hpp"

namespace mortise::integration {

namespace {

Poco::Net::HTTPRequest make_request(const std::string& method, const std::string& target) {
  return {method, target, Poco::Net::HTTPMessage::HTTP_1_1};
}

}  // namespace

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(Poco::toLower(name));
  return found == headers.end() ? "" : found->second;
}

Client::Client(std::uint16_t port) : session_("127.0.0.1", port) {
  session_.setKeepAlive(true);
  session_.setTimeout(Poco::Timespan(kPatience.count(), 0));
}

Answer Client::send(const std::string& method, const std::string& target, const std::string& body,
                    const Headers& headers) {
  auto request = make_request(method, target);
  for (const auto& [name, value] : headers) request.set(name, value);
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    request.setContentLength64(static_cast<Poco::Int64>(body.size()));
  }
  session_.sendRequest(request) << body << std::flush;
  return end();
}

void Client::begin(const std::string& method, const std::string& target) {
  auto request = make_request(method, target);
  session_.sendRequest(request).flush();
}

Answer Client::end() {
  Poco::Net::HTTPResponse response;
  auto& stream = session_.receiveResponse(response);
  Answer answer;
  answer.status = response.getStatus();
  for (const auto& [name, value] : response) answer.headers.emplace(Poco::toLower(name), value);
  Poco::StreamCopier::copyToString(stream, answer.body);
  return answer;
}

}  // namespace mortise::integration
