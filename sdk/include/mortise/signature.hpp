// The signature text of a contract, made at compile time: a line per method, "convert({i64,str},str)->{i64,str}". It is
// what hosts compare, so its grammar never changes (docs/abi-policy.md). Nothing here is for plugins.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <mortise/value_types.hpp>

namespace mortise::detail {

/// A literal as a template argument.
template <std::size_t N>
struct FixedString {
  consteval FixedString(const char (&text)[N]) {
    for (std::size_t i = 0; i < N; ++i) characters[i] = text[i];
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {characters, N - 1}; }
  char characters[N]{};
};

/// Text that is put together at compile time.
class TextBuilder {
 public:
  constexpr TextBuilder& add(std::string_view text) {
    for (const char c : text) characters_[size_++] = c;  // past the end: the compiler stops, as it must
    return *this;
  }
  constexpr TextBuilder& add_number(unsigned value) {
    if (value >= 10) add_number(value / 10);
    characters_[size_++] = static_cast<char>('0' + value % 10);
    return *this;
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {characters_.data(), size_}; }

 private:
  std::array<char, 32768> characters_{};
  std::size_t size_ = 0;
};

template <class T>
constexpr void add_type(TextBuilder& text) {
  if constexpr (std::is_void_v<T>) {
    text.add("void");
  } else if constexpr (std::is_same_v<T, bool>) {
    text.add("bool");
  } else if constexpr (std::is_enum_v<T>) {
    add_type<std::underlying_type_t<T>>(text);
  } else if constexpr (Integer<T>) {
    text.add(std::is_signed_v<T> ? "i" : "u").add_number(static_cast<unsigned>(sizeof(T) * 8));
  } else if constexpr (Floating<T>) {
    text.add(sizeof(T) == 4 ? "f32" : "f64");
  } else if constexpr (std::is_same_v<T, Str>) {
    text.add("str");
  } else if constexpr (ListTraits<T>::value) {
    if constexpr (is_byte<typename ListTraits<T>::Element>()) {
      text.add("bytes");
    } else {
      text.add("[");
      add_type<typename ListTraits<T>::Element>(text);
      text.add("]");
    }
  } else if constexpr (OptionalTraits<T>::value) {
    add_type<typename OptionalTraits<T>::Value>(text);
    text.add("?");
  } else {
    text.add("{");
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((text.add(I == 0 ? "" : ","), add_type<boost::pfr::tuple_element_t<I, T>>(text)), ...);
    }
    (std::make_index_sequence<boost::pfr::tuple_size_v<T>>());
    text.add("}");
  }
}

template <class R, class... Args>
constexpr void add_method(TextBuilder& text, std::string_view name) {
  text.add(name).add("(");
  [[maybe_unused]] bool is_first = true;
  ((text.add(is_first ? "" : ","), is_first = false, add_type<Passed<Args>>(text)), ...);
  text.add(")->");
  add_type<R>(text);
}

}  // namespace mortise::detail
