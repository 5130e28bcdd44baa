#include "release/orderer.hpp"

#include <algorithm>
#include <utility>

namespace mortise::release {
namespace {

using manifest::Manifest;

// Each costs a look at what its consumers require; of more it is cheaper to order anew.
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

}  // namespace

StartOrderPtr Orderer::find(const WantedSet& wanted, const std::vector<std::string>& last) {
  if (order_ == nullptr || last != last_ || wanted.size() != wanted_.size() || !is_known(wanted)) {
    order_ = nullptr;
    return nullptr;
  }
  wanted_ = wanted;
  return order_;
}

void Orderer::keep(const WantedSet& wanted, const std::vector<std::string>& last, StartOrderPtr order) {
  order_ = std::move(order);
  wanted_ = wanted;
  last_ = last;
  consumers_.reset();
}

bool Orderer::is_known(const WantedSet& wanted) {
  std::size_t changes = 0;
  bool is_known = true;
  for_each_difference(wanted_, wanted, [&](const Wanted* before, const Wanted* after) {
    if (before == nullptr || after == nullptr) {
      is_known = false;
      return;
    }
    const auto& former = *before->record->manifest;
    const auto& next = *after->record->manifest;
    if (!is_known || &former == &next) return;
    is_known =
        ++changes <= kMostChanges && have_same_contracts(former, next) && are_alike_to_consumers(former, next, wanted);
  });
  return is_known;
}

/// Whether everybody who may call it takes the one version as well as the other.
bool Orderer::are_alike_to_consumers(const Manifest& former, const Manifest& next, const WantedSet& all) {
  if (next.provides.empty()) return true;
  if (!consumers_) {
    consumers_.emplace();
    for (const auto& one : wanted_) consumers_->add(one.name(), *one.record->manifest);
  }
  const auto is_alike = [&](const manifest::ProvidedContract& provided, const std::string& consumer) {
    const auto& required = all.at(consumer).record->manifest->requires_;
    return std::all_of(required.begin(), required.end(), [&](const manifest::RequiredContract& one) {
      return one.contract != provided.contract ||
             one.provider.contains(former.version) == one.provider.contains(next.version);
    });
  };
  return std::all_of(next.provides.begin(), next.provides.end(), [&](const manifest::ProvidedContract& provided) {
    const auto consumers = consumers_->of_contract(provided.contract);
    return std::all_of(consumers.begin(), consumers.end(),
                       [&](const std::string& consumer) { return is_alike(provided, consumer); });
  });
}

}  // namespace mortise::release
