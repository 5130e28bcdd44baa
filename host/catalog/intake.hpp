// From one changed file to its record: wait until it is complete, copy, inspect, compare, probe, keep. Inside this
// folder only. No failure of one file is a failure of the scan: it becomes that file's record.
#pragma once

#include <optional>
#include <string>

#include "catalog/entry.hpp"
#include "catalog/store.hpp"

namespace mortise::catalog {

/// Owned by the catalogue; one thread.
class Intake {
 public:
  Intake(Settings settings, base::Files& files, Store& store, Probe probe)
      : settings_(std::move(settings)), files_(files), store_(store), probe_(std::move(probe)) {}

  /// What is known of the other files: as they were, and those that this scan has already settled.
  struct Known {
    const Entries& before;
    const Entries& settled;
  };
  struct Outcome {
    Entry entry;
    std::optional<std::chrono::milliseconds> retry_after;
  };
  /// Nothing when the file has gone meanwhile.
  std::optional<Outcome> take(const std::string& path, const base::FileStamp& stamp, const Known& known);

 private:
  class OneFile;

  Settings settings_;
  base::Files& files_;
  Store& store_;
  Probe probe_;
};

}  // namespace mortise::catalog
