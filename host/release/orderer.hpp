// The order of start, kept while it is good: a new version of a plugin mostly provides and requires what the former
// did, and then the order is the former one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "release/consumers.hpp"
#include "release/desired.hpp"

namespace mortise::release {

/// One thread.
class Orderer {
 public:
  /// What order_by_contracts() would make of these; null: it has to be asked. `last` are those of them that come last
  /// in what it would be given, while the others come in an order that hangs on their names alone.
  StartOrderPtr find(const WantedSet& wanted, const std::vector<std::string>& last);
  /// That is what it has made of them; it has refused nobody.
  void keep(const WantedSet& wanted, const std::vector<std::string>& last, StartOrderPtr order);

 private:
  [[nodiscard]] bool is_known(const WantedSet& wanted);
  [[nodiscard]] bool are_alike_to_consumers(const manifest::Manifest& former, const manifest::Manifest& next,
                                            const WantedSet& all);

  StartOrderPtr order_;  // null: nothing is known
  WantedSet wanted_;
  std::vector<std::string> last_;
  std::optional<Consumers> consumers_;  // of wanted_; none: nobody has asked yet
};

}  // namespace mortise::release
