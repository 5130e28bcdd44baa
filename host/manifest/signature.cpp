#include "manifest/signature.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/strings.hpp"

namespace mortise::manifest {
namespace {

using base::Error;
using base::ErrorCode;

// The SDK makes no longer text, and nobody writes more methods or deeper types by hand.
constexpr std::size_t kMaxText = 32768;
constexpr std::size_t kMaxMethods = 1024;
constexpr std::size_t kMaxName = 128;
constexpr unsigned kMaxDepth = 32;

constexpr std::array<std::string_view, 13> kScalars{"bool", "i8",  "i16", "i32", "i64", "u8",   "u16",
                                                    "u32",  "u64", "f32", "f64", "str", "bytes"};

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) noexcept { return is_letter(c) || (c >= '0' && c <= '9'); }

/// Walks along one line; the first fault ends the walk.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : line_(line) {}

  /// The method's name; the whole line has been understood unless there is a fault.
  std::string_view read() {
    const auto name = take_word();
    if (name.empty() || !is_letter(name.front())) return fail("a method's name"), name;
    if (name.size() > kMaxName) return fail("a name of at most " + std::to_string(kMaxName) + " characters"), name;
    if (!take('(')) return fail("'('"), name;
    if (!take(')')) {
      read_types(0);
      if (!fault_ && !take(')')) fail("',' or ')'");
    }
    if (!fault_ && !(take('-') && take('>'))) fail("'->'");
    read_result();
    if (!fault_ && at_ != line_.size()) fail("the end of the line");
    return name;
  }

  /// What was expected where; none when all is well.
  [[nodiscard]] const std::optional<std::string>& fault() const { return fault_; }

 private:
  void read_result() {
    if (fault_) return;
    if (line_.substr(at_) == "void") {
      at_ = line_.size();
    } else {
      read_type(0);
    }
  }

  /// One or more, with commas between them.
  void read_types(unsigned depth) {
    do {
      read_type(depth);
    } while (!fault_ && take(','));
  }

  void read_type(unsigned depth) {
    if (fault_) return;
    if (depth > kMaxDepth) return fail("types nested no deeper than " + std::to_string(kMaxDepth));
    if (take('{')) {
      read_types(depth + 1);
      if (!fault_ && !take('}')) fail("',' or '}'");
    } else if (take('[')) {
      if (line_.substr(at_, 3) == "u8]") return fail("another type: a list of u8 is written 'bytes'");
      read_type(depth + 1);
      if (!fault_ && !take(']')) fail("']'");
    } else {
      read_scalar();
    }
    while (!fault_ && take('?')) {
    }
  }

  void read_scalar() {
    const auto start = at_;
    const auto word = take_word();
    if (std::find(kScalars.begin(), kScalars.end(), word) != kScalars.end()) return;
    at_ = start;
    fail("a type (bool, i8 to u64, f32, f64, str, bytes, [T], T? or {T,T})");
  }

  bool take(char c) {
    if (at_ == line_.size() || line_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string_view take_word() {
    const auto start = at_;
    while (at_ < line_.size() && is_word(line_[at_])) ++at_;
    return line_.substr(start, at_ - start);
  }

  void fail(const std::string& expected) {
    fault_ = "column " + std::to_string(at_ + 1) + " of '" + base::printable(line_) + "' must be " + expected;
  }

  std::string_view line_;
  std::size_t at_ = 0;
  std::optional<std::string> fault_;
};

Error refuse(const std::string& what) { return {ErrorCode::invalid_argument, "signature: " + what}; }

bool has(const Methods& methods, const std::string& name) {
  return std::any_of(methods.begin(), methods.end(), [&](const MethodSignature& one) { return one.name == name; });
}

}  // namespace

base::Result<Methods> parse_methods(std::string_view text) {
  if (text.size() > kMaxText) {
    return refuse("has " + std::to_string(text.size()) + " bytes, the limit is " + std::to_string(kMaxText));
  }
  Methods methods;
  std::set<std::string_view> names;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto line = text.substr(begin, end - begin);
    const auto place = "line " + std::to_string(methods.size() + 1) + ": ";
    if (methods.size() == kMaxMethods) return refuse("has more than " + std::to_string(kMaxMethods) + " methods");
    LineReader reader(line);
    const auto name = reader.read();
    if (reader.fault()) return refuse(place + *reader.fault());
    if (!names.insert(name).second) return refuse(place + "names '" + std::string(name) + "' a second time");
    methods.push_back({std::string(name), std::string(line)});
    begin = end + 1;
  }
  return methods;
}

std::string to_text(const Methods& methods) {
  std::string text;
  for (const auto& method : methods) text += (text.empty() ? "" : "\n") + method.text;
  return text;
}

const char* to_string(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::changed: return "changed";
    case Difference::Kind::removed: return "removed";
    case Difference::Kind::reordered: return "reordered";
    case Difference::Kind::missing: return "missing";
  }
  return "changed";
}

std::string Difference::title() const {
  const auto method = "method " + std::to_string(number) + " '" + name + "' ";
  switch (kind) {
    case Kind::changed: return method + "differs";
    case Kind::removed: return method + "was removed";
    case Kind::reordered: return method + "is at another place";
    case Kind::missing: return method + "is missing at the end";
  }
  return method + "differs";
}

std::string Difference::side_by_side(const std::string& needed_label, const std::string& provided_label) const {
  const auto width = std::max(needed_label.size(), provided_label.size()) + 1;
  const auto line = [&](std::string label, const std::string& text) {
    label.resize(width, ' ');
    return "    " + label + text + "\n";
  };
  const auto ends = std::mismatch(needed.begin(), needed.end(), provided.begin(), provided.end());
  const auto same = static_cast<std::size_t>(ends.first - needed.begin());
  return line(needed_label, needed) + line(provided_label, provided.empty() ? "(no such method)" : provided) +
         line("", std::string(same, ' ') + "^");
}

std::optional<Difference> find_difference(const Methods& consumer, const Methods& provider) {
  using Kind = Difference::Kind;
  for (std::size_t i = 0; i < consumer.size(); ++i) {
    const auto& needed = consumer[i];
    const bool is_there = i < provider.size();
    if (is_there && provider[i].text == needed.text) continue;
    const auto kind = !is_there                         ? Kind::missing
                      : provider[i].name == needed.name ? Kind::changed
                      : has(provider, needed.name)      ? Kind::reordered
                                                        : Kind::removed;
    return Difference{.kind = kind,
                      .number = i + 1,
                      .name = needed.name,
                      .needed = needed.text,
                      .provided = is_there ? provider[i].text : std::string()};
  }
  return std::nullopt;
}

}  // namespace mortise::manifest
