// SemVer 2.0 versions and the ranges that admins and manifests write over them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace mortise::manifest {

/// A SemVer version; ordered by SemVer's precedence (build metadata is kept for printing, not compared).
class Version {
 public:
  static base::Result<Version> parse(std::string_view text);

  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;
  std::string prerelease;
  std::string build;

  [[nodiscard]] std::string to_string() const;
  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const { return (*this <=> other) == 0; }
};

/// A set of versions: comparators joined by spaces (all must hold) and "||" (one side must): ">=1.2 <2",
/// "^1.4", "~1.4.2", "1.x", "1.2.3", "*". A prerelease matches only a range that names one of the same
/// major.minor.patch. Default: every release.
class VersionRange {
 public:
  static base::Result<VersionRange> parse(std::string_view text);

  [[nodiscard]] bool contains(const Version& version) const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  struct Comparator {
    enum class Op { less, less_equal, equal, greater_equal, greater };
    Op op = Op::equal;
    Version version;
    [[nodiscard]] bool holds(const Version& candidate) const;
  };
  static void add(std::vector<Comparator>& all, Comparator::Op op, Version version);
  static bool add_term(std::vector<Comparator>& all, std::string_view op, std::string_view word);

  std::vector<std::vector<Comparator>> alternatives_;
  std::string text_ = "*";
};

}  // namespace mortise::manifest
