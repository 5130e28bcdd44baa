// A task in its plugin's code, of whatever kind it is.
#pragma once

#include <mortise/abi/types.h>

#include <functional>
#include <string>

#include "runtime/generation.hpp"
#include "runtime/release.hpp"

namespace mortise::tasks {

/// What came of a run.
struct Verdict {
  mortise_status status = MORTISE_OK;
  bool has_begun = true;  // false: the plugin has seen nothing of it, as its process was away
  std::string reason{};   // of a failure, as the plugin has said it
};

/// As the log calls it.
struct TaskTitle {
  const std::string& name;
  std::string id{};  // of a durable one
};

/// Runs it on this thread, in a scope of its own; the failure of one that has begun is logged.
using Body = std::function<mortise_status(mortise_error* error)>;
Verdict run_body(const runtime::ConePtr& cone, const TaskTitle& title, const Body& body);

/// For whom its instance's tasks have threads: one that hangs keeps its share of them, and leaves the next one its own.
std::string pool_owner(const runtime::Generation& generation);

}  // namespace mortise::tasks
