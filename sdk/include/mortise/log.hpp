// The plugin's log: a fixed message and structured fields. The host adds plugin, generation, request id and time.
#pragma once

#include <mortise/abi/log.h>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <mortise/error.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mortise {

/// One field of a line: {"user", name}, {"count", 3}, {"cached", true}. since 1.0
struct LogField {
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(text) {}
  LogField(std::string_view name, const std::string& text) : key(name), value(text) {}
  template <std::same_as<bool> Flag>
  LogField(std::string_view name, Flag flag) : key(name), value(flag ? "true" : "false") {}
  template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>) &&
      (!std::same_as<Number, bool>)LogField(std::string_view name, Number number)
      : key(name),
  value(std::to_string(number)) {}

  std::string_view key;
  std::string value;
};

/// A way to the host's log; cheap to copy. Any thread, until the plugin is destroyed. since 1.0
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
    for (const auto& field : fields) list.push_back({detail::borrow(field.key), detail::borrow(field.value)});
    table_->write(host_, level, detail::borrow(message), list.data(), list.size());
  }

  const mortise_log_v1* table_;
  mortise_host* host_;
};

}  // namespace mortise
