#include "release/consumers.hpp"

#include <set>
#include <string_view>

namespace mortise::release {

void Consumers::add(const std::string& plugin, const manifest::Manifest& manifest) {
  for (const auto& provided : manifest.provides) add(plugin, provided.contract, provided_);
  for (const auto& required : manifest.requires_) add(required.contract, plugin, consumers_);
}

void Consumers::remove(const std::string& plugin, const manifest::Manifest& manifest) {
  for (const auto& provided : manifest.provides) remove(plugin, provided.contract, provided_);
  for (const auto& required : manifest.requires_) remove(required.contract, plugin, consumers_);
}

void Consumers::add(const std::string& key, const std::string& one, Index& index) { ++index[key][one]; }

void Consumers::remove(const std::string& key, const std::string& one, Index& index) {
  const auto counts = index.find(key);
  const auto count = counts->second.find(one);
  if (--count->second == 0) counts->second.erase(count);
  if (counts->second.empty()) index.erase(counts);
}

std::vector<std::string> Consumers::of(const std::string& plugin) const {
  std::set<std::string_view> found{plugin};
  std::vector<std::string> open{plugin};
  while (!open.empty()) {
    const auto provided = provided_.find(open.back());
    open.pop_back();
    if (provided == provided_.end()) continue;
    for (const auto& [contract, times] : provided->second) {
      const auto consumers = consumers_.find(contract);
      if (consumers == consumers_.end()) continue;
      for (const auto& [consumer, count] : consumers->second) {
        if (found.insert(consumer).second) open.push_back(consumer);
      }
    }
  }
  found.erase(plugin);
  return {found.begin(), found.end()};
}

std::vector<std::string> Consumers::of_contract(const std::string& contract) const {
  std::vector<std::string> names;
  const auto consumers = consumers_.find(contract);
  if (consumers == consumers_.end()) return names;
  for (const auto& [name, count] : consumers->second) names.push_back(name);
  return names;
}

}  // namespace mortise::release
