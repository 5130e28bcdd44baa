// The types of a method, from its signature, for who reads and writes its calls without the code of a plugin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::remote {

/// As the grammar of docs/abi-policy.md has them.
struct Type {
  enum class Kind : std::uint8_t {
    boolean,
    signed_integer,
    unsigned_integer,
    floating,
    text,
    bytes,
    list,
    optional,
    structure
  };
  Kind kind = Kind::boolean;
  std::uint8_t size = 0;      // of a number or truth value, in bytes
  std::vector<Type> inner{};  // a list's elements' or an optional's value's, which is one; a structure's members'
  std::string text{};         // "{i64,str}"

  /// The fewest bytes that a value takes in the binary form; never 0.
  [[nodiscard]] std::size_t least_bytes() const noexcept;
};

struct CallTypes {
  std::string signature;
  std::vector<Type> arguments;
  std::optional<Type> result;  // none: void
};

/// `signature` is a line that manifest::parse_methods() has taken. None: its types are nested too deeply for who walks
/// through them by recursion.
std::optional<CallTypes> parse_call_types(std::string_view signature);

}  // namespace mortise::remote
