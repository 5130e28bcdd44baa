// What the host's plugins are doing, for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "loader/code.hpp"
#include "runtime/containment.hpp"
#include "runtime/memory_account.hpp"

namespace mortise::release {

/// How often an image has crashed the host, and the last time.
struct CrashStatus {
  std::uint64_t count = 0;
  std::string time;      // "2026-11-26T09:20:31.004Z"
  std::string signal;    // "SIGSEGV", "exit"
  std::string route;     // empty: in no request
  std::string evidence;  // "SIGSEGV at 0x8, in request 7b1c-12 (/orders)"
};

/// How far one is that is isolated until it has proved itself.
struct ProbationStatus {
  std::uint64_t served = 0;    // requests without a fault
  std::uint64_t requests = 0;  // that it has to serve so; 0: it is in no probation
};

/// What one has of the host process's memory, all its generations together.
struct MemoryStatus {
  runtime::MemoryUse use{};
  std::uint64_t limit_bytes = 0;  // that it is meant to stay within; 0: none
  bool is_over = false;           // and has not come back by a tenth of it
};

struct PluginStatus {
  std::string name;
  std::string version;
  std::uint64_t generation = 0;  // 0: none
  std::string state;             // "active", "failed", "quarantined", "refused", "waiting", "stopping"
  std::string reason;
  std::string sha256;
  std::optional<runtime::ContainmentReport> containment{};  // none: it does not run
  CrashStatus crashes{};
  /// Who has it isolated; hold: its file does not, but it is held as it ran before.
  enum class IsolatedBy { nobody, plugins_d, crash, probation, hold };
  IsolatedBy isolated_by = IsolatedBy::nobody;     // it runs inline, or not at all
  ProbationStatus probation{};                     // once that is over all is 0
  std::optional<MemoryStatus> memory{};            // none: it does not run, or not in the host process
  std::optional<loader::ProcessReport> process{};  // that runs it; none: the host's own
  std::optional<loader::HostReport> remote{};      // that runs it; none: this one
};

/// Images that stay mapped after their generations have retired; they go when the host ends.
struct LeftMappedStatus {
  struct Image {
    std::string plugin;
    std::string version;
    std::string sha256;
    std::string reason;       // why dlclose leaves it, with the remedy
    std::uint64_t count = 0;  // how often it is mapped
  };
  std::uint64_t count = 0;  // of all images together
  std::uint64_t limit = 0;
  std::string warning;  // what to do; empty: the count is within the limit
  std::vector<Image> images;
};

struct Status {
  std::uint64_t release = 0;  // that runs; 0: none yet
  std::vector<PluginStatus> plugins;
  catalog::RecordSet files;
  LeftMappedStatus left_mapped{};
};

}  // namespace mortise::release
