// From a wanted plugin to a generation whose init has ended, beside whatever runs.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/result.hpp"
#include "release/desired.hpp"
#include "runtime/control_thread.hpp"
#include "runtime/generation.hpp"

namespace mortise::release {

/// Release thread only.
class Starter {
 public:
  /// Takes over a generation that nobody holds any more; called on any thread, from the pointer's deleter.
  using Reap = std::function<void(runtime::Generation*)>;

  /// Makes what stands in for a generation's image that runs in a process of its own.
  using StandIn = decltype(runtime::GenerationSpec::stand_in);

  /// `services`, `files` and `control` outlive it and the generations. `data_root` ends with a slash. When `stopping`
  /// is requested, an init that runs gets a moment more and the others do not begin.
  Starter(std::string data_root, std::chrono::milliseconds init_timeout, std::vector<runtime::Service*> services,
          base::Files& files, runtime::ControlThread& control, StandIn stand_in, Reap reap, std::stop_token stopping)
      : data_root_(std::move(data_root)),
        init_timeout_(init_timeout),
        services_(std::move(services)),
        files_(files),
        control_(control),
        stand_in_(std::move(stand_in)),
        reap_(std::move(reap)),
        stopping_(std::move(stopping)) {}

  /// One result for each, in their order: all are tried. Why one did not start is said for the admin; `aborted` when it
  /// is the host that stops.
  std::vector<base::Result<runtime::GenerationPtr>> start(const std::vector<const Wanted*>& wanted);

 private:
  using DataRoot = base::Result<base::Directory>;  // an error: it is not there yet

  base::Result<void> make_data_directory(const DataRoot& root, const std::string& plugin);
  base::Result<runtime::GenerationPtr> make(const Wanted& wanted, const DataRoot& root);
  runtime::GenerationPtr hold(runtime::GenerationSpec spec);
  std::vector<base::Result<void>> initialise(const std::vector<runtime::GenerationPtr>& generations);
  base::Result<void> give_up(runtime::Generation& generation) const;
  static base::Result<void> cut_short(runtime::Generation& generation);

  std::string data_root_;
  std::chrono::milliseconds init_timeout_;
  std::vector<runtime::Service*> services_;
  base::Files& files_;
  runtime::ControlThread& control_;
  StandIn stand_in_;
  Reap reap_;
  std::stop_token stopping_;
  std::uint64_t last_number_ = 0;
};

}  // namespace mortise::release
