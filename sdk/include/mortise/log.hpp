// The plugin's log: a fixed message and structured fields. The host adds plugin, generation, request id and time.
#pragma once

#include <mortise/abi/log.h>

#include <charconv>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/text.hpp>

namespace mortise {

namespace detail {

template <class T>
concept Number = !std::same_as<T, bool> && !std::same_as<T, char> && requires(char* text, T number) {
  std::to_chars(text, text, number);
};

}  // namespace detail

/// One field of a line: {"user", name}, {"count", 3}, {"cached", true}. Borrows its texts: for use within the call.
/// since 1.0
class LogField {
 public:
  LogField(std::string_view key, std::string_view text) noexcept : key_(key), value_(text) {}
  LogField(std::string_view key, const std::string& text) noexcept : key_(key), value_(text) {}
  LogField(std::string_view key, const char* text) noexcept
      : key_(key), value_(text == nullptr ? std::string_view() : std::string_view(text)) {}
  template <std::same_as<bool> Flag>
  LogField(std::string_view key, Flag flag) noexcept : key_(key), value_(flag ? "true" : "false") {}
  /// In the shortest form that reads back as the same number.
  template <detail::Number N>
  LogField(std::string_view key, N number) noexcept : key_(key) {
    const auto end = std::to_chars(digits_, digits_ + sizeof digits_, number).ptr;
    value_ = {digits_, static_cast<std::size_t>(end - digits_)};
  }
  LogField(const LogField&) = delete;
  LogField& operator=(const LogField&) = delete;

  [[nodiscard]] mortise_log_field raw() const noexcept { return {detail::borrow(key_), detail::borrow(value_)}; }

 private:
  std::string_view key_;
  std::string_view value_;
  char digits_[64];
};

/// A way to the host's log; cheap to copy. Until the plugin is destroyed. since 1.0 [any-thread]
class Log {
 public:
  using Fields = std::initializer_list<LogField>;

  Log(const mortise_log_v1* table, mortise_host* host) noexcept : table_(table), host_(host) {}

  void debug(std::string_view message, Fields fields = {}) const { write(MORTISE_LOG_DEBUG, message, fields); }
  void info(std::string_view message, Fields fields = {}) const { write(MORTISE_LOG_INFO, message, fields); }
  void warning(std::string_view message, Fields fields = {}) const { write(MORTISE_LOG_WARNING, message, fields); }
  void error(std::string_view message, Fields fields = {}) const { write(MORTISE_LOG_ERROR, message, fields); }

  /// Whether debug lines are kept: ask before building an expensive one.
  [[nodiscard]] bool is_debug_enabled() const { return table_->is_enabled(host_, MORTISE_LOG_DEBUG) != 0; }

 private:
  void write(std::uint32_t level, std::string_view message, Fields fields) const {
    if (table_->is_enabled(host_, level) == 0) return;
    std::vector<mortise_log_field> list;
    list.reserve(fields.size());
    for (const auto& field : fields) list.push_back(field.raw());
    table_->write(host_, level, detail::borrow(message), list.data(), list.size());
  }

  const mortise_log_v1* table_;
  mortise_host* host_;
};

}  // namespace mortise
