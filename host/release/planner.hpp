// From the desired state to what has to be done for it.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "release/consumers.hpp"
#include "release/desired.hpp"
#include "release/plan.hpp"

namespace mortise::release {

/// Makes plans, again and again: the time of one follows what has changed since the last one, what there is to do, and
/// whom that affects. One thread. Holds what it was given last.
class Planner {
 public:
  /// Changes nothing.
  Plan plan(const Desired& desired, const Members& running);

 private:
  using Names = std::set<std::string>;

  Names find_touched(const Desired& desired, const Members& running) const;
  void index_all();
  void index_again(const Names& touched, const Desired& desired, const Members& running);

  WantedSet wanted_;                    // as last given
  Members running_;                     // likewise
  Names differing_;                     // those that are in one of the two alone, or not the same in both
  std::optional<Consumers> consumers_;  // of both together; none: nobody has asked yet
};

/// Of one plan alone.
Plan make_plan(const Desired& desired, const Members& running);

}  // namespace mortise::release
