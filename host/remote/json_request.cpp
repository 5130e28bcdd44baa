// From JSON to the binary form of a request.
#include <openssl/evp.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.hpp"
#include "remote/json_form.hpp"

namespace mortise::remote {
namespace {

using nlohmann::json;
using Kind = Type::Kind;

constexpr char kRequestVersion = 1;

void append_little_endian(std::string& out, std::uint64_t bits, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(bits >> (8 * i) & 0xFFU);
}

/// LEB128.
std::string count_text(std::uint64_t number) {
  std::string text;
  for (; number >= 0x80; number >>= 7U) text += static_cast<char>((number & 0x7FU) | 0x80U);
  return text += static_cast<char>(number);
}

std::int64_t least_of(const Type& type) {
  return -1 - static_cast<std::int64_t>(~std::uint64_t{0} >> (65 - 8U * type.size));
}
std::uint64_t most_of(const Type& type) {
  const auto sign_bits = type.kind == Kind::signed_integer ? 1U : 0U;
  return ~std::uint64_t{0} >> (64 - 8U * type.size + sign_bits);
}

/// None: it is none.
std::optional<double> special_number(const std::string& text) {
  constexpr auto kInfinity = std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return kInfinity;
  if (text == "-Infinity") return -kInfinity;
  return std::nullopt;
}

/// Padded, and nothing but base64.
std::optional<std::string> decode_base64(const std::string& text) {
  const auto end = std::min(text.find('='), text.size());
  const auto is_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  const auto padding = text.size() - end;
  const bool is_padded = text.size() % 4 == 0 && padding <= 2 && text.find_first_not_of('=', end) == std::string::npos;
  if (!is_padded || !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), is_digit))
    return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size())) < 0) {
    return std::nullopt;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

/// What a value of the type is in JSON, for people.
std::string describe(const Type& type) {
  switch (type.kind) {
    case Kind::boolean: return "true or false";
    case Kind::signed_integer:
      return "a whole number from " + std::to_string(least_of(type)) + " to " + std::to_string(most_of(type));
    case Kind::unsigned_integer: return "a whole number from 0 to " + std::to_string(most_of(type));
    case Kind::floating: return "a number that " + type.text + R"( can hold, or "NaN", "Infinity" or "-Infinity")";
    case Kind::text: return "text";
    case Kind::bytes: return "text in base64, with padding";
    case Kind::list: return "an array, for " + type.text;
    case Kind::structure: return "an array of " + std::to_string(type.inner.size()) + " values, for " + type.text;
    case Kind::optional:
      return type.inner.front().kind == Kind::optional ? "null, or an array of one value, for " + type.text
                                                       : "null, or " + describe(type.inner.front());
  }
  return type.text;
}

/// Takes what the parser of JSON finds, in its order; the first fault ends it.
class RequestBuilder {
 public:
  explicit RequestBuilder(const CallTypes& types) : types_(types) {}

  base::Result<std::string> run(std::string_view text) {
    if (json::sax_parse(text.begin(), text.end(), this) && fault_.empty()) return std::move(out_);
    return base::Error{base::ErrorCode::invalid_argument, fault_};
  }

  // --- For the parser.
  bool null() {
    if (const auto* type = next(); type != nullptr && type->kind == Kind::optional) {
      out_ += '\0';
      return end_value();
    }
    return refuse("null");
  }
  bool boolean(bool value) {
    const auto* type = begin_plain();
    if (type == nullptr || type->kind != Kind::boolean) return refuse("true or false");
    out_ += value ? '\1' : '\0';
    return end_value();
  }
  bool number_integer(json::number_integer_t value) {
    const auto* type = begin_plain();
    if (type == nullptr) return refuse("a number");
    if (type->kind == Kind::floating) return put_floating(*type, static_cast<double>(value));
    const bool is_unsigned = type->kind == Kind::unsigned_integer && value >= 0;
    const bool fits = is_unsigned ? static_cast<std::uint64_t>(value) <= most_of(*type)
                                  : type->kind == Kind::signed_integer && value >= least_of(*type) &&
                                        (value < 0 || static_cast<std::uint64_t>(value) <= most_of(*type));
    if (!fits) return refuse(std::to_string(value));
    append_little_endian(out_, static_cast<std::uint64_t>(value), type->size);
    return end_value();
  }
  bool number_unsigned(json::number_unsigned_t value) {
    const auto* type = begin_plain();
    if (type == nullptr) return refuse("a number");
    if (type->kind == Kind::floating) return put_floating(*type, static_cast<double>(value));
    const bool is_whole = type->kind == Kind::signed_integer || type->kind == Kind::unsigned_integer;
    if (!is_whole || value > most_of(*type)) return refuse(std::to_string(value));
    append_little_endian(out_, value, type->size);
    return end_value();
  }
  bool number_float(json::number_float_t value, const std::string& text) {
    const auto* type = begin_plain();
    if (type == nullptr || type->kind != Kind::floating) return refuse(base::printable(text, kMostShown));
    return put_floating(*type, value);
  }
  bool string(std::string& text) {
    const auto* type = begin_plain();
    if (type == nullptr) return refuse("text");
    if (type->kind == Kind::text) return put_text(text);
    if (type->kind == Kind::bytes) {
      const auto bytes = decode_base64(text);
      return bytes ? put_text(*bytes) : refuse("other text");
    }
    const auto special = type->kind == Kind::floating ? special_number(text) : std::nullopt;
    return special ? put_floating(*type, *special) : refuse("text");
  }
  bool start_array(std::size_t) {
    if (frames_.empty()) {
      out_ += kRequestVersion;
      frames_.push_back({.type = nullptr, .members = &types_.arguments, .start = out_.size()});
      return true;
    }
    const auto* type = begin_plain();
    const bool has_members =
        type != nullptr && (type->kind == Kind::list || type->kind == Kind::structure || type->kind == Kind::optional);
    if (!has_members) return refuse("an array");
    frames_.push_back({.type = type, .members = &type->inner, .start = out_.size()});
    return true;
  }
  bool end_array() {
    const auto frame = frames_.back();
    frames_.pop_back();
    if (frame.is_list()) {
      out_.insert(frame.start, count_text(frame.count));
    } else if (frame.count != frame.members->size()) {
      return fail("has " + std::to_string(frame.count) + " of the " + std::to_string(frame.members->size()) +
                  " values of " + (frame.type == nullptr ? types_.signature : frame.type->text));
    }
    return frames_.empty() || end_value();
  }
  bool start_object(std::size_t) { return refuse("an object"); }
  bool key(std::string&) { return false; }
  bool end_object() { return false; }
  bool binary(json::binary_t&) { return false; }
  bool parse_error(std::size_t position, const std::string&, const json::exception& fault) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while …"
    const std::string_view what = fault.what();
    const auto reason = what.substr(std::min(what.find(": ") + 2, what.size()));
    fault_ = "the body is no JSON at byte " + std::to_string(position) + ": " + base::printable(reason, kMostComplaint);
    return false;
  }

 private:
  static constexpr std::size_t kMostShown = 40;
  static constexpr std::size_t kMostComplaint = 300;  // the parser quotes what it last read, which may be long

  /// An array that is open.
  struct Frame {
    const Type* type;  // null: of the arguments
    const std::vector<Type>* members;
    std::size_t start;      // where its values begin in out_
    std::size_t count = 0;  // of its values so far

    [[nodiscard]] bool is_list() const { return type != nullptr && type->kind == Kind::list; }
  };

  /// The type of the value that comes next; null: none is expected.
  [[nodiscard]] const Type* next() const {
    if (frames_.empty()) return nullptr;
    const auto& frame = frames_.back();
    if (frame.is_list()) return &frame.members->front();
    return frame.count < frame.members->size() ? &(*frame.members)[frame.count] : nullptr;
  }
  /// The same for one that is no null: an optional's value's, unless that is an optional itself.
  const Type* begin_plain() {
    const auto* type = next();
    if (type == nullptr || type->kind != Kind::optional) return type;
    out_ += '\1';
    return type->inner.front().kind == Kind::optional ? type : &type->inner.front();
  }
  bool end_value() {
    ++frames_.back().count;
    return true;
  }
  bool put_text(std::string_view text) {
    out_ += count_text(text.size());
    out_ += text;
    return end_value();
  }
  bool put_floating(const Type& type, double value) {
    const auto narrow = static_cast<float>(value);
    if (type.size == sizeof narrow) {
      if (std::isinf(narrow) && !std::isinf(value)) return refuse("a larger one");
      std::uint32_t bits = 0;
      std::memcpy(&bits, &narrow, sizeof bits);
      append_little_endian(out_, bits, sizeof bits);
    } else {
      std::uint64_t bits = 0;
      std::memcpy(&bits, &value, sizeof bits);
      append_little_endian(out_, bits, sizeof bits);
    }
    return end_value();
  }

  /// The value that comes next cannot be what it is.
  bool refuse(const std::string& found) {
    if (frames_.empty()) {
      fault_ = "the body must be an array of the arguments of " + types_.signature + ", is " + found;
      return false;
    }
    const auto& frame = frames_.back();
    path_ = "/" + std::to_string(frame.count);
    const auto* const type = next();
    if (type != nullptr) return fail("must be " + describe(*type) + ", is " + found);
    return fail("is one too many for " + (frame.type == nullptr ? types_.signature : frame.type->text));
  }
  /// At the arrays that are open, and path_ behind them.
  bool fail(const std::string& what) {
    const auto behind = std::exchange(path_, {});
    const auto count = frames_.size() - (behind.empty() ? 0 : 1);
    for (std::size_t i = 0; i < count; ++i) path_ += "/" + std::to_string(frames_[i].count);
    path_ += behind;
    fault_ = (path_.empty() ? "the body" : path_ + ":") + " " + what;
    return false;
  }

  const CallTypes& types_;
  std::string out_;
  std::vector<Frame> frames_;  // no more than the types are high, and one
  std::string path_;
  std::string fault_;
};

}  // namespace

base::Result<std::string> to_request(std::string_view json, const CallTypes& types) {
  return RequestBuilder(types).run(json);
}

}  // namespace mortise::remote
