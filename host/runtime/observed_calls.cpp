#include "runtime/observed_calls.hpp"

#include <algorithm>

namespace mortise::runtime {
namespace {

/// Adds to what others have counted of the same method.
void add(const std::string& name, const MethodCounts& counts, std::vector<ObservedPair::Method>& methods) {
  if (counts.calls() == 0) return;
  auto found = std::find_if(methods.begin(), methods.end(), [&](const auto& method) { return method.name == name; });
  if (found == methods.end()) found = methods.insert(found, ObservedPair::Method{.name = name});
  found->calls += counts.calls();
  found->failures += counts.failures();
  found->taken += counts.taken();
  found->request_bytes += counts.request_bytes();
  found->reply_bytes += counts.reply_bytes();
}

}  // namespace

std::shared_ptr<CallCounts> ObservedCalls::counts_of(const CallPair& pair, const std::vector<std::string>& methods) {
  const std::lock_guard lock(mutex_);
  auto& counts = counts_[{pair, methods}];
  if (!counts) counts = std::make_shared<CallCounts>(methods.size());
  return counts;
}

void ObservedCalls::note_unobserved(const CallPair& pair, std::string reason) {
  const std::lock_guard lock(mutex_);
  unobserved_.insert_or_assign(pair, std::move(reason));
}

std::vector<ObservedPair> ObservedCalls::report() const {
  std::vector<ObservedPair> pairs;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, counts] : counts_) {  // those of one pair follow each other
    const auto& [pair, methods] = key;
    if (pairs.empty() || pairs.back().pair != pair) pairs.push_back({.pair = pair, .methods = {}});
    for (std::size_t i = 0; i < methods.size(); ++i) add(methods[i], (*counts)[i], pairs.back().methods);
  }
  std::erase_if(pairs, [](const ObservedPair& one) { return one.methods.empty(); });
  return pairs;
}

std::vector<UnobservedPair> ObservedCalls::unobserved() const {
  std::vector<UnobservedPair> pairs;
  const std::lock_guard lock(mutex_);
  for (const auto& [pair, reason] : unobserved_) pairs.push_back({.pair = pair, .reason = reason});
  return pairs;
}

}  // namespace mortise::runtime
