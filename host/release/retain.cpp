#include "release/retain.hpp"

#include <algorithm>
#include <utility>

#include "manifest/provider_match.hpp"

namespace mortise::release {
namespace {

using manifest::Manifest;
using manifest::RequiredContract;

bool provides(const Manifest& manifest, const std::string& contract) {
  return std::any_of(manifest.provides.begin(), manifest.provides.end(),
                     [&](const auto& provided) { return provided.contract == contract; });
}

bool will_do(const Manifest& consumer, const RequiredContract& required, const Manifest& provider) {
  return std::any_of(provider.provides.begin(), provider.provides.end(), [&](const auto& provided) {
    return provided.contract == required.contract && !manifest::find_mismatch(consumer, required, provider, provided);
  });
}

/// Takes back the changes of those that provided a contract to a plugin which is without it now.
class Provisions {
 public:
  Provisions(std::vector<Wanted>& wanted, const Members& running, std::vector<Unmet>& unmet)
      : wanted_(wanted), running_(running), unmet_(unmet) {}

  bool restore_for(const Wanted& consumer, const Unmet& refusal) {
    const auto& manifest = *consumer.record->manifest;
    const auto name = consumer.name();
    bool has_restored = false;
    for (const auto& required : manifest.requires_) {
      if (!required.optional && !is_met(name, manifest, required)) has_restored |= restore(name, required, refusal);
    }
    return has_restored;
  }

 private:
  [[nodiscard]] bool is_met(const std::string& name, const Manifest& consumer, const RequiredContract& required) const {
    return std::any_of(wanted_.begin(), wanted_.end(), [&](const Wanted& one) {
      return one.name() != name && will_do(consumer, required, *one.record->manifest);
    });
  }

  bool restore(const std::string& consumer, const RequiredContract& required, const Unmet& refusal) {
    bool has_restored = false;
    for (auto& one : wanted_) {
      const auto runs = running_.find(one.name());
      if (one.name() == consumer || runs == running_.end() || one.identity() == runs->second.identity()) continue;
      const auto& former = *runs->second.record->manifest;
      if (!provides(former, required.contract)) continue;
      unmet_.push_back({.name = one.name(),
                        .kind = Unmet::Kind::refused,
                        .reason = explain(one, consumer, required, refusal),
                        .exhibit = refusal.exhibit,
                        .record = one.record});
      one = as_it_runs(one.name(), runs->second, "a plugin that runs needs it as it is");
      has_restored = true;
    }
    return has_restored;
  }

  static std::string explain(const Wanted& change, const std::string& consumer, const RequiredContract& required,
                             const Unmet& refusal) {
    std::string text = "'" + change.name() + "' " + change.record->manifest->version.to_string();
    text += " would leave '" + consumer + "', which runs, without " + required.contract;
    text += " (" + refusal.reason + "); change both together, or disable '" + consumer + "' first";
    return text;
  }

  std::vector<Wanted>& wanted_;
  const Members& running_;
  std::vector<Unmet>& unmet_;
};

}  // namespace

Wanted as_it_runs(const std::string& name, const Member& member, std::string why) {
  auto config = std::make_shared<config::PluginConfig>();
  config->name = name;
  read_settings(member.config_text, *config);
  return {.config = std::move(config), .record = member.record, .why = std::move(why)};
}

bool take_back_changes(std::vector<Wanted>& wanted, const std::vector<Unmet>& refused, const Members& running,
                       std::vector<Unmet>& unmet) {
  bool has_changed = false;
  for (const auto& refusal : refused) {
    const auto runs = running.find(refusal.name);
    const auto own =
        std::find_if(wanted.begin(), wanted.end(), [&](const Wanted& one) { return one.name() == refusal.name; });
    if (runs == running.end() || own == wanted.end()) continue;
    if (own->is_as(runs->second)) {
      has_changed |= Provisions(wanted, running, unmet).restore_for(*own, refusal);
      continue;
    }
    unmet.push_back(refusal);
    unmet.back().record = own->record;
    *own = as_it_runs(refusal.name, runs->second, "the change was refused");
    has_changed = true;
  }
  return has_changed;
}

}  // namespace mortise::release
