// The binary form of values, for calls that leave the process: a version byte, then the values one after the other
// (docs/abi-policy.md has the table). Each value has exactly one form, so what is read and written again is the same
// bytes. Invariant: reading touches nothing beyond its input and takes no more memory than its input accounts for, all
// of it from the scope's arena. Nothing here is for plugins.
#pragma once

#include <mortise/abi/types.h>

#include <algorithm>
#include <bit>
#include <boost/pfr/core.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include <mortise/arena.hpp>
#include <mortise/error.hpp>
#include <mortise/value_types.hpp>
#include <mortise/values.hpp>

namespace mortise::detail {

inline constexpr std::uint8_t kWireVersion = 1;

/// Calls `visit` with an index constant for each member of an aggregate, and returns what it returns for them all.
template <class T, class Visit>
constexpr decltype(auto) with_members(Visit&& visit) {
  return [&]<std::size_t... I>(std::index_sequence<I...>)->decltype(auto) {
    return visit(std::integral_constant<std::size_t, I>{}...);
  }
  (std::make_index_sequence<boost::pfr::tuple_size_v<T>>());
}
template <std::size_t index, class T>
using MemberOf = boost::pfr::tuple_element_t<index, T>;

/// The fewest bytes that a T takes; never 0.
template <class T>
constexpr std::size_t min_wire_size() {
  if constexpr (Scalar<T>) {
    return sizeof(T);
  } else if constexpr (PlainAggregate<T>) {
    return with_members<T>([](auto... index) { return (min_wire_size<MemberOf<index, T>>() + ...); });
  } else {
    return 1;
  }
}

/// Whether a T takes min_wire_size() bytes whatever its value.
template <class T>
constexpr bool is_fixed_size() {
  if constexpr (PlainAggregate<T>) {
    return with_members<T>([](auto... index) { return (is_fixed_size<MemberOf<index, T>>() && ...); });
  } else {
    return Scalar<T>;
  }
}

/// Whether the form of a T is its memory: no padding, no byte that only some values may have.
template <class T>
constexpr bool is_flat() {
  if constexpr (Boolean<T>) {
    return false;
  } else if constexpr (Scalar<T>) {
    return std::endian::native == std::endian::little || sizeof(T) == 1;
  } else if constexpr (PlainAggregate<T>) {
    return min_wire_size<T>() == sizeof(T) &&
           with_members<T>([](auto... index) { return (is_flat<MemberOf<index, T>>() && ...); });
  } else {
    return false;
  }
}

/// Of a length or count: LEB128, seven bits a byte from the lowest, as few bytes as it needs.
constexpr std::size_t varint_size(std::uint64_t number) noexcept {
  return (static_cast<std::size_t>(std::bit_width(number | 1)) + 6) / 7;
}

template <class T>
std::size_t wire_size(const T& value) noexcept {
  if constexpr (is_fixed_size<T>()) {
    return min_wire_size<T>();
  } else if constexpr (std::is_same_v<T, Str>) {
    return varint_size(value.size()) + value.size();
  } else if constexpr (ListTraits<T>::value) {
    using Element = typename ListTraits<T>::Element;
    std::size_t size = varint_size(value.size());
    if constexpr (is_fixed_size<Element>()) return size + value.size() * min_wire_size<Element>();
    for (const auto& element : value) size += wire_size(element);
    return size;
  } else if constexpr (OptionalTraits<T>::value) {
    return 1 + (value ? wire_size(*value) : 0);
  } else {
    return with_members<T>([&](auto... index) { return (wire_size(boost::pfr::get<index>(value)) + ...); });
  }
}

/// Writes to memory that has room for wire_size() of each value.
class WireWriter {
 public:
  explicit WireWriter(std::uint8_t* memory) noexcept : at_(memory) { *at_++ = kWireVersion; }

  template <class T>
  void write(const T& value) noexcept {
    if constexpr (is_flat<T>()) {
      write_bytes(&value, sizeof(T));
    } else if constexpr (Boolean<T>) {
      *at_++ = static_cast<bool>(value) ? 1 : 0;
    } else if constexpr (Scalar<T>) {
      write_bytes(&value, sizeof(T));
      std::reverse(at_ - sizeof(T), at_);
    } else if constexpr (std::is_same_v<T, Str>) {
      write_varint(value.size());
      write_bytes(value.view().data(), value.size());
    } else if constexpr (ListTraits<T>::value) {
      write_list<typename ListTraits<T>::Element>(value);
    } else if constexpr (OptionalTraits<T>::value) {
      write(value.has_value());
      if (value) write(*value);
    } else {
      with_members<T>([&](auto... index) { (write(boost::pfr::get<index>(value)), ...); });
    }
  }

 private:
  template <class Element>
  void write_list(const List<Element>& values) noexcept {
    write_varint(values.size());
    if constexpr (is_flat<Element>()) {
      write_bytes(values.data(), values.size() * sizeof(Element));
    } else {
      for (const auto& element : values) write(element);
    }
  }
  void write_varint(std::uint64_t number) noexcept {
    for (; number >= 0x80; number >>= 7) *at_++ = static_cast<std::uint8_t>(number | 0x80);
    *at_++ = static_cast<std::uint8_t>(number);
  }
  void write_bytes(const void* bytes, std::size_t size) noexcept {
    if (size == 0) return;  // and `bytes` may be null
    std::memcpy(at_, bytes, size);
    at_ += size;
  }

  std::uint8_t* at_;
};

template <class... T>
std::size_t message_size(const T&... values) noexcept {
  return (std::size_t{1} + ... + wire_size(values));
}
/// Into `memory` with room for message_size().
template <class... T>
void write_message(std::uint8_t* memory, const T&... values) noexcept {
  WireWriter writer(memory);
  (writer.write(values), ...);
}

/// Which of a call's two messages is read, as errors name it, and what a malformed one means to the reader.
struct MessageKind {
  const char* name;
  Status malformed;
};
inline constexpr MessageKind kRequest{"request", Status::invalid_argument};
inline constexpr MessageKind kReply{"reply", Status::internal};

/// Reads what WireWriter wrote; anything else throws the kind's status. Texts, bytes and lists of 8-bit integers borrow
/// from the input, all other lists lie in the scope's arena.
class WireReader {
 public:
  WireReader(mortise_bytes message, const MessageKind& kind)
      : begin_(message.data), at_(message.data), end_(message.data + message.size), kind_(kind) {
    if (read<std::uint8_t>() != kWireVersion) refuse("its form is not version 1");
  }

  template <class T>
  T read() {
    if constexpr (is_flat<T>()) {
      T value;  // NOLINT(cppcoreguidelines-pro-type-member-init): the next line's
      std::memcpy(&value, take(sizeof(T)), sizeof(T));
      return value;
    } else if constexpr (Boolean<T>) {
      const auto byte = *take(1);
      if (byte > 1) [[unlikely]]
        refuse("a truth value is neither 0 nor 1");
      return static_cast<T>(byte == 1);
    } else if constexpr (Scalar<T>) {
      T value;
      const auto* const bytes = take(sizeof(T));
      std::reverse_copy(bytes, bytes + sizeof(T), reinterpret_cast<std::uint8_t*>(&value));
      return value;
    } else if constexpr (std::is_same_v<T, Str>) {
      const auto size = read_count(1);
      return std::string_view(reinterpret_cast<const char*>(take(size)), size);
    } else if constexpr (ListTraits<T>::value) {
      return read_list<typename ListTraits<T>::Element>();
    } else if constexpr (OptionalTraits<T>::value) {
      if (!read<bool>()) return {};
      return read<typename OptionalTraits<T>::Value>();
    } else {
      return with_members<T>([this](auto... index) { return T{this->read<MemberOf<index, T>>()...}; });
    }
  }
  /// To be called after the last value.
  void finish() const {
    if (at_ != end_) [[unlikely]]
      refuse("there is more after its last value");
  }

 private:
  template <class Element>
  List<Element> read_list() {
    const auto count = read_count(min_wire_size<Element>());
    if constexpr (is_flat<Element>() && sizeof(Element) == 1 && Scalar<Element>) {
      return {reinterpret_cast<const Element*>(take(count)), count};
    } else {
      const auto values = arena_array<Element>(count);
      if constexpr (is_flat<Element>()) {
        const auto* const bytes = take(count * sizeof(Element));
        if (count != 0) std::memcpy(static_cast<void*>(values.data()), bytes, values.size_bytes());
      } else {
        for (auto& value : values) value = read<Element>();
      }
      return std::span<const Element>(values);
    }
  }
  /// How many things follow that take at least `min_size` bytes each.
  std::size_t read_count(std::size_t min_size) {
    const auto count = read_varint();
    if (count > static_cast<std::size_t>(end_ - at_) / min_size) [[unlikely]]
      refuse("it ends before what a length or count announces");
    return static_cast<std::size_t>(count);
  }
  std::uint64_t read_varint() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t byte = *take(1);
      number |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte >= 0x80) continue;
      if ((byte == 0 && shift > 0) || (shift == 63 && byte > 1)) break;
      return number;
    }
    refuse("a length or count is not in its shortest form, or past 64 bits");
  }
  const std::uint8_t* take(std::size_t size) {
    if (size > static_cast<std::size_t>(end_ - at_)) [[unlikely]]
      refuse("it ends within a value");
    return std::exchange(at_, at_ + size);
  }
  [[noreturn, gnu::cold, gnu::noinline]] void refuse(const char* why) const {
    throw Error(kind_.malformed, "malformed " + std::string(kind_.name) + " at byte " + std::to_string(at_ - begin_) +
                                     " of " + std::to_string(end_ - begin_) + ": " + why +
                                     "; build both plugins with the same contract header");
  }

  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  const MessageKind& kind_;
};

}  // namespace mortise::detail
