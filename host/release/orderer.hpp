// order_by_contracts(), again and again: a new version of a plugin mostly provides and requires what the former did,
// and then the order is the former one.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "release/order.hpp"

namespace mortise::release {

/// One thread.
class Orderer {
 public:
  /// As order_by_contracts().
  Order order(std::vector<Wanted> wanted, const std::vector<Spare>& spares);

 private:
  using ManifestPtr = std::shared_ptr<const manifest::Manifest>;

  [[nodiscard]] bool is_order_known(const std::vector<Wanted>& wanted) const;

  // Of the plugins that were ordered last, as they were given; empty: some of them were refused.
  std::vector<ManifestPtr> manifests_;
  std::vector<std::size_t> places_;  // in manifests_, in the order of start
};

}  // namespace mortise::release
