// Events of an outbox on their way to one subscriber.
#pragma once

#include <mortise/abi/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::events {

/// As its publisher gives it; borrowed.
struct Publication {
  std::string_view topic;
  std::uint64_t form = 0;
  std::string_view key;
  mortise_bytes bytes{};
};

/// By which one is known.
struct LetterKey {
  std::int64_t id = 0;
  std::string key{};  // of whose events this one keeps its place; empty: of none
};

struct Letter : LetterKey {
  std::string topic{};
  std::uint64_t form = 0;
  std::int64_t published_ms = 0;
  std::uint32_t attempts = 0;  // that have failed
  std::vector<std::uint8_t> bytes{};
};

/// As the tables have it.
struct StoredLetter : Letter {
  bool is_behind = false;  // another of its key that is not done has a row among the deliveries
};

struct FailedLetter : LetterKey {
  std::string topic{};
  std::uint32_t attempts = 0;  // with the last one
  std::string error{};
};

/// What a courier has done that the tables do not know yet.
struct Progress {
  std::int64_t cursor = 0;         // all up to here is done, or stands in one of these lists or in the tables
  std::vector<LetterKey> heard{};  // of those with a row among the deliveries
  std::vector<FailedLetter> failed{};
  std::vector<LetterKey> parked{};     // to stand behind others of their keys
  std::vector<LetterKey> under_way{};  // that the cursor is not to wait for; due at once
};

}  // namespace mortise::events
