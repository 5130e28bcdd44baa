// A call as tests make it.
#pragma once

#include <chrono>

#include "remote/connection.hpp"

namespace mortise::remote {

inline Call call_of(bool is_idempotent = false) {
  return {.path = "/contracts/shop.prices/1/price",
          .request = "request",
          .is_idempotent = is_idempotent,
          .deadline = Connection::Clock::now() + std::chrono::seconds(30),
          .request_id = "r-17",
          .most_reply_bytes = 1 << 20};
}

}  // namespace mortise::remote
