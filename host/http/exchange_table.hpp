// The C function table of mortise.http/1 over Exchange and RouteRegistry.
#pragma once

#include <mortise/abi/http.h>

namespace mortise::http {

const mortise_http_v1& http_table() noexcept;

}  // namespace mortise::http
