// A consumer's side of a provider that is elsewhere.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "every_type.hpp"
#include "fake_contracts.hpp"

namespace mortise {
namespace {

using namespace sdk_testing;

struct Refusing {
  std::string text(Str) { throw Error(Status::not_found, "no such text"); }
  void nothing() { throw 123; }
};
struct Small {
  Method<Str(Str)> text;
  Method<void()> nothing;
};
MORTISE_CONTRACT(Small, "sample.small", 1, text, nothing)

/// Answers every call with what the test says.
struct Scripted {
  mortise_status status = MORTISE_OK;
  std::vector<std::uint8_t> reply;
  std::vector<std::uint8_t> request;
  std::uint32_t method = 99;

  mortise_channel_v1 channel{sizeof(mortise_channel_v1), 0, this,
                             [](void* self, std::uint32_t number, mortise_bytes bytes, mortise_bytes* answer) {
                               auto& scripted = *static_cast<Scripted*>(self);
                               scripted.method = number;
                               scripted.request_at = bytes.data;
                               scripted.request.assign(bytes.data, bytes.data + bytes.size);
                               *answer = {scripted.reply.data(), scripted.reply.size()};
                               return scripted.status;
                             },
                             nullptr};
  /// What the channel has reserved, once it is asked to.
  std::vector<std::uint8_t> reserved;
  const std::uint8_t* request_at = nullptr;
};

class ProxyTest : public ::testing::Test {
 protected:
  ProxyTest() {
    link_contracts();
    detail::fill_proxy<Small>(&proxy_, &scripted_.channel);
  }
  template <class Call>
  Error failure_of(Call&& call) {
    try {
      call();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "did not throw";
    return {Status::unknown, ""};
  }

  FakeScope scope_;
  Scripted scripted_;
  Small proxy_;
};

TEST_F(ProxyTest, SendsTheMethodsNumberAndItsArguments) {
  scripted_.reply = {1, 2, 'o', 'k'};
  EXPECT_EQ(proxy_.text("hi"), "ok");
  EXPECT_EQ(scripted_.method, 0U);
  EXPECT_EQ(scripted_.request, (std::vector<std::uint8_t>{1, 2, 'h', 'i'}));
  scripted_.reply = {1};
  proxy_.nothing();
  EXPECT_EQ(scripted_.method, 1U);
  EXPECT_EQ(scripted_.request, std::vector<std::uint8_t>{1});
}

TEST_F(ProxyTest, TakesNoMemoryForASmallRequest) {
  scripted_.reply = {1, 0};
  proxy_.text(std::string_view("small"));
  EXPECT_EQ(scope_.pieces(), 0U);
  const std::string large(1000, 'x');
  proxy_.text(large);
  EXPECT_EQ(scope_.pieces(), 1U);
  EXPECT_EQ(scripted_.request.size(), 1003U);
}

TEST_F(ProxyTest, WritesALargeRequestWhereTheChannelWantsIt) {
  scripted_.reply = {1, 0};
  scripted_.channel.reserve = [](void* self, std::uint64_t size) {
    auto& scripted = *static_cast<Scripted*>(self);
    scripted.reserved.resize(size);
    return scripted.reserved.data();
  };
  const std::string large(1000, 'x');
  proxy_.text(large);
  EXPECT_EQ(scripted_.request_at, scripted_.reserved.data());
  EXPECT_EQ(scripted_.request.size(), 1003U);
  scripted_.channel.reserve = [](void*, std::uint64_t) -> std::uint8_t* { return nullptr; };
  proxy_.text(large);
  EXPECT_NE(scripted_.request_at, scripted_.reserved.data());
  EXPECT_EQ(scope_.pieces(), 1U) << "there was none, and the scope's memory did";
}

TEST_F(ProxyTest, MakesAMalformedReplyInternal) {
  for (const auto& reply : std::vector<std::vector<std::uint8_t>>{{}, {1}, {2, 0}, {1, 1}, {1, 0, 0}, {1, 0x80, 0}}) {
    scripted_.reply = reply;
    const auto error = failure_of([&] { proxy_.text("x"); });
    EXPECT_EQ(error.status(), Status::internal);
    EXPECT_EQ(std::string(error.what()).find("malformed reply at byte "), 0U) << error.what();
    EXPECT_EQ(error.context(), "sample 1.2.3: sample.small/1 text");
  }
  scripted_.reply = {1, 1};
  EXPECT_EQ(failure_of([&] { proxy_.nothing(); }).status(), Status::internal);
}

TEST_F(ProxyTest, PassesOnTheStatusOfTheChannelWithoutReadingAReply) {
  scripted_.status = MORTISE_UNAVAILABLE;
  EXPECT_EQ(failure_of([&] { proxy_.text("x"); }).status(), Status::unavailable);
}

TEST_F(ProxyTest, FailsAtTheArenasCapBeforeItSends) {
  const FakeScope tiny(100);
  const std::string large(1000, 'x');
  EXPECT_EQ(failure_of([&] { proxy_.text(large); }).status(), Status::resource_exhausted);
  EXPECT_EQ(scripted_.method, 99U);
}

TEST_F(ProxyTest, DeliversTheProvidersErrorAsIfItWereInThisProcess) {
  Refusing refusing;
  const Loopback<Small> remote(refusing);
  const auto error = failure_of([&] { remote->text("x"); });
  EXPECT_EQ(error.status(), Status::not_found);
  EXPECT_STREQ(error.what(), "no such text");
  EXPECT_EQ(error.context(), "sample 1.2.3: sample.small/1 text");
  EXPECT_EQ(failure_of([&] { remote->nothing(); }).status(), Status::internal);
}

}  // namespace
}  // namespace mortise
