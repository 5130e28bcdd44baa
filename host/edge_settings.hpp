// From what the admin wrote of the edge to what the HTTP server is told: the one place that knows both.
#pragma once

#include "config/config.hpp"
#include "http/server.hpp"

namespace mortise {

/// All keys but shutdown_grace, which Server::stop() is given.
http::ServerSettings edge_settings(const config::EdgeConfig& edge);

}  // namespace mortise
