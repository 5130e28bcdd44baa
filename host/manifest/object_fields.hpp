// Reads the keys of one JSON object of a manifest into typed values. Inside this folder only.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace mortise::manifest {

/// The first fault of a manifest; shared by the readers of all its objects, which do nothing once it is there.
class FirstFault {
 public:
  void set(const std::string& pointer, const std::string& message);
  [[nodiscard]] bool is_set() const { return error_.has_value(); }
  [[nodiscard]] const base::Error& error() const { return *error_; }

 private:
  std::optional<base::Error> error_;
};

/// One object of a manifest; lives on the stack of who reads it. A getter returns null when the key is absent (a
/// fault if it is required) or of another type (always a fault).
class ObjectFields {
 public:
  enum class Presence { required, optional };

  ObjectFields(const nlohmann::json& value, std::string pointer, FirstFault& fault);

  const std::string* text(std::string_view key, Presence presence, std::string_view expected);
  const bool* boolean(std::string_view key);
  const nlohmann::json* number(std::string_view key, Presence presence, std::string_view expected);
  /// A whole number of 32 bits; `otherwise` when the key is absent.
  std::int32_t int32(std::string_view key, std::int32_t otherwise);
  const nlohmann::json* object(std::string_view key, std::string_view expected);
  const nlohmann::json* list(std::string_view key, std::string_view expected);
  /// Call last: keys that nobody asked for are faults.
  void finish();

  void refuse(std::string_view key, const std::string& message);
  void mismatch(std::string_view key, std::string_view expected, const nlohmann::json& found);
  [[nodiscard]] std::string pointer_to(std::string_view key) const;

 private:
  const nlohmann::json* find(std::string_view key, Presence presence, std::string_view expected);

  const nlohmann::json& value_;
  std::string pointer_;
  FirstFault& fault_;
  std::vector<std::string_view> known_;
};

/// A value as messages show it: short, or its type when it is long.
std::string shown(const nlohmann::json& value);

}  // namespace mortise::manifest
