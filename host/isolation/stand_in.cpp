#include "isolation/stand_in.hpp"

#include <sys/eventfd.h>
#include <unistd.h>
#include <algorithm>
#include <utility>

namespace mortise::isolation {
namespace {

// Clients that are waited for at once, in writes that find no room and for bodies that have not come.
constexpr std::size_t kMostWaiting = 256;
// As many as handlers may be inside, each of which may keep one: none waits for the end of another one.
constexpr std::size_t kMostCalling = kCallCount;

}  // namespace

StandIn::StandIn(const Settings& settings, const runtime::GenerationSpec& spec, const StandIn* first)
    : settings_(settings),
      spec_(spec),
      first_(first),
      plugin_{.struct_size = sizeof(mortise_plugin_v1),
              .reserved = 0,
              .init = &init,
              .stop = &stop,
              .destroy = &destroy,
              .get_interface = &get_interface},
      health_{.struct_size = sizeof(mortise_health_v1), .reserved = 0, .check = &check},
      state_{.struct_size = sizeof(mortise_state_v1),
             .version = 0,
             .export_snapshot = &export_snapshot,
             .import_snapshot = &import_snapshot,
             .export_rest = nullptr,
             .import_rest = nullptr},
      waiting_(std::make_unique<GrowingPool>(kMostWaiting)),
      calling_(std::make_unique<GrowingPool>(kMostCalling)),
      storing_(std::make_unique<GrowingPool>(kOutgoingCount)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

StandIn::~StandIn() { unload(); }

/// Of this worker alone.
loader::ProcessReport StandIn::report() const {
  std::shared_ptr<Calls> calls;
  loader::ProcessReport report;
  {
    const std::lock_guard lock(mutex_);
    calls = calls_;
    report = report_;
  }
  if (!calls) return report;
  const auto deadlines = calls->deadlines_at_work();
  const auto is_late = [now = Clock::now()](Clock::time_point deadline) { return deadline <= now; };
  report.late_handlers = static_cast<std::uint64_t>(std::count_if(deadlines.begin(), deadlines.end(), is_late));
  return report;
}

bool StandIn::unload() {
  for (const auto& replica : replicas_) replica->unload();
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    is_stopped_ = true;
  }
  changed_.notify_all();
  ::eventfd_write(wake_.get(), 1);
  if (attendant_.joinable()) attendant_.join();
  waiting_.reset();
  calling_.reset();
  storing_.reset();
  return true;
}

}  // namespace mortise::isolation
