#include "manifest/object_fields.hpp"

#include <algorithm>
#include <limits>

#include "base/strings.hpp"

namespace mortise::manifest {
namespace {

constexpr std::size_t kMostShown = 60;

using nlohmann::json;

}  // namespace

std::string shown(const json& value) {
  if (value.is_structured()) return value.is_object() ? "an object" : "a list";
  const auto text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() <= kMostShown ? text : std::string("a long ") + value.type_name();
}

void FirstFault::set(const std::string& pointer, const std::string& message) {
  if (error_) return;
  error_ =
      base::Error{base::ErrorCode::invalid_argument, "manifest: " + (pointer.empty() ? "" : pointer + ": ") + message};
}

ObjectFields::ObjectFields(const json& value, std::string pointer, FirstFault& fault)
    : value_(value), pointer_(std::move(pointer)), fault_(fault) {
  if (!value_.is_object()) fault_.set(pointer_, "must be an object in braces, is " + shown(value_));
}

std::string ObjectFields::pointer_to(std::string_view key) const {
  std::string escaped;
  for (const char c : base::printable(key, kMostShown)) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return pointer_ + "/" + escaped;
}

void ObjectFields::refuse(std::string_view key, const std::string& message) { fault_.set(pointer_to(key), message); }

void ObjectFields::mismatch(std::string_view key, std::string_view expected, const json& found) {
  refuse(key, "must be " + std::string(expected) + ", is " + shown(found));
}

const json* ObjectFields::find(std::string_view key, Presence presence, std::string_view expected) {
  known_.push_back(key);
  if (!value_.is_object()) return nullptr;
  const auto found = value_.find(key);
  if (found != value_.end()) return &*found;
  if (presence == Presence::required) refuse(key, "is missing; add it: " + std::string(expected));
  return nullptr;
}

const std::string* ObjectFields::text(std::string_view key, Presence presence, std::string_view expected) {
  const auto* found = find(key, presence, expected);
  if (found == nullptr) return nullptr;
  if (const auto* text = found->get_ptr<const std::string*>()) return text;
  mismatch(key, expected, *found);
  return nullptr;
}

const bool* ObjectFields::boolean(std::string_view key) {
  constexpr std::string_view kExpected = "true or false";
  const auto* found = find(key, Presence::optional, kExpected);
  if (found == nullptr) return nullptr;
  const auto* value = found->get_ptr<const json::boolean_t*>();
  if (value == nullptr) mismatch(key, kExpected, *found);
  return value;
}

const json* ObjectFields::number(std::string_view key, Presence presence, std::string_view expected) {
  const auto* found = find(key, presence, expected);
  if (found == nullptr || found->is_number_unsigned()) return found;
  mismatch(key, expected, *found);
  return nullptr;
}

std::int32_t ObjectFields::int32(std::string_view key, std::int32_t otherwise) {
  static constexpr std::string_view kExpected = "a whole number from -2147483648 to 2147483647";
  const auto* found = find(key, Presence::optional, kExpected);
  if (found == nullptr) return otherwise;
  using Limits = std::numeric_limits<std::int32_t>;
  const bool is_whole = found->is_number_integer();
  // An unsigned number beyond 63 bits would come out negative.
  const bool is_huge = found->is_number_unsigned() && found->get<std::uint64_t>() > std::uint64_t{Limits::max()};
  const auto value = is_whole && !is_huge ? found->get<std::int64_t>() : 0;
  if (is_whole && !is_huge && value >= Limits::min() && value <= Limits::max()) return static_cast<std::int32_t>(value);
  mismatch(key, kExpected, *found);
  return otherwise;
}

const json* ObjectFields::object(std::string_view key, std::string_view expected) {
  const auto* found = find(key, Presence::optional, expected);
  if (found == nullptr || found->is_object()) return found;
  mismatch(key, expected, *found);
  return nullptr;
}

const json* ObjectFields::list(std::string_view key, std::string_view expected) {
  const auto* found = find(key, Presence::optional, expected);
  if (found == nullptr || found->is_array()) return found;
  mismatch(key, expected, *found);
  return nullptr;
}

void ObjectFields::finish() {
  if (!value_.is_object() || fault_.is_set()) return;
  for (const auto& item : value_.items()) {
    const auto& key = item.key();
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const auto near = base::nearest(key, known_);
    refuse(key, "unknown key '" + base::printable(key, kMostShown) + "'" +
                    (near.empty() ? std::string("; remove it") : "; did you mean '" + std::string(near) + "'?"));
    return;
  }
}

}  // namespace mortise::manifest
