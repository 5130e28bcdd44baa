#include "isolation/outgoing_places.hpp"

#include "isolation/futex.hpp"

namespace mortise::isolation {

OutgoingPlaces::OutgoingPlaces(HostLink& link) : link_(link) {
  for (std::uint32_t i = 0; i < kOutgoingCount; ++i) free_.push_back(kOutgoingCount - 1 - i);
}

OutgoingMemory& OutgoingPlaces::memory(std::uint32_t place) const noexcept {
  return link_.area().memory().outgoing[place];
}

std::optional<std::uint32_t> OutgoingPlaces::take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty()) return std::nullopt;
  const auto place = free_.back();
  free_.pop_back();
  return place;
}

std::uint32_t OutgoingPlaces::wait_for_one() {
  std::unique_lock lock(mutex_);
  given_back_.wait(lock, [this] { return !free_.empty(); });
  const auto place = free_.back();
  free_.pop_back();
  return place;
}

void OutgoingPlaces::give_back(std::uint32_t place) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(place);  // which had room for all of them
  }
  given_back_.notify_one();
}

void OutgoingPlaces::ask(std::uint32_t place, const Wanted& wanted) {
  auto& there = memory(place);
  there.wanted.store(wanted);
  there.is_there.store(0, std::memory_order_relaxed);  // published with what is said
}

Outcome OutgoingPlaces::wait(std::uint32_t place) {
  auto& there = memory(place);
  if (!look_for([&] { return there.is_there.load(std::memory_order_acquire) != 0; })) {
    there.worker_sleeps.store(1);
    while (there.is_there.load() == 0) futex_wait(there.is_there, 0);
    there.worker_sleeps.store(0);
  }
  return there.outcome.load();
}

void OutgoingPlaces::done_with(std::uint32_t place, const Outcome& outcome) {
  const auto offset = outcome.payload.offset;
  if (offset == link_.area().offset_of(memory(place).reply.data())) return;
  Completion taken;
  taken.kind = Completion::Kind::taken;
  taken.argument = offset;
  link_.complete(taken, true);  // until then the host has no room for others
}

}  // namespace mortise::isolation
