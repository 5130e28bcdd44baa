// A handler, and one request for it.
#pragma once

#include <gtest/gtest.h>

#include <mortise/http.hpp>
#include <utility>

#include "fake_host.hpp"

namespace mortise::sdk_testing {

class AnswerTest : public ::testing::Test {
 protected:
  /// Lets a handler answer one request.
  template <class Handler>
  void answer(Handler handler) {
    http_.get("/", std::move(handler));
    host_.call(exchange_);
  }

  FakeHost host_;
  Http http_{static_cast<const mortise_http_v1*>(host_.interfaces[MORTISE_HTTP_V1]), host_.table()};
  FakeExchange exchange_;
};

}  // namespace mortise::sdk_testing
