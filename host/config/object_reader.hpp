// Reads the keys of one JSON object into typed values. Every fault is noted, none ends the reading; a value that is
// faulty or absent leaves the target as it was, which is its default.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/json_text.hpp"

namespace mortise::config {

/// One object of a text; lives on the stack of who reads it and borrows text and list of faults.
class ObjectReader {
 public:
  /// Notes a fault when the value is no object; everything is absent then.
  ObjectReader(const JsonText& text, const nlohmann::json& value, std::string pointer, std::vector<Diagnostic>& faults);

  void boolean(std::string_view key, bool& target);
  void text(std::string_view key, std::string& target);
  void one_of(std::string_view key, std::string& target, std::initializer_list<std::string_view> choices);
  /// Relative to the folder of the file; normalised.
  void path(std::string_view key, std::filesystem::path& target);
  void milliseconds(std::string_view key, std::chrono::milliseconds& target, std::uint64_t least, std::uint64_t most);

  /// "90s": a whole number and one of ms, s, m, h.
  void duration(std::string_view key, std::chrono::milliseconds& target, std::chrono::milliseconds least,
                std::chrono::milliseconds most);

  template <class Integer>
  void integer(std::string_view key, Integer& target, std::uint64_t least, std::uint64_t most) {
    if (const auto value = number(key, least, most)) target = static_cast<Integer>(*value);
  }

  /// Calls `read` with each text of a list, and its line; `expected` is what the key may be, for faults.
  void texts(std::string_view key, const std::string& expected,
             const std::function<void(const std::string& text, std::size_t line)>& read);

  void object(std::string_view key, const std::function<void(ObjectReader&)>& read);
  /// Whether the value is one; for keys that may have another one as well.
  [[nodiscard]] bool is_object(std::string_view key) const;
  /// Likewise.
  [[nodiscard]] bool is_boolean(std::string_view key) const;
  /// Whether it is there; for objects that may be of several kinds.
  [[nodiscard]] bool has(std::string_view key) const;
  /// Calls `read` for each element; false when the key is absent or no array.
  bool objects(std::string_view key, const std::function<void(ObjectReader&)>& read);
  /// The value itself, which must be an object; nullptr when absent.
  const nlohmann::json* raw_object(std::string_view key);

  /// Where the key stands, for faults that are found later.
  [[nodiscard]] std::size_t line(std::string_view key) const;

  void require(std::string_view key);
  void fault(std::string_view key, std::string message);
  /// Call last: keys that nobody asked for are faults.
  void finish();

 private:
  const nlohmann::json* find(std::string_view key);
  std::optional<std::uint64_t> number(std::string_view key, std::uint64_t least, std::uint64_t most);
  void mismatch(std::string_view key, const std::string& expected, const nlohmann::json& found);

  const JsonText& text_;
  const nlohmann::json& value_;
  std::string pointer_;
  std::vector<Diagnostic>& faults_;
  std::vector<std::string_view> known_;
};

}  // namespace mortise::config
