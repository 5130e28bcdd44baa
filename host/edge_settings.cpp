#include "edge_settings.hpp"

#include <utility>

namespace mortise {

http::ServerSettings edge_settings(const config::EdgeConfig& edge) {
  http::ServerSettings settings;
  for (const auto& listen : edge.listen) {
    http::Listen address{.address = listen.address, .port = listen.port, .tls = {}};
    if (listen.tls) address.tls = http::Tls{.certificate = listen.tls->certificate, .key = listen.tls->key};
    settings.listen.push_back(std::move(address));
  }
  settings.threads = edge.threads;
  settings.blocking_threads = edge.blocking_threads;
  settings.max_header_bytes = edge.max_header_bytes;
  settings.max_body_bytes = edge.max_body_bytes;
  settings.max_connections = edge.max_connections;
  settings.header_timeout = edge.header_timeout;
  settings.body_timeout = edge.body_timeout;
  settings.idle_timeout = edge.idle_timeout;
  settings.write_timeout = edge.write_timeout;
  settings.access_log = edge.access_log;
  return settings;
}

}  // namespace mortise
