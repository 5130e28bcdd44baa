// How many requests may be inside a plugin at once, and how many may wait for a place.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <vector>

namespace mortise::runtime {

/// The caller keeps calls from overlapping, and calls what it is given after it has let others in again.
class Bulkhead {
 public:
  /// Told once that it has a place.
  using Waiter = std::function<void()>;
  enum class Entry { inside, waiting, full };

  /// `concurrency` 0: anybody may come in, and nobody is counted. Returns who has a place by that.
  std::vector<Waiter> set(std::uint32_t concurrency, std::uint32_t queue);
  [[nodiscard]] bool is_limited() const noexcept { return concurrency_ != 0; }

  /// A place, or one in the queue for what `make_waiter` returns; `ticket` tells them apart.
  Entry enter(std::uint64_t& ticket, const std::function<Waiter()>& make_waiter);
  /// Gives a place back; returns who has it.
  std::optional<Waiter> leave();
  /// Leaves the queue; false when it had its turn already.
  bool withdraw(std::uint64_t ticket);

  [[nodiscard]] std::uint32_t inside() const noexcept { return inside_; }
  [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size(); }

 private:
  struct Place {
    std::uint64_t ticket;
    Waiter waiter;
  };
  std::optional<Waiter> let_in();

  std::uint32_t concurrency_ = 0;
  std::uint32_t max_waiting_ = 0;
  std::uint32_t inside_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::list<Place> queue_;  // every plugin has one, and it is empty: must cost nothing
};

}  // namespace mortise::runtime
