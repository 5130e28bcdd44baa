#include "isolation/host_end.hpp"

#include <utility>

namespace mortise::isolation {

void Breach::note(const std::string& what) {
  {
    const std::lock_guard lock(mutex_);
    if (is_noted_.exchange(true, std::memory_order_relaxed)) return;
    what_ = what;
  }
  on_first_();
}

std::string Breach::what() const {
  const std::lock_guard lock(mutex_);
  return what_;
}

HostEnd HostEnd::make(std::shared_ptr<Area> area, std::function<void()> on_breach) {
  auto heap = std::make_shared<BlockHeap>(area->memory().host_heap);
  return {.area = std::move(area), .heap = std::move(heap), .breach = std::make_shared<Breach>(std::move(on_breach))};
}

}  // namespace mortise::isolation
