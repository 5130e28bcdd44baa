// What was chosen for each plugin of plugins.d, kept while its file there and its files in the drop directory stay.
#pragma once

#include <unordered_map>
#include <vector>

#include "catalog/catalog.hpp"
#include "config/config.hpp"

namespace mortise::release {

/// One thread. Between begin() and end(), what is not asked for is forgotten.
class Choices {
 public:
  void begin() { former_.swap(known_); }
  /// Null: not known.
  catalog::RecordPtr find(const config::PluginConfigPtr& config, const std::vector<catalog::RecordPtr>& candidates) {
    auto kept = former_.extract(config.get());
    if (!kept || kept.mapped().candidates != candidates) return nullptr;
    return known_.insert(std::move(kept)).position->second.chosen;
  }
  /// Of a config that passes the chosen one's schema.
  void keep(const config::PluginConfigPtr& config, const std::vector<catalog::RecordPtr>& candidates,
            const catalog::RecordPtr& chosen) {
    known_.insert_or_assign(config.get(), Known{.config = config, .candidates = candidates, .chosen = chosen});
  }
  void end() { former_.clear(); }

 private:
  struct Known {
    config::PluginConfigPtr config;  // held, so that no other one gets its address
    std::vector<catalog::RecordPtr> candidates;
    catalog::RecordPtr chosen;
  };
  std::unordered_map<const config::PluginConfig*, Known> known_;
  std::unordered_map<const config::PluginConfig*, Known> former_;
};

}  // namespace mortise::release
