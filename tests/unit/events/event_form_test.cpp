// The host's form of an event against that of the SDK, which reads it.
#include "events/event_form.hpp"

#include <gtest/gtest.h>
#include <mortise/event.hpp>
#include <mortise/wire.hpp>

#include <string>
#include <vector>

namespace mortise::events {
namespace {

struct Said {
  std::int64_t number;
  Str text;
};

std::vector<std::uint8_t> written(const Said& said) {
  std::vector<std::uint8_t> bytes(detail::message_size(said));
  detail::write_message(bytes.data(), said);
  return bytes;
}

mortise_bytes borrow(const std::vector<std::uint8_t>& bytes) { return {bytes.data(), bytes.size()}; }

TEST(EventForm, IsWhatTheSdkReads) {
  const std::string key(300, 'k');  // its size takes two bytes
  const auto bytes = written({.number = -7, .text = "bread"});
  const Event event{.id_high = 0x0123456789abcdef,
                    .id_low = 42,
                    .published_ms = 1'764'000'000'000,
                    .attempt = 3,
                    .publisher = "shop",
                    .key = key,
                    .bytes = borrow(bytes)};
  std::vector<std::uint8_t> request(request_size(event));
  write_request(event, request.data());
  detail::WireReader reader(borrow(request), detail::kRequest);
  const auto info = reader.read<EventInfo>();
  const auto said = reader.read<Said>();
  EXPECT_NO_THROW(reader.finish());
  EXPECT_EQ(info.id_high, event.id_high);
  EXPECT_EQ(info.id_low, event.id_low);
  EXPECT_EQ(info.published_ms, event.published_ms);
  EXPECT_EQ(info.attempt, event.attempt);
  EXPECT_EQ(info.publisher, "shop");
  EXPECT_EQ(info.key, key);
  EXPECT_EQ(said.number, -7);
  EXPECT_EQ(said.text, "bread");
}

TEST(EventForm, RefusesWhatIsNoEvent) {
  const auto bytes = written({.number = 1, .text = ""});
  EXPECT_TRUE(check("", borrow(bytes)));
  EXPECT_TRUE(check(std::string(kMostKeyBytes, 'k'), borrow(bytes)));
  EXPECT_FALSE(check(std::string(kMostKeyBytes + 1, 'k'), borrow(bytes)));
  EXPECT_FALSE(check("", {nullptr, 0}));
  const std::vector<std::uint8_t> other_version{9, 1, 2, 3};
  EXPECT_FALSE(check("", borrow(other_version)));
  std::vector<std::uint8_t> large(kMostEventBytes, 1);
  EXPECT_TRUE(check("", borrow(large)));
  large.push_back(1);
  EXPECT_FALSE(check("", borrow(large)));
}

}  // namespace
}  // namespace mortise::events
