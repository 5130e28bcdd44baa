#include "config/json_text.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

namespace mortise::config {
namespace {

using nlohmann::json;

/// Feeds the parser and keeps count of the bytes that it has taken.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, std::size_t* taken) : at_(at), taken_(taken) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*taken_;
    return *this;
  }
  CountingIterator operator++(int) {
    const CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  std::size_t* taken_;
};

/// Builds the value and notes the places. One text, one thread.
class Builder {
 public:
  Builder(std::string_view text, JsonText& result, json& root, const std::size_t& taken)
      : text_(text), result_(result), root_(root), taken_(taken) {}

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(json::number_integer_t value) { return add(value); }
  bool number_unsigned(json::number_unsigned_t value) { return add(value); }
  bool number_float(json::number_float_t value, const std::string& /*text*/) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(json::binary_t& /*value*/) { return false; }

  bool start_object(std::size_t /*size*/) { return open(json::object()); }
  bool start_array(std::size_t /*size*/) { return open(json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    Level& level = levels_.back();
    level.key = name;
    level.key_line = line_here();
    if (level.value->contains(name)) {
      const auto pointer = join_pointer(level.pointer, name);
      result_.problems.push_back({result_.file, level.key_line, pointer,
                                  "the key '" + name + "' stands here a second time, first in line " +
                                      std::to_string(result_.places[pointer].line) + "; remove one of the two"});
    }
    return true;
  }

  bool parse_error(std::size_t /*position*/, const std::string& /*token*/, const nlohmann::detail::exception& error) {
    std::string what = error.what();  // "[json.exception...] parse error at line 1, column 2: syntax error ..."
    if (const auto colon = what.find(": "); colon != std::string::npos) what.erase(0, colon + 2);
    const auto line_start = text_.substr(0, last_taken()).rfind('\n');
    const auto column = last_taken() - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1;
    result_.problems.push_back({result_.file, line_here(), pointer_here(),
                                "not valid JSON at column " + std::to_string(column) + ": " + what});
    return false;
  }

 private:
  struct Level {
    json* value;
    std::string pointer;
    std::string key;
    std::size_t key_line = 0;
  };

  /// The last byte taken lies inside the token or, after a number, is the byte behind it.
  [[nodiscard]] std::size_t last_taken() const { return taken_ == 0 ? 0 : taken_ - 1; }

  [[nodiscard]] std::size_t line_here() {
    const auto upto = last_taken();
    lines_ += static_cast<std::size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(counted_),
                                                  text_.begin() + static_cast<std::ptrdiff_t>(upto), '\n'));
    counted_ = upto;
    return lines_;
  }

  [[nodiscard]] std::string pointer_here() const {
    if (levels_.empty()) return {};
    const Level& level = levels_.back();
    return level.key.empty() ? level.pointer : join_pointer(level.pointer, level.key);
  }

  json* add_value(json value) {
    const auto line = line_here();
    if (levels_.empty()) {
      result_.places[""] = {line, taken_};
      root_ = std::move(value);
      return &root_;
    }
    Level& level = levels_.back();
    if (level.value->is_array()) {
      result_.places[join_pointer(level.pointer, std::to_string(level.value->size()))] = {line, taken_};
      level.value->push_back(std::move(value));
      return &level.value->back();
    }
    result_.places[join_pointer(level.pointer, level.key)] = {level.key_line, taken_};
    return &((*level.value)[level.key] = std::move(value));
  }

  bool add(json value) {
    add_value(std::move(value));
    return true;
  }

  bool open(json empty) {
    std::string pointer;
    if (!levels_.empty()) {
      const Level& outer = levels_.back();
      pointer = join_pointer(outer.pointer, outer.value->is_array() ? std::to_string(outer.value->size()) : outer.key);
    }
    if (levels_.size() >= kMaxDepth) {
      result_.problems.push_back({result_.file, line_here(), pointer,
                                  "nested deeper than " + std::to_string(kMaxDepth) + " levels; flatten it"});
      return false;
    }
    json* value = add_value(std::move(empty));
    levels_.push_back({value, std::move(pointer), {}, 0});
    return true;
  }

  bool close() {
    levels_.pop_back();
    return true;
  }

  std::string_view text_;
  JsonText& result_;
  json& root_;
  const std::size_t& taken_;
  std::vector<Level> levels_;
  std::size_t lines_ = 1;
  std::size_t counted_ = 0;
};

}  // namespace

Diagnostic JsonText::fault(const std::string& pointer, std::string message) const {
  const auto found = places.find(pointer);
  return {file, found == places.end() ? 0 : found->second.line, pointer, std::move(message)};
}

std::string join_pointer(const std::string& pointer, std::string_view key) {
  std::string joined = pointer + "/";
  for (const char c : key) {
    if (c == '~') {
      joined += "~0";
    } else if (c == '/') {
      joined += "~1";
    } else {
      joined += c;
    }
  }
  return joined;
}

JsonText parse_json_text(const std::string& file, std::string_view text) {
  JsonText result{file, nullptr, {}, {}};
  auto root = std::make_shared<json>();
  std::size_t taken = 0;
  Builder builder(text, result, *root, taken);
  const bool is_whole =
      json::sax_parse(CountingIterator(text.data(), &taken), CountingIterator(text.data() + text.size(), &taken),
                      &builder, nlohmann::detail::input_format_t::json, true, true);
  if (is_whole) result.value = std::move(root);
  return result;
}

JsonText parse_json_file(const std::string& file, const base::Result<std::string>& read) {
  if (read) return parse_json_text(file, *read);
  JsonText result{file, nullptr, {}, {}};
  result.problems.push_back({file, 0, {}, read.error().message});
  return result;
}

}  // namespace mortise::config
