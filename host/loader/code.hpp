// The code of one generation as the runtime calls it: an image that is mapped into this process, or what stands in its
// place and has the image run elsewhere.
#pragma once

#include <mortise/abi/plugin.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/dynamic_linker.hpp"

namespace mortise::loader {

/// One thing that a process has given up before it ran its plugin.
struct Guard {
  std::string name;
  std::string missing;  // why it is not in force; empty: it is
};

/// Of a process that runs an image elsewhere.
struct ProcessReport {
  pid_t pid = 0;                    // 0: there is none at this moment
  std::uint64_t restarts = 0;       // of the generation's life
  std::string trouble;              // why there is none, or why the one before has ended; empty: nothing has happened
  std::vector<Guard> sandbox;       // of the last one
  std::uint64_t late_handlers = 0;  // of all its processes: that run past their deadline, at this moment
  std::vector<ProcessReport> replicas{};  // the other processes that run it, each likewise
};

/// Of the host that runs a plugin elsewhere.
struct HostReport {
  std::string url;
  std::uint64_t calls = 0;
  std::uint64_t retries = 0;
  std::uint64_t failures = 0;  // attempts that were not answered
  std::string circuit;         // "closed", "open", "half_open"
  std::string trouble;         // why the last attempt was not answered; empty: it was
};

/// Owned by its generation. Hooks and unload() on the control thread; reports on any.
class Code {
 public:
  virtual ~Code() = default;

  /// Its hooks, valid until unload().
  [[nodiscard]] virtual const mortise_plugin_v1& plugin() const noexcept = 0;
  /// Where its instructions lie in this process; empty: they do not.
  [[nodiscard]] virtual base::CodeRange range() const noexcept = 0;
  /// Ends it; false when something of it stays in this process.
  virtual bool unload() = 0;
  /// What is in this process of it stays until that ends: code of it may run on.
  virtual void keep_mapped() = 0;
  /// None: it runs in this process.
  [[nodiscard]] virtual std::optional<ProcessReport> process() const = 0;
  /// None: it runs in this host.
  [[nodiscard]] virtual std::optional<HostReport> host() const { return std::nullopt; }
};

}  // namespace mortise::loader
