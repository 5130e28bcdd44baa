// VersionRange: every form that a range may take becomes plain comparators when it is read.
#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.hpp"
#include "manifest/version.hpp"

namespace mortise::manifest {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kMaxRangeText = 512;
constexpr std::string_view kSpaces = " \t";

/// A version of which the tail may be missing: "1", "1.x", "1.2.*".
struct Partial {
  Version version;        // missing numbers are 0
  std::size_t given = 0;  // how many of the three numbers were there
};

bool is_wildcard(std::string_view text) { return text == "x" || text == "X" || text == "*"; }

std::optional<Partial> parse_partial(std::string_view text) {
  if (auto whole = Version::parse(text)) return Partial{std::move(*whole), 3};
  if (text.empty() || text.find_first_of("+-") != std::string_view::npos) return std::nullopt;
  // What is given is completed with zeros, so that one parser decides what a version is.
  Partial partial;
  std::string completed;
  std::size_t count = 0;
  bool in_wildcards = false;
  for (std::string_view rest = text; count < 3; ++count) {
    const auto end = rest.find('.');
    const auto piece = rest.substr(0, end);
    const bool wild = is_wildcard(piece);
    if (piece.empty() || (in_wildcards && !wild)) return std::nullopt;
    in_wildcards = in_wildcards || wild;
    if (!wild) ++partial.given;
    completed += (count == 0 ? "" : ".") + (wild ? std::string("0") : std::string(piece));
    if (end == std::string_view::npos) {
      ++count;
      break;
    }
    rest = rest.substr(end + 1);
    if (count == 2) return std::nullopt;
  }
  for (; count < 3; ++count) completed += ".0";
  auto version = Version::parse(completed);
  if (!version) return std::nullopt;
  partial.version = std::move(*version);
  return partial;
}

Version make_version(std::uint64_t major, std::uint64_t minor, std::uint64_t patch) {
  Version version;
  version.major = major;
  version.minor = minor;
  version.patch = patch;
  return version;
}

/// The first version behind all that share the first `kept` numbers (1 to 3).
Version next_after(const Version& version, std::size_t kept) {
  if (kept == 1) return make_version(version.major + 1, 0, 0);
  if (kept == 2) return make_version(version.major, version.minor + 1, 0);
  return make_version(version.major, version.minor, version.patch + 1);
}

/// How many numbers '^' holds fast: up to the first that is not 0.
std::size_t caret_depth(const Partial& partial) {
  const std::array<std::uint64_t, 3> numbers{partial.version.major, partial.version.minor, partial.version.patch};
  for (std::size_t i = 0; i < partial.given; ++i) {
    if (numbers[i] != 0) return i + 1;
  }
  return partial.given;
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

std::string_view take_operator(std::string_view& rest) {
  for (const std::string_view op : {">=", "<=", ">", "<", "=", "^", "~"}) {
    if (rest.substr(0, op.size()) == op) {
      rest = trim(rest.substr(op.size()));
      return op;
    }
  }
  return {};
}

std::string_view take_word(std::string_view& rest) {
  const auto end = rest.find_first_of(" \t<>=^~|");
  const auto word = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  rest = trim(rest);
  return word;
}

}  // namespace

void VersionRange::add(std::vector<Comparator>& all, Comparator::Op op, Version version) {
  all.push_back({op, std::move(version)});
}

/// Adds what `op` and `word` mean; false when they mean nothing.
bool VersionRange::add_term(std::vector<Comparator>& all, std::string_view op, std::string_view word) {
  using Op = Comparator::Op;
  auto partial = parse_partial(word);
  if (!partial) return false;
  if (partial->given == 0) return op.empty();  // "*" adds no condition; "<*" makes no sense
  const bool whole = partial->given == 3;
  const auto& from = partial->version;
  const auto beyond = next_after(from, partial->given);
  if (op == ">=") {
    add(all, Op::greater_equal, from);
  } else if (op == "<") {
    add(all, Op::less, from);
  } else if (op == ">") {
    add(all, whole ? Op::greater : Op::greater_equal, whole ? from : beyond);
  } else if (op == "<=") {
    add(all, whole ? Op::less_equal : Op::less, whole ? from : beyond);
  } else if (op == "^") {
    add(all, Op::greater_equal, from);
    add(all, Op::less, next_after(from, caret_depth(*partial)));
  } else if (op == "~") {
    add(all, Op::greater_equal, from);
    add(all, Op::less, next_after(from, std::min<std::size_t>(partial->given, 2)));
  } else if (whole) {
    add(all, Op::equal, from);
  } else {
    add(all, Op::greater_equal, from);
    add(all, Op::less, beyond);
  }
  return true;
}

base::Result<VersionRange> VersionRange::parse(std::string_view text) {
  const auto refuse = [&](const std::string& what) {
    return Error{ErrorCode::invalid_argument, "'" + base::printable(text) + "' is no version range: " + what +
                                                  R"(; write "*", "1.x", ">=1.2 <2", "^1.4", "~1.4.2" or )" +
                                                  R"(several with "||" between them)"};
  };
  if (text.size() > kMaxRangeText) return refuse("it is too long");
  VersionRange range;
  range.text_ = std::string(text);
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find("||", begin), text.size());
    auto rest = trim(text.substr(begin, end - begin));
    if (rest.empty()) return refuse(text.size() == end && begin == 0 ? "it is empty" : "nothing beside a '||'");
    auto& all = range.alternatives_.emplace_back();
    while (!rest.empty()) {
      const auto op = take_operator(rest);
      const auto word = take_word(rest);
      if (!add_term(all, op, word))
        return refuse("cannot read '" + base::printable(std::string(op) + std::string(word)) + "'");
    }
    begin = end + 2;
  }
  return range;
}

bool VersionRange::Comparator::holds(const Version& candidate) const {
  switch (op) {
    case Op::less: return candidate < version;
    case Op::less_equal: return candidate <= version;
    case Op::equal: return candidate == version;
    case Op::greater_equal: return candidate >= version;
    case Op::greater: return candidate > version;
  }
  return false;
}

bool VersionRange::contains(const Version& version) const {
  if (alternatives_.empty()) return version.prerelease.empty();
  return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const std::vector<Comparator>& all) {
    const bool invited =
        version.prerelease.empty() || std::any_of(all.begin(), all.end(), [&](const Comparator& comparator) {
          const auto& named = comparator.version;
          return !named.prerelease.empty() && named.major == version.major && named.minor == version.minor &&
                 named.patch == version.patch;
        });
    return invited && std::all_of(all.begin(), all.end(), [&](const Comparator& c) { return c.holds(version); });
  });
}

}  // namespace mortise::manifest
