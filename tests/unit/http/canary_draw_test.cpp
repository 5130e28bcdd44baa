#include "http/canary_draw.hpp"

#include <gtest/gtest.h>

#include <string>

#include "runtime/abi_values.hpp"

namespace mortise::http {
namespace {

using runtime::to_abi;

RequestHead with_header(std::string_view name, std::string_view value) {
  RequestHead head;
  head.headers.push_back({to_abi(name), to_abi(value)});
  return head;
}

/// Of a thousand requests whose key is "user N", as `make_head` puts it.
template <class MakeHead>
int count_taken(const CanaryDraw& draw, const MakeHead& make_head) {
  int taken = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto value = "user " + std::to_string(i);
    taken += draw.takes(make_head(value), value + ":40000") ? 1 : 0;
  }
  return taken;
}

TEST(CanaryDraw, TakesItsShare) {
  const CanaryDraw draw({.percent = 20, .key = ""});
  const int taken = count_taken(draw, [](const std::string&) { return RequestHead(); });
  EXPECT_GT(taken, 100);
  EXPECT_LT(taken, 300);
}

TEST(CanaryDraw, TakesItsShareOfTheKeys) {
  const CanaryDraw header({.percent = 20, .key = "header:X-User"});
  const CanaryDraw address({.percent = 20, .key = "address"});
  const int by_header = count_taken(header, [](const std::string& value) { return with_header("x-user", value); });
  EXPECT_GT(by_header, 100);
  EXPECT_LT(by_header, 300);
  EXPECT_EQ(count_taken(address, [](const std::string&) { return RequestHead(); }), by_header);
}

TEST(CanaryDraw, KeepsTheConnectionsOfAnAddressTogether) {
  const CanaryDraw draw({.percent = 50, .key = "address"});
  for (const std::string address : {"192.0.2.7", "198.51.100.1", "[2001:db8::1]", "[2001:db8::2]"}) {
    const bool is_taken = draw.takes(RequestHead(), address + ":40000");
    for (int port = 40001; port < 40040; ++port) {
      EXPECT_EQ(draw.takes(RequestHead(), address + ":" + std::to_string(port)), is_taken) << address;
    }
  }
}

TEST(CanaryDraw, IsTheSameForTheSameKey) {
  const CanaryDraw header({.percent = 50, .key = "header:X-User"});
  const CanaryDraw cookie({.percent = 50, .key = "cookie:sid"});
  int differing = 0;
  for (int i = 0; i < 100; ++i) {
    const auto user = std::to_string(i);
    const auto cookies = "theme=dark; sid=" + user + "; sidecar=7";
    const bool is_taken = header.takes(with_header("X-User", user), "");
    for (int again = 0; again < 5; ++again) {
      EXPECT_EQ(header.takes(with_header("X-User", user), ""), is_taken);
      EXPECT_EQ(cookie.takes(with_header("Cookie", cookies), ""), is_taken) << "the key alone counts";
    }
    differing += is_taken ? 1 : 0;
  }
  EXPECT_GT(differing, 20);
  EXPECT_LT(differing, 80);
}

TEST(CanaryDraw, DrawsForARequestThatLacksTheKey) {
  const CanaryDraw cookie({.percent = 50, .key = "cookie:sid"});
  int taken = 0;
  for (int i = 0; i < 1000; ++i) taken += cookie.takes(with_header("Cookie", "asid=1; sid; x=sid=2"), "") ? 1 : 0;
  EXPECT_GT(taken, 300);
  EXPECT_LT(taken, 700);
}

}  // namespace
}  // namespace mortise::http
