// Routes that are nothing but a method and a pattern, as a plugin registers them.
#pragma once

#include <mortise/abi/http.h>

#include <string_view>

namespace mortise::http::testing {

/// The texts outlive it.
inline mortise_http_route_v1 make_route(std::string_view method, std::string_view pattern) {
  return {.struct_size = sizeof(mortise_http_route_v1),
          .flags = 0,
          .method = {method.data(), method.size()},
          .pattern = {pattern.data(), pattern.size()},
          .body_limit_bytes = 0,
          .self = nullptr,
          .handle = [](void*, mortise_http_exchange*, const mortise_http_request_v1*,
                       mortise_error*) -> mortise_status { return MORTISE_OK; },
          .deadline_ms = 0,
          .reserved = 0};
}

}  // namespace mortise::http::testing
