// Random values of every type make the whole way: proxy, bytes, dispatcher, implementation, and back. Compared are
// their forms, in which two values that differ in a bit differ.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <deque>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "every_type.hpp"
#include "fake_contracts.hpp"

namespace mortise {
namespace {

using namespace sdk_testing;

/// Makes values, extremes more often than chance would, and owns what they point to.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  template <class T>
  T make() {
    if constexpr (detail::Boolean<T>) {
      return static_cast<T>(random_() % 2 == 1);
    } else if constexpr (std::is_enum_v<T>) {
      return static_cast<T>(make<std::underlying_type_t<T>>());
    } else if constexpr (detail::Integer<T>) {
      return make_integer<T>();
    } else if constexpr (std::is_same_v<T, float>) {
      return make_float<float, std::uint32_t>();
    } else if constexpr (std::is_same_v<T, double>) {
      return make_float<double, std::uint64_t>();
    } else if constexpr (std::is_same_v<T, Str>) {
      auto& text = texts_.emplace_back(make_size(), '\0');
      for (auto& c : text) c = static_cast<char>(random_());
      return text;
    } else if constexpr (detail::ListTraits<T>::value) {
      return make_list<typename detail::ListTraits<T>::Element>();
    } else if constexpr (detail::OptionalTraits<T>::value) {
      using Value = typename detail::OptionalTraits<T>::Value;
      return random_() % 3 == 0 ? T() : T(make<Value>());
    } else {
      return detail::with_members<T>([this](auto... index) { return T{this->make<detail::MemberOf<index, T>>()...}; });
    }
  }

 private:
  template <class T>
  T make_integer() {
    switch (random_() % 4) {
      case 0: return std::numeric_limits<T>::min();
      case 1: return std::numeric_limits<T>::max();
      default: return static_cast<T>(random_());
    }
  }
  /// Any bits at all, and infinities, quiet and signalling NaNs with a payload, negative zero.
  template <class T, class Bits>
  T make_float() {
    constexpr auto kInfinity = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
    switch (random_() % 4) {
      case 0: return std::bit_cast<T>(static_cast<Bits>(kInfinity | 0x2A));  // signalling
      case 1: return std::bit_cast<T>(static_cast<Bits>(std::bit_cast<Bits>(std::numeric_limits<T>::quiet_NaN()) | 7));
      case 2: return random_() % 2 == 0 ? -T{0} : -std::numeric_limits<T>::infinity();
      default: return std::bit_cast<T>(static_cast<Bits>(random_()));
    }
  }
  template <class Element>
  List<Element> make_list() {
    const auto size = make_size();
    auto& bytes = lists_.emplace_back(size * sizeof(Element) + alignof(Element));
    auto* const elements = reinterpret_cast<Element*>(bytes.data());  // of new: aligned for all of these
    for (std::size_t i = 0; i < size; ++i) ::new (&elements[i]) Element(make<Element>());
    return {elements, size};
  }
  std::size_t make_size() {
    switch (random_() % 8) {
      case 0: return 0;
      case 1: return random_() % 40 == 0 ? 300 : 2;  // a count of two bytes
      default: return random_() % 4;
    }
  }

  std::mt19937_64 random_;
  std::deque<std::string> texts_;
  std::deque<std::vector<std::uint8_t>> lists_;
};

template <class T>
std::string form(const T& value) {
  std::string bytes(detail::message_size(value), '\0');
  detail::write_message(reinterpret_cast<std::uint8_t*>(bytes.data()), value);
  return bytes;
}

constexpr std::uint64_t kSeeds = 3000;

class RoundTripTest : public ::testing::Test {
 protected:
  RoundTripTest() { link_contracts(); }

  /// Calls `check(maker)` for each seed, in a scope of its own.
  template <class Check>
  void for_each_seed(Check&& check) {
    for (std::uint64_t seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      const FakeScope scope;
      Maker maker(seed);
      check(maker);
    }
  }
  /// A method that returns its only argument.
  template <class R, class Argument>
  void expect_echo(Method<R(Argument)> EveryType::*method) {
    for_each_seed([&](Maker& maker) {
      const auto value = maker.template make<R>();
      const auto sent = form(value);
      EXPECT_EQ(form((*remote_.operator->().*method)(static_cast<Argument>(value))), sent);
      EXPECT_EQ(form((remote_.provided().*method)(static_cast<Argument>(value))), sent) << "without the bytes";
    });
  }

  Echo echo_;
  Loopback<EveryType> remote_{echo_};
};

TEST_F(RoundTripTest, KeepsScalarsOfEveryWidth) {
  for_each_seed([&](Maker& maker) {
    const auto v = maker.make<Scalars>();
    EXPECT_EQ(form(remote_->scalars(v.i8, v.u8, v.i16, v.u16, v.i32, v.u32, v.i64, v.u64, v.f32, v.f64, v.truth,
                                    v.level, v.offset, v.answer)),
              form(v));
  });
}

TEST_F(RoundTripTest, KeepsAggregatesWithTexts) {
  for_each_seed([&](Maker& maker) {
    const auto money = maker.make<Money>();
    const auto to = maker.make<Str>();
    EXPECT_EQ(form(remote_->convert(money, to)), form(Money{money.units, to}));
  });
}

TEST_F(RoundTripTest, KeepsTexts) { expect_echo(&EveryType::text); }
TEST_F(RoundTripTest, KeepsBytes) {
  expect_echo(&EveryType::blob);
  expect_echo(&EveryType::raw);
  expect_echo(&EveryType::small);
}
TEST_F(RoundTripTest, KeepsListsOfNumbers) { expect_echo(&EveryType::numbers); }
TEST_F(RoundTripTest, KeepsListsOfTruthValues) { expect_echo(&EveryType::truths); }
TEST_F(RoundTripTest, KeepsListsOfFlatAggregates) { expect_echo(&EveryType::points); }
TEST_F(RoundTripTest, KeepsListsOfTexts) { expect_echo(&EveryType::texts); }
TEST_F(RoundTripTest, KeepsListsOfLists) { expect_echo(&EveryType::table); }
TEST_F(RoundTripTest, KeepsOptionalAggregates) { expect_echo(&EveryType::maybe); }
TEST_F(RoundTripTest, KeepsNestedAggregates) { expect_echo(&EveryType::nested); }

TEST_F(RoundTripTest, KeepsArgumentsOfAMethodWithoutAResult) {
  for_each_seed([&](Maker& maker) {
    const auto bytes = maker.make<Bytes>();
    const auto number = maker.make<Optional<double>>();
    remote_->nothing(bytes, number);
    EXPECT_EQ(echo_.taken, bytes.size());
    EXPECT_EQ(echo_.has_number, number.has_value());
  });
}

/// Damages one byte of a request, or cuts it: it is refused or means something, and nothing is read beyond it.
TEST_F(RoundTripTest, SurvivesDamagedRequests) {
  for_each_seed([&](Maker& maker) {
    auto bytes = form(maker.make<Nested>());
    const auto at = maker.make<std::uint32_t>() % bytes.size();
    if (maker.make<bool>()) {
      bytes[at] = static_cast<char>(maker.make<std::uint8_t>());
    } else {
      bytes.resize(at);
    }
    const std::vector<std::uint8_t> request(bytes.begin(), bytes.end());
    mortise_bytes reply{};
    const auto status = detail::dispatch<EveryType>(&remote_.provided(), 10, {request.data(), request.size()}, &reply);
    if (status == MORTISE_OK) {
      EXPECT_EQ(to_string(reply), bytes);
    } else {
      EXPECT_EQ(status, MORTISE_INVALID_ARGUMENT);
    }
  });
}

}  // namespace
}  // namespace mortise
