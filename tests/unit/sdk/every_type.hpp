// A contract with every type that may cross, and an implementation that returns what it is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <mortise/contract.hpp>

namespace mortise::sdk_testing {

enum class Level : std::uint8_t { low, high };
enum Offset : std::int64_t { kNowhere = -1 };
enum class Answer : bool { no, yes };

struct Scalars {
  std::int8_t i8;
  std::uint8_t u8;
  std::int16_t i16;
  std::uint16_t u16;
  std::int32_t i32;
  std::uint32_t u32;
  std::int64_t i64;
  std::uint64_t u64;
  float f32;
  double f64;
  bool truth;
  Level level;
  Offset offset;
  Answer answer;
};
struct Money {
  std::int64_t units;
  Str currency;
};
struct Point {  // the same in memory as in its binary form
  std::int32_t x;
  float y;
};
struct Nested {
  Point origin;
  Optional<Money> price;
  List<Money> history;
  List<List<std::int16_t>> rows;
  Optional<Optional<bool>> doubt;
  Bytes blob;
  List<Optional<Str>> names;
};

struct EveryType {
  Method<Scalars(std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t, std::uint32_t, std::int64_t,
                 std::uint64_t, float, double, bool, Level, Offset, Answer)>
      scalars;
  Method<Money(Money, std::string_view)> convert;
  Method<Str(Str)> text;
  Method<Bytes(Bytes)> blob;
  Method<List<std::int64_t>(std::span<const std::int64_t>)> numbers;
  Method<List<bool>(List<bool>)> truths;
  Method<List<Point>(List<Point>)> points;
  Method<List<Str>(std::span<const Str>)> texts;
  Method<List<List<Money>>(List<List<Money>>)> table;
  Method<Optional<Nested>(std::optional<Nested>)> maybe;
  Method<Nested(Nested)> nested;
  Method<Bytes(std::span<const std::byte>)> raw;
  Method<List<std::int8_t>(List<std::int8_t>)> small;
  Method<void(std::span<const std::uint8_t>, Optional<double>)> nothing;
};
MORTISE_CONTRACT(EveryType, "sample.every-type", 3, scalars, convert, text, blob, numbers, truths, points, texts, table,
                 maybe, nested, raw, small, nothing)

struct Echo {
  Scalars scalars(std::int8_t i8, std::uint8_t u8, std::int16_t i16, std::uint16_t u16, std::int32_t i32,
                  std::uint32_t u32, std::int64_t i64, std::uint64_t u64, float f32, double f64, bool truth,
                  Level level, Offset offset, Answer answer) {
    return {i8, u8, i16, u16, i32, u32, i64, u64, f32, f64, truth, level, offset, answer};
  }
  Money convert(Money amount, std::string_view to) { return {amount.units, to}; }
  Str text(Str value) { return value; }
  Bytes blob(Bytes value) { return value; }
  List<std::int64_t> numbers(std::span<const std::int64_t> values) { return values; }
  List<bool> truths(List<bool> values) { return values; }
  List<Point> points(List<Point> values) { return values; }
  List<Str> texts(std::span<const Str> values) { return values; }
  List<List<Money>> table(List<List<Money>> values) { return values; }
  Optional<Nested> maybe(std::optional<Nested> value) { return value; }
  Nested nested(Nested value) { return value; }
  Bytes raw(std::span<const std::byte> value) { return value; }
  List<std::int8_t> small(List<std::int8_t> values) { return values; }
  void nothing(std::span<const std::uint8_t> bytes, Optional<double> number) {
    taken = bytes.size();
    has_number = number.has_value();
  }

  std::size_t taken = 0;
  bool has_number = false;
};

}  // namespace mortise::sdk_testing
