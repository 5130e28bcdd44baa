// How a worker may end, and what is said of its end.
#include <csignal>
#include <cstring>

#include <chrono>
#include <mutex>
#include <string>
#include <utility>

#include "base/strings.hpp"
#include "isolation/stand_in.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

// Of a worker that does nothing yet, with all its libraries.
constexpr std::uint64_t kOwnMemory = std::uint64_t{128} << 20U;

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

bool is_killed(const base::ProcessEnd& end) {
  return end.how == base::ProcessEnd::How::signalled && end.code == SIGKILL;
}

std::string signal_of(const base::ProcessEnd& end) {
  if (end.how != base::ProcessEnd::How::signalled) return "exit";
  const char* const name = ::sigabbrev_np(end.code);
  return name == nullptr ? std::to_string(end.code) : std::string("SIG") + name;
}

}  // namespace

/// By a control group, before the worker runs anything of the plugin's.
void StandIn::confine(Life& life) const {
  const auto& allowed = spec_.confinement;
  sandbox::GroupLimits limits{.memory_bytes = allowed.memory_bytes, .cpu_percent = allowed.cpu_percent};
  if (limits.are_none()) return;
  // What it allocates is bounded otherwise, and sooner; beside that there is what it has in common with the host.
  if (limits.memory_bytes > 0) limits.memory_bytes += sizeof(AreaMemory) + kOwnMemory;
  auto made = !settings_.control_group ? base::Result<sandbox::ControlGroup>(settings_.control_group.error())
                                       : sandbox::ControlGroup::make(*settings_.control_group, spec_.manifest->name,
                                                                     life.process.pid(), limits);
  if (!made) {
    life.unlimited = made.error().message;
    if (limits.cpu_percent > 0) life.unlimited_cpu = life.unlimited;
    return;
  }
  life.unlimited = made->missing().to_string();
  life.unlimited_cpu = made->missing().cpu;
  life.group.emplace(std::move(*made));
}

/// Whether the system has killed it for what it has taken itself.
bool StandIn::is_out_of_memory(const Life& life, const base::ProcessEnd& end) {
  return life.fault.empty() && is_killed(end) && life.group && life.group->has_run_out_of_memory();
}

/// Ended from outside, as by the system when there is no memory left for anybody: that is no crash of the plugin's.
bool StandIn::is_explained(const Life& life, const base::ProcessEnd& end) {
  return life.fault.empty() && is_killed(end) && !is_out_of_memory(life, end);
}

void StandIn::end_life(Life& life) {
  {
    const std::lock_guard lock(mutex_);
    calls_.reset();
    contract_calls_.reset();
    report_.pid = 0;
  }
  life.calls->end();
  life.contract_calls->end();
  tasks_.end(life.contract_calls);
}

/// Says so where it was not meant to end; a crash is one only where that says something of the plugin.
void StandIn::note_end(const Life& life, const base::ProcessEnd& end, pid_t pid) {
  auto how = life.fault.empty() ? end.describe() : "was killed: " + life.fault;
  if (is_out_of_memory(life, end)) how += ": it had more in memory than limits.memory_bytes allows";
  end_hook(MORTISE_UNAVAILABLE, "the process that runs the plugin " + how);
  bool is_meant = life.is_unwanted;
  {
    const std::lock_guard lock(mutex_);
    const bool is_orderly = end.how == base::ProcessEnd::How::exited && end.code == 0;
    is_meant |= is_ending_ || (is_stopped_ && is_orderly);
  }
  if (is_meant) return;
  set_trouble("its process " + how);
  telemetry::log(telemetry::Level::error, "isolation", "worker has ended",
                 {{"pid", std::to_string(pid)}, {"reason", how}});
  if (!is_explained(life, end) && (life.is_ready || has_served_)) {
    const auto& generation = runtime::Generation::from(host_->host);
    settings_.on_crash({.pid = pid,
                        .time_ms = now_ms(),
                        .signal = life.fault.empty() ? signal_of(end) : life.fault,
                        .plugin = generation.name(),
                        .generation = generation.number(),
                        .sha256 = spec_.sha256,
                        .entered = generation.name()});
  }
  settings_.on_change();
}

void StandIn::set_trouble(const std::string& trouble) {
  const std::lock_guard lock(mutex_);
  report_.trouble = base::printable(trouble, kMostTextBytes);
  has_failed_ = true;
  changed_.notify_all();
}

}  // namespace mortise::isolation
