// Who calls whom, by the contracts in the plugins' manifests.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "manifest/manifest.hpp"

namespace mortise::release {

/// One thread. Holds no manifest.
class Consumers {
 public:
  /// A plugin may have several manifests at a time: of what runs, and of what is to replace it.
  void add(const std::string& plugin, const manifest::Manifest& manifest);
  /// One that was added.
  void remove(const std::string& plugin, const manifest::Manifest& manifest);

  /// Who calls the plugin, directly or through others, without itself; by name.
  [[nodiscard]] std::vector<std::string> of(const std::string& plugin) const;
  /// Who requires the contract; by name.
  [[nodiscard]] std::vector<std::string> of_contract(const std::string& contract) const;

 private:
  /// How often each is there.
  using Counts = std::map<std::string, std::size_t>;
  using Index = std::unordered_map<std::string, Counts>;

  static void add(const std::string& key, const std::string& one, Index& index);
  static void remove(const std::string& key, const std::string& one, Index& index);

  Index provided_;   // by plugin: contracts
  Index consumers_;  // by contract: plugins
};

}  // namespace mortise::release
