// A client as users have one: it keeps its connection, and says what it got.
#pragma once

#include <Poco/Net/HTTPClientSession.h>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace mortise::integration {

using Headers = std::map<std::string, std::string>;

struct Answer {
  int status = 0;
  std::string body;
  [[nodiscard]] std::string header(const std::string& name) const;
  /// The body as JSON; throws when it is none.
  [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(body); }

  std::multimap<std::string, std::string> headers;  // names in lower case
};

/// One connection to 127.0.0.1, opened at the first request. One thread.
class Client {
 public:
  explicit Client(std::uint16_t port);
  /// Over a connection that is there.
  explicit Client(const Poco::Net::StreamSocket& socket);

  /// The target goes out as it stands. Throws Poco::Net and Poco exceptions when the connection fails.
  Answer send(const std::string& method, const std::string& target, const std::string& body = "",
              const Headers& headers = {});
  Answer get(const std::string& target, const Headers& headers = {}) { return send("GET", target, "", headers); }
  Answer send_json(const std::string& method, const std::string& target, const nlohmann::json& body) {
    return send(method, target, body.dump(), {{"Content-Type", "application/json"}});
  }

  /// Waits until the host has closed the connection, on which no answer is outstanding.
  void wait_until_closed();

 private:
  Poco::Net::HTTPClientSession session_;
};

}  // namespace mortise::integration
