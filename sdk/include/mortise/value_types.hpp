// Which C++ types may cross a contract, how each is passed, and how each is written in a signature:
//
//   declared                                        passed as                  signature
//   std::int8_t ... std::uint64_t, float, double    itself                     i8 ... u64, f32, f64
//   bool, an enum with a fixed underlying type      itself                     bool, the underlying type's
//   Str, std::string_view                           mortise_str                str
//   Bytes, List<uint8_t>, std::span<const uint8_t>  mortise_bytes              bytes
//   List<T>, std::span<const T>                     {const T*, uint64_t}       [T]
//   Optional<T>, std::optional<T>                   {T, uint8_t}               T?
//   an aggregate of these                           itself                     {T,T}
//
// Not an array: {4 bytes} would say neither that it is one nor how long, so a List<T> or members by name it is.
// The std types may stand as parameters alone: a result must not own memory, and what it borrows is the arena's.
#pragma once

#include <boost/pfr/core.hpp>
#include <boost/pfr/tuple_size.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include <mortise/values.hpp>

namespace mortise::detail {

template <class T>
concept Integer = std::is_same_v<T, std::int8_t> || std::is_same_v<T, std::uint8_t> ||
    std::is_same_v<T, std::int16_t> || std::is_same_v<T, std::uint16_t> || std::is_same_v<T, std::int32_t> ||
    std::is_same_v<T, std::uint32_t> ||(std::is_integral_v<T> && sizeof(T) == 8);

template <class T>
concept Floating = std::is_same_v<T, float> || std::is_same_v<T, double>;

/// An enum of one of these underlying types; only one that is fixed allows the initialisation from a number.
template <class T>
constexpr bool is_fixed_enum() {
  if constexpr (std::is_enum_v<T>) {
    using Underlying = std::underlying_type_t<T>;
    return (Integer<Underlying> || std::is_same_v<Underlying, bool>)&&requires { T{Underlying{}}; };
  } else {
    return false;
  }
}

/// Has two values, and one byte for them.
template <class T>
constexpr bool is_boolean() {
  if constexpr (std::is_enum_v<T>) return std::is_same_v<std::underlying_type_t<T>, bool>;
  return std::is_same_v<T, bool>;
}

template <class T>
concept Boolean = is_boolean<T>();

template <class T>
concept Scalar = Integer<T> || Floating<T> || Boolean<T> || is_fixed_enum<T>();

template <class T>
struct ListTraits : std::false_type {};
template <class T>
struct ListTraits<List<T>> : std::true_type {
  using Element = T;
};
template <>
struct ListTraits<Bytes> : ListTraits<List<std::uint8_t>> {};

template <class T>
struct OptionalTraits : std::false_type {};
template <class T>
struct OptionalTraits<Optional<T>> : std::true_type {
  using Value = T;
};

/// A byte, by whatever name: lists of it are bytes.
template <class T>
constexpr bool is_byte() {
  if constexpr (std::is_enum_v<T>) {
    return std::is_same_v<std::underlying_type_t<T>, std::uint8_t>;
  } else {
    return std::is_same_v<T, std::uint8_t>;
  }
}

/// What stands in the C function for a declared type: the std types in their C layouts, all others as they are.
template <class T>
struct PassedAs {
  using Type = T;
};
template <>
struct PassedAs<std::string_view> {
  using Type = Str;
};
template <class T>
struct PassedAs<std::span<const T>> {
  using Type = List<T>;
};
template <>
struct PassedAs<std::span<const std::byte>> {
  using Type = Bytes;
};
template <class T>
struct PassedAs<std::optional<T>> {
  using Type = Optional<T>;
};
template <class T>
using Passed = typename PassedAs<std::remove_cvref_t<T>>::Type;

template <class T>
concept PlainAggregate = std::is_class_v<T> && std::is_aggregate_v<T> && std::is_trivially_copyable_v<T> &&
    std::is_standard_layout_v<T> && !std::is_empty_v<T>;

/// Initialises whatever stands in an aggregate; an array takes several, one per element.
template <std::size_t>
struct Anything {
  template <class T>
  constexpr operator T() const noexcept;  // NOLINT(google-explicit-constructor): that is its purpose
};

/// Whether T may be initialised from `before` values, `nested` in braces of their own, and `after` more.
template <class T, std::size_t Before, std::size_t Nested, std::size_t After>
constexpr bool takes() {
  return []<std::size_t... B, std::size_t... N, std::size_t... A>(std::index_sequence<B...>, std::index_sequence<N...>,
                                                                  std::index_sequence<A...>) {
    if constexpr (Nested == 0) {
      return requires { T{Anything<B>{}...}; };
    } else {
      return requires { T{Anything<B>{}..., {Anything<N>{}...}, Anything<A>{}...}; };
    }
  }
  (std::make_index_sequence<Before>(), std::make_index_sequence<Nested>(), std::make_index_sequence<After>());
}

/// How many values T takes when no inner braces are written.
template <class T, std::size_t Count = 0>
constexpr std::size_t count_values() {
  if constexpr (takes<T, Count + 1, 0, 0>()) return count_values<T, Count + 1>();
  return Count;
}

/// Whether the member that begins at value number `at` is an array: as many values in braces take the room of as many
/// without.
template <class T, std::size_t Total, std::size_t At, std::size_t Length = 2>
constexpr bool is_array_at() {
  if constexpr (At + Length > Total) {
    return false;
  } else if constexpr (takes<T, At, Length, Total - At - Length>() &&
                       !takes<T, At, Length, Total - At - Length + 1>()) {
    return true;
  } else {
    return is_array_at<T, Total, At, Length + 1>();
  }
}

/// Of an aggregate: whether one of its members is an array, which Boost.PFR cannot take apart.
template <class T>
constexpr bool has_array() {
  constexpr std::size_t kTotal = count_values<T>();
  return []<std::size_t... At>(std::index_sequence<At...>) { return (is_array_at<T, kTotal, At>() || ...); }
  (std::make_index_sequence<kTotal>());
}

/// Whether T, in its C layout, may stand in a contract.
template <class T>
constexpr bool is_value() {
  if constexpr (Scalar<T> || std::is_same_v<T, Str>) {
    return true;
  } else if constexpr (ListTraits<T>::value) {
    return is_value<typename ListTraits<T>::Element>();
  } else if constexpr (OptionalTraits<T>::value) {
    return is_value<typename OptionalTraits<T>::Value>();
  } else if constexpr (!PlainAggregate<T>) {
    return false;
  } else if constexpr (has_array<T>()) {
    return false;
  } else {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (is_value<boost::pfr::tuple_element_t<I, T>>() && ...);
    }
    (std::make_index_sequence<boost::pfr::tuple_size_v<T>>());
  }
}

template <class T>
constexpr bool is_parameter() {
  return !std::is_reference_v<T> && is_value<Passed<T>>();
}
template <class T>
constexpr bool is_result() {
  return std::is_void_v<T> || is_value<T>();
}

}  // namespace mortise::detail
