// What a contract's methods look like, as text that the SDK makes at compile time, and whether a consumer that was
// built against one list of them can call a provider of another. The grammar is in docs/abi-policy.md; what plugins
// bring may be anything, so it is checked here once and for all.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace mortise::manifest {

/// One line of a contract: "convert({i64,str},str)->{i64,str}".
struct MethodSignature {
  std::string name;  // "convert"
  std::string text;  // the whole line
  /// May be called once more when nobody knows whether a call arrived. Not in the text: from a note of its own.
  bool is_idempotent = false;
};

/// The methods of a contract, in their order; no two have one name.
using Methods = std::vector<MethodSignature>;

/// Reads a signature text: one method on each line, at least one. The error names line and column, and what is wrong
/// there.
base::Result<Methods> parse_methods(std::string_view text);

/// The text that parse_methods() reads.
std::string to_text(const Methods& methods);

/// The first method that keeps a consumer from calling a provider.
struct Difference {
  enum class Kind {
    changed,    // the provider's method of that number has the name, but other types
    removed,    // the provider has another method there, and none of the name
    reordered,  // the provider has the name elsewhere
    missing,    // the provider's list ends before it: the provider is older than what the consumer was built with
  };
  Kind kind = Kind::changed;
  std::size_t number = 0;  // from 1
  std::string name;        // in the consumer's list
  std::string needed;      // the consumer's line
  std::string provided;    // the provider's line of that number; empty when it has none

  /// "method 2 'convert' differs"
  [[nodiscard]] std::string title() const;
  /// Both lines one below the other, after labels, and a caret below the first character that differs; three lines,
  /// each indented by four and ended.
  [[nodiscard]] std::string side_by_side(const std::string& needed_label, const std::string& provided_label) const;
};

const char* to_string(Difference::Kind kind);

/// None when the consumer's list is a prefix of the provider's, so that every call finds the method that it means.
std::optional<Difference> find_difference(const Methods& consumer, const Methods& provider);

}  // namespace mortise::manifest
