#include "release/orderer.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace mortise::release {
namespace {

using manifest::Manifest;

// Each costs a look at all that the others require; of more it is cheaper to order anew.
constexpr std::size_t kMostChanges = 8;

bool are_same(const manifest::ProvidedContract& a, const manifest::ProvidedContract& b) {
  return a.contract == b.contract && a.name == b.name;
}

bool are_same(const manifest::RequiredContract& a, const manifest::RequiredContract& b) {
  return a.contract == b.contract && a.name == b.name && a.provider.text() == b.provider.text() &&
         a.optional == b.optional && a.all == b.all;
}

bool are_same(const manifest::MethodSignature& a, const manifest::MethodSignature& b) { return a.text == b.text; }

template <class List>
bool are_same_lists(const List& a, const List& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return are_same(x, y); });
}

/// Whether they look the same to everybody else, but for their versions.
bool have_same_contracts(const Manifest& a, const Manifest& b) {
  const auto has_same_methods = [](const auto& x, const auto& y) {
    return x.first == y.first && are_same_lists(x.second, y.second);
  };
  return a.name == b.name && are_same_lists(a.provides, b.provides) && are_same_lists(a.requires_, b.requires_) &&
         std::equal(a.contracts.begin(), a.contracts.end(), b.contracts.begin(), b.contracts.end(), has_same_methods);
}

/// Whether everybody who may call it takes the one version as well as the other.
bool are_alike_to_consumers(const Manifest& former, const Manifest& next, const std::vector<Wanted>& all) {
  const auto& provides = next.provides;
  const auto is_alike = [&](const manifest::RequiredContract& required) {
    const auto is_it = [&](const manifest::ProvidedContract& one) { return one.contract == required.contract; };
    return std::none_of(provides.begin(), provides.end(), is_it) ||
           required.provider.contains(former.version) == required.provider.contains(next.version);
  };
  return provides.empty() || std::all_of(all.begin(), all.end(), [&](const Wanted& wanted) {
           const auto& required = wanted.record->manifest->requires_;
           return std::all_of(required.begin(), required.end(), is_alike);
         });
}

}  // namespace

Order Orderer::order(std::vector<Wanted> wanted, const std::vector<Spare>& spares) {
  const bool is_known = is_order_known(wanted);
  manifests_.clear();
  manifests_.reserve(wanted.size());
  for (const auto& one : wanted) manifests_.push_back(one.record->manifest);
  if (is_known) {
    Order order;
    order.ordered.reserve(wanted.size());
    for (const auto place : places_) order.ordered.push_back(std::move(wanted[place]));
    return order;
  }
  auto order = order_by_contracts(std::move(wanted), spares);
  places_.clear();
  if (!order.refused.empty()) {
    manifests_.clear();
    return order;
  }
  std::unordered_map<const Manifest*, std::size_t> places;
  for (std::size_t i = 0; i < manifests_.size(); ++i) places.emplace(manifests_[i].get(), i);
  for (const auto& one : order.ordered) places_.push_back(places.at(one.record->manifest.get()));
  return order;
}

bool Orderer::is_order_known(const std::vector<Wanted>& wanted) const {
  if (wanted.size() != manifests_.size()) return false;
  std::size_t changes = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& former = *manifests_[i];
    const auto& next = *wanted[i].record->manifest;
    if (&former == &next) continue;
    if (++changes > kMostChanges || !have_same_contracts(former, next) ||
        !are_alike_to_consumers(former, next, wanted)) {
      return false;
    }
  }
  return true;
}

}  // namespace mortise::release
