// A client of the running host's control API (docs/control-api.md), over its unix domain socket.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/files.hpp"
#include "base/result.hpp"
#include "config/config.hpp"

namespace mortise::cli {

/// One thread. Each call is a connection of its own and waits for its answer as long as the host takes.
class ControlClient {
 public:
  using Document = nlohmann::ordered_json;

  /// Both outlive it.
  ControlClient(const config::HostConfig& host, base::Files& files) : host_(host), files_(files) {}

  /// The host's answer. An error says why there is none, in words for people: no host runs, it is not ours to ask, or
  /// what the host itself says against it.
  base::Result<Document> get(const std::string& target) { return send("GET", target, {}); }
  base::Result<Document> post(const std::string& target, const Document& body) {
    return send("POST", target, body.dump());
  }

 private:
  base::Result<Document> send(const std::string& method, const std::string& target, const std::string& body);
  base::Error explain(int error_number, const std::string& text);
  [[nodiscard]] std::string say_who_may();

  const config::HostConfig& host_;
  base::Files& files_;
};

}  // namespace mortise::cli
