#include "remote/call_types.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mortise::remote {
namespace {

using Kind = Type::Kind;

constexpr unsigned kMaxHeight = 64;

struct Scalar {
  std::string_view word;
  Kind kind;
  std::uint8_t size;
};
constexpr std::array<Scalar, 13> kScalars{{{"bool", Kind::boolean, 1},
                                           {"i8", Kind::signed_integer, 1},
                                           {"i16", Kind::signed_integer, 2},
                                           {"i32", Kind::signed_integer, 4},
                                           {"i64", Kind::signed_integer, 8},
                                           {"u8", Kind::unsigned_integer, 1},
                                           {"u16", Kind::unsigned_integer, 2},
                                           {"u32", Kind::unsigned_integer, 4},
                                           {"u64", Kind::unsigned_integer, 8},
                                           {"f32", Kind::floating, 4},
                                           {"f64", Kind::floating, 8},
                                           {"str", Kind::text, 0},
                                           {"bytes", Kind::bytes, 0}}};

/// A type, and how many stand one in another in it.
struct Measured {
  Type type;
  unsigned height = 1;
};

/// Walks along a line that is known to be sound.
class TypeReader {
 public:
  explicit TypeReader(std::string_view line) : line_(line) {}

  std::optional<CallTypes> read() {
    CallTypes types{.signature = std::string(line_), .arguments = {}, .result = {}};
    at_ = line_.find('(') + 1;
    if (!take(')')) {
      types.arguments = read_types(')').first;
    }
    at_ += 2;  // "->"
    if (line_.substr(at_) != "void") types.result = read_type().type;
    if (is_too_high_) return std::nullopt;
    return types;
  }

 private:
  /// Up to `end`, which is taken too, and the height of the highest.
  std::pair<std::vector<Type>, unsigned> read_types(char end) {
    std::vector<Type> types;
    unsigned height = 0;
    do {
      auto one = read_type();
      height = std::max(height, one.height);
      types.push_back(std::move(one.type));
    } while (take(','));
    take(end);
    return {std::move(types), height};
  }

  Measured read_type() {
    const auto start = at_;
    Measured read;
    if (take('{')) {
      auto [members, height] = read_types('}');
      read = {{.kind = Kind::structure, .inner = std::move(members)}, height + 1};
    } else if (take('[')) {
      auto [element, height] = read_types(']');
      read = {{.kind = Kind::list, .inner = std::move(element)}, height + 1};
    } else {
      read.type = read_scalar();
    }
    read.type.text = line_.substr(start, at_ - start);
    while (take('?')) {
      if (is_too_high_ = is_too_high_ || read.height >= kMaxHeight; is_too_high_) continue;
      Type optional{.kind = Kind::optional, .text = std::string(line_.substr(start, at_ - start))};
      optional.inner.push_back(std::move(read.type));
      read = {std::move(optional), read.height + 1};
    }
    is_too_high_ = is_too_high_ || read.height > kMaxHeight;
    return read;
  }

  Type read_scalar() {
    const auto end = std::min(line_.find_first_of(",)]}?", at_), line_.size());
    const auto word = line_.substr(at_, end - at_);
    at_ = end;
    const auto* const found =
        std::find_if(kScalars.begin(), kScalars.end(), [&](const Scalar& one) { return one.word == word; });
    return {.kind = found->kind, .size = found->size};
  }

  bool take(char c) {
    if (at_ == line_.size() || line_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string_view line_;
  std::size_t at_ = 0;
  bool is_too_high_ = false;
};

}  // namespace

std::size_t Type::least_bytes() const noexcept {
  if (kind != Kind::structure) return std::max<std::size_t>(size, 1);
  std::size_t least = 0;
  for (const auto& member : inner) least += member.least_bytes();
  return least;
}

std::optional<CallTypes> parse_call_types(std::string_view signature) { return TypeReader(signature).read(); }

}  // namespace mortise::remote
