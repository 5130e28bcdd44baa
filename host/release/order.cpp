#include "release/order.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "manifest/provider_match.hpp"

namespace mortise::release {
namespace {

using manifest::Manifest;
using manifest::ProvidedContract;
using manifest::RequiredContract;

/// The plugins, by their places in the list, and who will do for whom.
class Graph {
 public:
  /// One requirement with the plugins that will do for it, its own left out.
  struct Need {
    const RequiredContract* required = nullptr;
    std::vector<std::size_t> fitting;
  };

  explicit Graph(const std::vector<Wanted>& wanted) : wanted_(wanted), needs_(wanted.size()) {
    providers_.reserve(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      for (const auto& provided : manifest(i).provides) {
        if (!provided.is_topic) providers_[provided.contract].emplace_back(i, &provided);
      }
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      needs_[i].reserve(manifest(i).requires_.size());
      for (const auto& required : manifest(i).requires_) needs_[i].push_back({&required, find_fitting(i, required)});
    }
  }

  [[nodiscard]] std::size_t size() const { return wanted_.size(); }
  [[nodiscard]] const Manifest& manifest(std::size_t i) const { return *wanted_[i].record->manifest; }
  [[nodiscard]] const std::vector<Need>& needs(std::size_t i) const { return needs_[i]; }

  using Offer = std::pair<std::size_t, const ProvidedContract*>;
  [[nodiscard]] const std::vector<Offer>& offers(std::string_view contract) const {
    static const std::vector<Offer> kNone;
    const auto found = providers_.find(contract);
    return found == providers_.end() ? kNone : found->second;
  }

 private:
  [[nodiscard]] std::vector<std::size_t> find_fitting(std::size_t consumer, const RequiredContract& required) const {
    std::vector<std::size_t> fitting;
    for (const auto& [provider, provided] : offers(required.contract)) {
      const bool is_new = fitting.empty() || fitting.back() != provider;
      if (provider == consumer || !is_new) continue;
      if (!manifest::find_mismatch(manifest(consumer), required, manifest(provider), *provided)) {
        fitting.push_back(provider);
      }
    }
    return fitting;
  }

  const std::vector<Wanted>& wanted_;
  std::unordered_map<std::string_view, std::vector<Offer>> providers_;  // by contract, whose text is a manifest's
  std::vector<std::vector<Need>> needs_;
};

/// A subset of the plugins.
using Marks = std::vector<bool>;

bool is_met(const Graph::Need& need, const Marks& placed) {
  return need.required->optional ||
         std::any_of(need.fitting.begin(), need.fitting.end(), [&](std::size_t i) { return placed[i]; });
}

bool can_start(const Graph& graph, std::size_t plugin, const Marks& placed) {
  const auto& needs = graph.needs(plugin);
  return std::all_of(needs.begin(), needs.end(), [&](const Graph::Need& need) { return is_met(need, placed); });
}

/// Those that start in some order: grown from the plugins that need nobody, so that no circle gets in.
Marks find_startable(const Graph& graph) {
  Marks startable(graph.size());
  for (bool has_grown = true; has_grown;) {
    has_grown = false;
    for (std::size_t i = 0; i < graph.size(); ++i) {
      if (startable[i] || !can_start(graph, i, startable)) continue;
      startable[i] = true;
      has_grown = true;
    }
  }
  return startable;
}

/// Puts the startable plugins into an order.
class Sorter {
 public:
  Sorter(const Graph& graph, const Marks& startable) : graph_(graph), startable_(startable), placed_(graph.size()) {}

  std::vector<std::size_t> sort() {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < graph_.size(); ++i) {
      while (startable_[i] && !placed_[i]) {
        const auto next = find_next(i);
        placed_[next] = true;
        order.push_back(next);
      }
    }
    return order;
  }

 private:
  /// Of `plugin` and all that it waits for, one that waits for nobody. Where optional wishes make a circle, one that
  /// can start without them, among those that wait for the fewest: these are in the circle, not behind it.
  [[nodiscard]] std::size_t find_next(std::size_t plugin) const {
    std::size_t fewest = graph_.size() + 1;
    std::size_t best = plugin;
    for (const auto candidate : find_awaited(plugin)) {
      if (!can_start(graph_, candidate, placed_)) continue;
      const auto count = find_awaited(candidate).size();
      if (count == 1) return candidate;
      if (count >= fewest) continue;
      fewest = count;
      best = candidate;
    }
    return best;
  }

  /// The plugin and whom it waits for, directly or through others; nearest first.
  [[nodiscard]] std::vector<std::size_t> find_awaited(std::size_t plugin) const {
    std::vector<std::size_t> found{plugin};
    Marks seen(graph_.size());
    seen[plugin] = true;
    for (std::size_t at = 0; at < found.size(); ++at) {
      for (const auto& need : graph_.needs(found[at])) {
        for (const auto provider : need.fitting) {
          if (seen[provider] || placed_[provider] || !startable_[provider]) continue;
          seen[provider] = true;
          found.push_back(provider);
        }
      }
    }
    return found;
  }

  const Graph& graph_;
  const Marks& startable_;
  Marks placed_;
};

/// Says why plugins cannot start.
class Refusals {
 public:
  Refusals(const Graph& graph, const Marks& startable, const std::vector<Spare>& spares)
      : graph_(graph), startable_(startable), spares_(spares) {}

  [[nodiscard]] Unmet explain(std::size_t plugin) const {
    const auto& need = first_unmet(plugin);
    const auto& required = *need.required;
    std::string why;
    std::string exhibit;
    bool has_remedy = false;
    for (const auto& [provider, provided] : graph_.offers(required.contract)) {
      if (provider == plugin) continue;
      const auto mismatch =
          manifest::find_mismatch(graph_.manifest(plugin), required, graph_.manifest(provider), *provided);
      has_remedy = has_remedy || !mismatch || mismatch->kind == manifest::Mismatch::Kind::methods;
      if (mismatch && mismatch->difference) exhibit += mismatch->difference->side_by_side("needs", "has");
      why += (why.empty() ? "" : "; ") + (mismatch ? mismatch->reason : explain_provider(plugin, required, provider));
    }
    if (why.empty()) why = explain_absence(plugin, required);
    const auto spare = name_spares(plugin, required);
    if (spare.empty() && !has_remedy) why += "; drop and enable one that will do";
    const auto& name = graph_.manifest(plugin).name;
    return {.name = name,
            .kind = Unmet::Kind::refused,
            .reason = "plugin '" + name + "': contract " + to_string(required) + ": " + why + spare,
            .exhibit = std::move(exhibit)};
  }

 private:
  [[nodiscard]] const Graph::Need& first_unmet(std::size_t plugin) const {
    const auto& needs = graph_.needs(plugin);
    return *std::find_if(needs.begin(), needs.end(),
                         [&](const Graph::Need& need) { return !is_met(need, startable_); });
  }

  [[nodiscard]] std::string explain_absence(std::size_t plugin, const RequiredContract& required) const {
    const bool is_own = !graph_.offers(required.contract).empty();
    return is_own ? "only '" + graph_.manifest(plugin).name + "' itself provides it"
                  : std::string("no enabled plugin provides it");
  }

  /// Of a provider that would do but does not start.
  [[nodiscard]] std::string explain_provider(std::size_t plugin, const RequiredContract& required,
                                             std::size_t provider) const {
    Marks seen(graph_.size());
    if (const auto path = find_path(provider, plugin, seen)) {
      return "a circle: " + step(plugin, required) + *path + "; make one of these requirements optional";
    }
    const auto& manifest = graph_.manifest(provider);
    return "'" + manifest.name + "' " + manifest.version.to_string() +
           " provides it but cannot start itself; mend that first";
  }

  [[nodiscard]] std::string step(std::size_t plugin, const RequiredContract& required) const {
    return graph_.manifest(plugin).name + " -(" + required.contract + ")-> ";
  }

  /// From one plugin to another through what keeps each from starting: "b -(a/1)-> a".
  // NOLINTNEXTLINE(misc-no-recursion): as deep as a chain of contracts is long
  [[nodiscard]] std::optional<std::string> find_path(std::size_t from, std::size_t to, Marks& seen) const {
    if (from == to) return graph_.manifest(to).name;
    if (seen[from] || startable_[from]) return std::nullopt;
    seen[from] = true;
    const auto& need = first_unmet(from);
    for (const auto provider : need.fitting) {
      if (const auto path = find_path(provider, to, seen)) return step(from, *need.required) + *path;
    }
    return std::nullopt;
  }

  /// Which dropped files would do, and how to have them run.
  [[nodiscard]] std::string name_spares(std::size_t plugin, const RequiredContract& required) const {
    std::string text;
    for (const auto& spare : spares_) {
      const auto& manifest = *spare.record->manifest;
      const auto will_do = [&](const ProvidedContract& provided) {
        return provided.contract == required.contract &&
               !manifest::find_mismatch(graph_.manifest(plugin), required, manifest, provided);
      };
      if (!std::any_of(manifest.provides.begin(), manifest.provides.end(), will_do)) continue;
      text += "; plugin '" + manifest.name + "' " + manifest.version.to_string() + " would do but ";
      text += spare.is_enabled
                  ? "was not chosen; see `mortise list`, and the range in plugins.d/" + manifest.name + ".json"
                  : "is not enabled; run `mortise enable " + manifest.name + "`";
    }
    return text;
  }

  const Graph& graph_;
  const Marks& startable_;
  const std::vector<Spare>& spares_;
};

}  // namespace

Order order_by_contracts(std::vector<Wanted> wanted, const std::vector<Spare>& spares) {
  const Graph graph(wanted);
  const auto startable = find_startable(graph);
  const Refusals refusals(graph, startable, spares);
  Order order;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!startable[i]) order.refused.push_back(refusals.explain(i));
  }
  order.ordered.reserve(wanted.size());
  for (const auto place : Sorter(graph, startable).sort()) order.ordered.push_back(std::move(wanted[place]));
  return order;
}

}  // namespace mortise::release
