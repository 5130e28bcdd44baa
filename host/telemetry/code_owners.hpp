// Which generation the code at an address belongs to, for the handler of a crash to read: in memory that is never
// freed, behind atomics, without a lock. One table per process, since a signal handler is given nothing to find another
// by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/dynamic_linker.hpp"

namespace mortise::telemetry {

/// The entry of one generation, from construction to destruction. Any thread.
class CodeOwner {
 public:
  CodeOwner(base::CodeRange code, std::string_view plugin, std::string_view generation, std::string_view sha256);
  CodeOwner(const CodeOwner&) = delete;
  CodeOwner& operator=(const CodeOwner&) = delete;
  ~CodeOwner();

  struct Names {
    std::string_view plugin;
    std::string_view generation;
    std::string_view sha256;  // of its image
  };
  /// Whose code lies there, if anybody's. Async-signal-safe; the names may be another owner's where this one is just
  /// being destroyed.
  static std::optional<Names> find(std::uintptr_t address) noexcept;
  /// Likewise, of a generation that is known by name.
  static std::optional<Names> find(std::string_view plugin, std::string_view generation) noexcept;

 private:
  struct Slot;
  struct Table;
  template <class Matches>
  static std::optional<Names> find_slot(const Matches& matches) noexcept;
  static Table& table() noexcept;

  Slot* slot_;
};

}  // namespace mortise::telemetry
