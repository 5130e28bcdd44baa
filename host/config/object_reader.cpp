#include "config/object_reader.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/duration.hpp"
#include "base/strings.hpp"

namespace mortise::config {
namespace {

std::string shorten(const nlohmann::json& value) {
  constexpr std::size_t kMost = 60;
  auto text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return text.size() <= kMost ? text : std::string("a long ") + value.type_name();
}

}  // namespace

ObjectReader::ObjectReader(const JsonText& text, const nlohmann::json& value, std::string pointer,
                           std::vector<Diagnostic>& faults)
    : text_(text), value_(value), pointer_(std::move(pointer)), faults_(faults) {
  if (!value_.is_object()) {
    faults_.push_back(text_.fault(pointer_, "must be an object in braces, is " + shorten(value_)));
  }
}

const nlohmann::json* ObjectReader::find(std::string_view key) {
  known_.push_back(key);
  if (!value_.is_object()) return nullptr;
  const auto found = value_.find(key);
  return found == value_.end() ? nullptr : &*found;
}

void ObjectReader::fault(std::string_view key, std::string message) {
  faults_.push_back(text_.fault(join_pointer(pointer_, key), std::move(message)));
}

std::size_t ObjectReader::line(std::string_view key) const { return text_.fault(join_pointer(pointer_, key), {}).line; }

void ObjectReader::mismatch(std::string_view key, const std::string& expected, const nlohmann::json& found) {
  fault(key, "must be " + expected + ", is " + shorten(found));
}

void ObjectReader::boolean(std::string_view key, bool& target) {
  const auto* found = find(key);
  if (found == nullptr) return;
  if (!found->is_boolean()) return mismatch(key, "true or false", *found);
  target = found->get<bool>();
}

void ObjectReader::text(std::string_view key, std::string& target) {
  const auto* found = find(key);
  if (found == nullptr) return;
  if (!found->is_string() || found->get_ref<const std::string&>().empty()) {
    return mismatch(key, "a string in quotes, not empty", *found);
  }
  target = found->get<std::string>();
}

void ObjectReader::one_of(std::string_view key, std::string& target, std::initializer_list<std::string_view> choices) {
  const auto* found = find(key);
  if (found == nullptr) return;
  if (found->is_string() && std::find(choices.begin(), choices.end(), found->get<std::string>()) != choices.end()) {
    target = found->get<std::string>();
    return;
  }
  std::string expected = "one of";
  for (const auto choice : choices) expected += " \"" + std::string(choice) + "\"";
  mismatch(key, expected, *found);
}

void ObjectReader::path(std::string_view key, std::filesystem::path& target) {
  std::string written;
  text(key, written);
  if (written.empty()) return;
  target = (std::filesystem::path(text_.file).parent_path() / written).lexically_normal();
}

std::optional<std::uint64_t> ObjectReader::number(std::string_view key, std::uint64_t least, std::uint64_t most) {
  const auto* found = find(key);
  if (found == nullptr) return std::nullopt;
  if (found->is_number_unsigned()) {
    const auto value = found->get<std::uint64_t>();
    if (value >= least && value <= most) return value;
  }
  mismatch(key, "a whole number from " + std::to_string(least) + " to " + std::to_string(most), *found);
  return std::nullopt;
}

void ObjectReader::milliseconds(std::string_view key, std::chrono::milliseconds& target, std::uint64_t least,
                                std::uint64_t most) {
  if (const auto value = number(key, least, most)) target = std::chrono::milliseconds(*value);
}

void ObjectReader::duration(std::string_view key, std::chrono::milliseconds& target, std::chrono::milliseconds least,
                            std::chrono::milliseconds most) {
  const auto* found = find(key);
  if (found == nullptr) return;
  if (found->is_string()) {
    const auto value = base::parse_duration(found->get_ref<const std::string&>());
    if (value && *value >= least && *value <= most) {
      target = *value;
      return;
    }
  }
  mismatch(key,
           "a time from \"" + base::format_duration(least) + "\" to \"" + base::format_duration(most) +
               "\", such as \"500ms\", \"90s\", \"2m\" or \"1h\"",
           *found);
}

void ObjectReader::texts(std::string_view key, const std::string& expected,
                         const std::function<void(const std::string& text, std::size_t line)>& read) {
  const auto* found = find(key);
  if (found == nullptr) return;
  if (!found->is_array()) return mismatch(key, expected, *found);
  for (std::size_t i = 0; i < found->size(); ++i) {
    const auto& element = (*found)[i];
    const auto place = text_.fault(join_pointer(join_pointer(pointer_, key), std::to_string(i)),
                                   "must be a string in quotes, not empty, is " + shorten(element));
    if (element.is_string() && !element.get_ref<const std::string&>().empty()) {
      read(element.get_ref<const std::string&>(), place.line);
    } else {
      faults_.push_back(place);
    }
  }
}

void ObjectReader::object(std::string_view key, const std::function<void(ObjectReader&)>& read) {
  const auto* found = find(key);
  if (found == nullptr) return;
  ObjectReader inner(text_, *found, join_pointer(pointer_, key), faults_);
  read(inner);
  inner.finish();
}

bool ObjectReader::is_object(std::string_view key) const {
  const auto found = value_.is_object() ? value_.find(key) : value_.end();
  return found != value_.end() && found->is_object();
}

bool ObjectReader::has(std::string_view key) const { return value_.is_object() && value_.contains(key); }

bool ObjectReader::is_boolean(std::string_view key) const {
  const auto found = value_.is_object() ? value_.find(key) : value_.end();
  return found != value_.end() && found->is_boolean();
}

bool ObjectReader::objects(std::string_view key, const std::function<void(ObjectReader&)>& read) {
  const auto* found = find(key);
  if (found == nullptr) return false;
  if (!found->is_array()) {
    mismatch(key, "a list in square brackets", *found);
    return false;
  }
  for (std::size_t i = 0; i < found->size(); ++i) {
    ObjectReader inner(text_, (*found)[i], join_pointer(join_pointer(pointer_, key), std::to_string(i)), faults_);
    read(inner);
    inner.finish();
  }
  return true;
}

const nlohmann::json* ObjectReader::raw_object(std::string_view key) {
  const auto* found = find(key);
  if (found != nullptr && !found->is_object()) {
    mismatch(key, "an object in braces", *found);
    return nullptr;
  }
  return found;
}

void ObjectReader::require(std::string_view key) {
  if (!value_.is_object() || value_.contains(key)) return;
  faults_.push_back(text_.fault(pointer_, "the key '" + std::string(key) + "' is missing; add it"));
}

void ObjectReader::finish() {
  if (!value_.is_object()) return;
  for (const auto& [key, value] : value_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const auto near = base::nearest(key, known_);
    fault(key, "unknown key '" + key + "'" +
                   (near.empty() ? std::string("; remove it") : "; did you mean '" + std::string(near) + "'?"));
  }
}

}  // namespace mortise::config
