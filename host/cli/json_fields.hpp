// Reads what a host has written: a key that is missing, or of another type than expected, counts as empty, so that a
// host of another version can be shown as far as it goes.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mortise::cli {

template <class Json>
std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->template get<std::string>() : std::string();
}

template <class Json>
std::uint64_t number_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->template get<std::uint64_t>() : 0;
}

template <class Json>
bool is_set(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->template get<bool>();
}

/// The objects of a list; what is no object is left out.
template <class Json>
std::vector<Json> objects_of(const Json& object, const char* key) {
  std::vector<Json> objects;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return objects;
  for (const auto& element : *found) {
    if (element.is_object()) objects.push_back(element);
  }
  return objects;
}

/// Likewise the texts of a list, joined by ", ".
template <class Json>
std::string joined_texts_of(const Json& object, const char* key) {
  std::string joined;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return joined;
  for (const auto& element : *found) {
    if (element.is_string()) joined += (joined.empty() ? "" : ", ") + element.template get<std::string>();
  }
  return joined;
}

}  // namespace mortise::cli
