// What contracts carry beside numbers: text, bytes, lists and optional values in their C layouts. All of them borrow.
// As arguments they are valid for the call; what a method returns lives in the scope's arena (arena.hpp) or is
// constant.
#pragma once

#include <mortise/abi/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include <mortise/text.hpp>

namespace mortise {

/// UTF-8 text; the layout of mortise_str. Converts from and to std::string_view. since 1.0
class Str {
 public:
  constexpr Str() noexcept = default;
  constexpr Str(std::string_view text) noexcept : data_(text.data()), size_(text.size()) {}
  constexpr Str(const char* text) noexcept : Str(std::string_view(text)) {}
  Str(const std::string& text) noexcept : Str(std::string_view(text)) {}
  /// Its characters would be gone at the semicolon: use copy() of arena.hpp.
  Str(std::string&&) = delete;

  constexpr operator std::string_view() const noexcept {
    return data_ == nullptr ? std::string_view() : std::string_view(data_, static_cast<std::size_t>(size_));
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return *this; }
  [[nodiscard]] std::string string() const { return std::string(view()); }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return static_cast<std::size_t>(size_); }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }

  friend constexpr bool operator==(Str a, Str b) noexcept { return a.view() == b.view(); }
  /// With every other kind of text, literals included.
  template <class Text, class = std::enable_if_t<std::is_convertible_v<const Text&, std::string_view>>>
  friend constexpr bool operator==(Str a, const Text& b) noexcept {
    return a.view() == std::string_view(b);
  }

 private:
  const char* data_ = nullptr;
  std::uint64_t size_ = 0;
};

/// So many values of T one after the other. Converts from and to std::span<const T>. since 1.0
template <class T>
class List {
 public:
  using value_type = T;

  constexpr List() noexcept = default;
  constexpr List(const T* data, std::size_t size) noexcept : data_(data), size_(size) {}
  constexpr List(std::span<const T> values) noexcept : List(values.data(), values.size()) {}

  constexpr operator std::span<const T>() const noexcept { return {data_, size()}; }
  [[nodiscard]] constexpr const T* data() const noexcept { return data_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return static_cast<std::size_t>(size_); }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr const T* begin() const noexcept { return data_; }
  [[nodiscard]] constexpr const T* end() const noexcept { return data_ + size_; }
  constexpr const T& operator[](std::size_t index) const noexcept { return data_[index]; }

 private:
  const T* data_ = nullptr;
  std::uint64_t size_ = 0;
};

/// Bytes; the layout of mortise_bytes. since 1.0
class Bytes : public List<std::uint8_t> {
 public:
  using List::List;
  constexpr Bytes(List<std::uint8_t> bytes) noexcept : List(bytes) {}
  Bytes(std::span<const std::byte> bytes) noexcept
      : List(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) {}
  /// The bytes of a text.
  explicit Bytes(std::string_view text) noexcept
      : List(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()) {}

  operator std::span<const std::byte>() const noexcept { return {reinterpret_cast<const std::byte*>(data()), size()}; }
};

/// A T, or none. Converts from and to std::optional<T>. since 1.0
template <class T>
class Optional {
 public:
  using value_type = T;

  constexpr Optional() noexcept = default;
  constexpr Optional(std::nullopt_t) noexcept {}
  constexpr Optional(const T& value) noexcept : value_(value), has_value_(1) {}
  constexpr Optional(const std::optional<T>& value) noexcept : value_(value.value_or(T{})), has_value_(value ? 1 : 0) {}

  constexpr operator std::optional<T>() const noexcept { return has_value() ? std::optional<T>(value_) : std::nullopt; }
  [[nodiscard]] constexpr bool has_value() const noexcept { return has_value_ != 0; }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  /// Undefined when there is none.
  constexpr const T& operator*() const noexcept { return value_; }
  constexpr const T* operator->() const noexcept { return &value_; }
  [[nodiscard]] constexpr T value_or(const T& other) const noexcept { return has_value() ? value_ : other; }

 private:
  T value_{};
  std::uint8_t has_value_ = 0;
};

static_assert(sizeof(Str) == sizeof(mortise_str) && std::is_trivially_copyable_v<Str>);
static_assert(sizeof(Bytes) == sizeof(mortise_bytes) && std::is_trivially_copyable_v<Bytes>);

}  // namespace mortise
