// A part of the host that plugins reach through an interface ("mortise.http/1") and that takes part when the set
// of running generations changes. http, sql and kv implement it; events and tasks will.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "runtime/generation_set.hpp"

namespace mortise::manifest {
struct Manifest;
}

namespace mortise::runtime {

class Generation;
/// Holding one keeps the plugin's code mapped and its instance alive.
using GenerationPtr = std::shared_ptr<Generation>;
class Release;
using ReleasePtr = std::shared_ptr<const Release>;
struct Cone;
/// Holding one lets its entry's code run, and all that it can reach.
using ConePtr = std::shared_ptr<const Cone>;

/// Of what comes in, the part that runs on a release which is not switched to yet.
struct CanaryShare {
  unsigned percent = 0;
  std::string key;  // by what requests keep together: "address", "header:NAME", "cookie:NAME"; empty: each for itself
};

/// All calls but interface(), prepare() and initialised() come from the release thread; those two from the control
/// thread.
class Service {
 public:
  virtual ~Service() = default;

  /// The function table of an interface id, or null when this service does not have it. Any thread.
  virtual const void* interface(std::string_view id) const noexcept = 0;

  /// Of a plugin that is to start and was not tried: an error where what there is of it already says that this version
  /// cannot. Changes nothing and makes nothing, and waits for a moment at most: who does not know says nothing.
  virtual base::Result<void> check_ahead(const manifest::Manifest&) { return {}; }

  /// Before the generation's init: makes ready what it may ask for there, and has the generation keep it where the
  /// plugin may use it to its end. An error fails its start. May run beside that of one that was given up.
  virtual base::Result<void> prepare(Generation&) { return {}; }

  /// After the generation's init has succeeded: whether what it registered is whole. An error fails its start.
  virtual base::Result<void> initialised(const Generation&) { return {}; }

  /// Whether these generations can run together ("two plugins claim GET /notes"). Changes nothing. The message names
  /// the plugins; `culprit` is the one to leave out, unless one of the others has only just come.
  struct Conflict {
    GenerationPtr culprit;
    std::string message;
    std::vector<GenerationPtr> others{};
  };
  virtual std::vector<Conflict> check(const GenerationSet& next) = 0;

  /// Makes exactly the release's generations reachable, at one stroke. What is inside an older one finishes there.
  virtual void publish(const ReleasePtr& next) = 0;

  /// Has a share of what comes in run on `canary`, and the rest on what is published, until the next publish().
  virtual void publish_canary(const ReleasePtr& canary, const CanaryShare& share) = 0;

  /// Ends what a stopping generation still holds open (streams, sockets) when its grace period is over.
  virtual void cut(const Generation& generation) = 0;

  /// Forgets what the generation registered; nothing of it runs any more.
  virtual void forget(const Generation& generation) = 0;
};

}  // namespace mortise::runtime
