#include "cli/plugin_changes.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "manifest/provider_match.hpp"

namespace mortise::cli {
namespace {

using Effect = Change::Effect;
using manifest::Manifest;
using manifest::ProvidedContract;
using manifest::RequiredContract;

const ProvidedContract* find(const std::vector<ProvidedContract>& list, const ProvidedContract& wanted) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const ProvidedContract& one) {
    return one.contract == wanted.contract && one.name == wanted.name;
  });
  return found == list.end() ? nullptr : &*found;
}

const RequiredContract* find(const std::vector<RequiredContract>& list, const RequiredContract& wanted) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const RequiredContract& one) {
    return one.contract == wanted.contract && one.name == wanted.name && one.all == wanted.all;
  });
  return found == list.end() ? nullptr : &*found;
}

/// The lines of `longer` behind those of `shorter`: "'rate', 'reset'".
std::string name_appended(const manifest::Methods& shorter, const manifest::Methods& longer) {
  std::string names;
  for (auto i = shorter.size(); i < longer.size(); ++i) names += (names.empty() ? "'" : ", '") + longer[i].name + "'";
  return names;
}

/// Collects the changes of one pair of builds.
class Comparison {
 public:
  Comparison(const Manifest& before, const Manifest& after) : before_(before), after_(after) {}

  std::vector<Change> run() {
    compare_provided();
    compare_methods();
    compare_required();
    compare_durable_tasks();
    for (const auto& interface : after_.interfaces) {
      const auto& old = before_.interfaces;
      if (std::find(old.begin(), old.end(), interface) != old.end()) continue;
      say(Effect::may_not_start,
          "needs the interface " + interface + " of the host, which " + old_version() + " did not");
    }
    std::stable_sort(changes_.begin(), changes_.end(),
                     [](const Change& a, const Change& b) { return a.effect < b.effect; });
    return std::move(changes_);
  }

 private:
  void say(Effect effect, std::string message) { changes_.push_back({effect, std::move(message)}); }
  [[nodiscard]] std::string old_version() const { return before_.version.to_string(); }

  void compare_provided() {
    const auto title = [](const ProvidedContract& provided, const Manifest& plugin) {
      return provided.contract + (provided.name == plugin.name ? "" : " as '" + provided.name + "'");
    };
    for (const auto& old : before_.provides) {
      if (old.is_topic) continue;  // who does not listen breaks nobody
      const auto* kept = find(after_.provides, old);
      if (kept == nullptr) {
        say(Effect::breaking, title(old, before_) + ": is not provided any longer; go on providing it");
      } else if (kept->rank != old.rank) {
        say(Effect::compatible, title(old, before_) + ": its rank is " + std::to_string(kept->rank) + ", was " +
                                    std::to_string(old.rank) + ", which may change who is called");
      }
    }
    for (const auto& provided : after_.provides) {
      if (find(before_.provides, provided) != nullptr) continue;
      say(Effect::compatible, title(provided, after_) + (provided.is_topic ? ": is heard, too" : ": is provided, too"));
    }
  }

  /// Of the contracts that both provide, under whatever names, and of the topics that both publish on.
  void compare_methods() {
    const auto has = [](const std::vector<manifest::PublishedTopic>& topics, const std::string& topic) {
      return std::any_of(topics.begin(), topics.end(), [&](const auto& one) { return one.topic == topic; });
    };
    for (const auto& [topic, was_durable] : before_.publishes) {
      if (has(after_.publishes, topic)) {
        compare_methods_of(topic);
      } else {
        say(Effect::breaking, topic + ": is not published any longer, and who subscribes hears nothing more");
      }
    }
    for (const auto& [topic, is_durable] : after_.publishes) {
      if (!has(before_.publishes, topic)) say(Effect::compatible, topic + ": is published, too");
    }
    std::set<std::string> offered;
    for (const auto& provided : after_.provides) offered.insert(provided.contract);
    std::set<std::string> done;
    for (const auto& old : before_.provides) {
      if (offered.contains(old.contract) && done.insert(old.contract).second) compare_methods_of(old.contract);
    }
  }

  void compare_durable_tasks() {
    const auto has = [](const Manifest& plugin, const std::string& task) {
      return std::find(plugin.durable_tasks.begin(), plugin.durable_tasks.end(), task) != plugin.durable_tasks.end();
    };
    for (const auto& task : before_.durable_tasks) {
      if (has(after_, task)) continue;
      say(Effect::compatible,
          "durable task " + task +
              ": is not handled any longer; what waits of it goes on waiting for a version that does");
    }
    for (const auto& task : after_.durable_tasks) {
      if (!has(before_, task)) say(Effect::compatible, "durable task " + task + ": is handled, too");
    }
  }

  void compare_methods_of(const std::string& contract) {
    const auto& old = before_.methods_of(contract);
    const auto& now = after_.methods_of(contract);
    if (auto difference = manifest::find_difference(old, now)) {
      changes_.push_back(
          {Effect::breaking,
           contract + ": " + difference->title() +
               "; leave the methods as they were and append, or provide the next version of the contract "
               "beside this one",
           std::move(difference)});
    } else if (now.size() > old.size()) {
      say(Effect::compatible, contract + ": appends " + name_appended(old, now));
    }
    compare_idempotent(contract, old, now);
  }

  /// Another host goes by the file of the plugin that it has, and calls once more what is not safe any longer.
  void compare_idempotent(const std::string& contract, const manifest::Methods& old, const manifest::Methods& now) {
    for (const auto& method : now) {
      const auto before =
          std::find_if(old.begin(), old.end(), [&](const auto& one) { return one.name == method.name; });
      if (before == old.end() || before->is_idempotent == method.is_idempotent) continue;
      const auto title = contract + ": method '" + method.name + "' ";
      if (method.is_idempotent) {
        say(Effect::compatible, title + "may be called once more when nobody knows whether a call arrived");
      } else {
        say(Effect::breaking,
            title +
                "is not idempotent any longer, and hosts that have the former file still call it once "
                "more when a call is lost; leave it in MORTISE_IDEMPOTENT, or append another method");
      }
    }
  }

  void compare_required() {
    for (const auto& required : after_.requires_) {
      if (!required.optional) compare_requirement(required);
    }
    for (const auto& old : before_.requires_) {
      const auto* kept = find(after_.requires_, old);
      if (old.optional || (kept != nullptr && !kept->optional)) continue;
      say(Effect::compatible, "can do without " + to_string(old));
    }
  }

  void compare_requirement(const RequiredContract& required) {
    const auto* old = find(before_.requires_, required);
    if (old == nullptr || old->optional) {
      return say(Effect::may_not_start, "needs " + to_string(required) + ", which " + old_version() + " did not");
    }
    if (old->provider.text() != required.provider.text()) {
      say(Effect::may_not_start, "needs " + required.contract + " from a plugin of version '" +
                                     required.provider.text() + "', was '" + old->provider.text() + "'");
    }
    compare_required_methods(required.contract);
  }

  /// A provider that did for the old build does for this one unless that needs other methods, or more.
  void compare_required_methods(const std::string& contract) {
    const auto& old = before_.methods_of(contract);
    const auto& now = after_.methods_of(contract);
    const auto lacking = manifest::find_difference(now, old);
    if (!lacking) return;
    if (lacking->kind == manifest::Difference::Kind::missing) {
      return say(Effect::may_not_start, "needs a provider of " + contract + " that has " + name_appended(old, now));
    }
    changes_.push_back({Effect::may_not_start, "needs another form of " + contract + ": " + lacking->title(),
                        manifest::find_difference(old, now)});
  }

  const Manifest& before_;
  const Manifest& after_;
  std::vector<Change> changes_;
};

/// The least version that may break what `before` promised.
manifest::Version next_breaking(const manifest::Version& before) {
  manifest::Version next;
  if (before.major > 0) {
    next.major = before.major + 1;
  } else {
    next.minor = before.minor + 1;
  }
  return next;
}

}  // namespace

const char* to_string(Change::Effect effect) {
  switch (effect) {
    case Effect::breaking: return "breaking";
    case Effect::may_not_start: return "may not start";
    case Effect::compatible: return "compatible";
  }
  return "compatible";
}

std::vector<Change> find_changes(const Manifest& before, const Manifest& after) {
  return Comparison(before, after).run();
}

bool is_breaking(const std::vector<Change>& changes) {
  return std::any_of(changes.begin(), changes.end(), [](const Change& c) { return c.effect == Effect::breaking; });
}

std::string judge_version_step(const Manifest& before, const Manifest& after, const std::vector<Change>& changes) {
  const auto step = before.version.to_string() + " -> " + after.version.to_string();
  const auto least = next_breaking(before.version);
  if (after.version <= before.version) {
    return "the version step " + step + " is none upwards; a host goes on with the higher version that it has";
  }
  if (is_breaking(changes) && after.version < least) {
    return "the version step " + step + " promises that nothing breaks; make it " + least.to_string() +
           " or undo the break";
  }
  return {};
}

}  // namespace mortise::cli
