#include "release/order.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace mortise::release {
namespace {

using manifest::RequiredContract;

std::string contract_id(const std::string& name, std::uint32_t version) { return name + "/" + std::to_string(version); }

/// Walks the dependency graph depth first; colours nodes as it goes, keeps the path for naming a circle.
class Sorter {
 public:
  explicit Sorter(std::vector<Wanted> wanted) : wanted_(std::move(wanted)), marks_(wanted_.size(), Mark::unseen) {
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      for (const auto& provided : wanted_[i].record->manifest->provides) {
        providers_[contract_id(provided.name, provided.version)].push_back(i);
      }
    }
  }

  Order sort() {
    for (std::size_t i = 0; i < wanted_.size(); ++i) visit(i);
    order_.ordered.reserve(placed_.size());
    for (const auto index : placed_) order_.ordered.push_back(std::move(wanted_[index]));
    return std::move(order_);
  }

 private:
  enum class Mark { unseen, on_path, placed, refused };

  /// True when the plugin is placed.
  bool visit(std::size_t index) {
    if (marks_[index] == Mark::placed || marks_[index] == Mark::refused) return marks_[index] == Mark::placed;
    marks_[index] = Mark::on_path;
    path_.push_back(index);
    std::optional<std::string> fault;
    for (const auto& required : requirements(index)) {
      fault = visit_providers(index, required);
      if (fault && !required.optional) break;
      fault.reset();
    }
    path_.pop_back();
    if (fault) {
      marks_[index] = Mark::refused;
      order_.refused.push_back(
          {.name = wanted_[index].name(), .kind = Unmet::Kind::refused, .reason = *fault, .keep_running = true});
      return false;
    }
    marks_[index] = Mark::placed;
    placed_.push_back(index);
    return true;
  }

  [[nodiscard]] const std::vector<RequiredContract>& requirements(std::size_t index) const {
    return wanted_[index].record->manifest->requires_;
  }

  /// Whether `from` requires, itself or through others, what `target` provides.
  bool needs(std::size_t from, std::size_t target, std::vector<bool>& seen) const {
    if (from == target) return true;
    if (seen[from]) return false;
    seen[from] = true;
    for (const auto& required : requirements(from)) {
      const auto found = providers_.find(contract_id(required.name, required.version));
      if (required.optional || found == providers_.end()) continue;
      for (const auto provider : found->second) {
        if (needs(provider, target, seen)) return true;
      }
    }
    return false;
  }

  /// Places the providers of one contract; says why when none can be.
  std::optional<std::string> visit_providers(std::size_t consumer, const RequiredContract& required) {
    const auto id = contract_id(required.name, required.version);
    const auto need = "requires contract " + id + " from a plugin of version '" + required.provider.text() + "'";
    const auto found = providers_.find(id);
    if (found == providers_.end()) {
      return need + ", which no enabled plugin provides; drop and enable one that does";
    }
    std::string why;
    bool is_placed = false;
    for (const auto provider : found->second) {
      if (provider == consumer) continue;
      // An optional wish must not close a circle that the provider's own needs make: the provider then starts later.
      std::vector<bool> seen(wanted_.size());
      if (required.optional && needs(provider, consumer, seen)) continue;
      const auto& manifest = *wanted_[provider].record->manifest;
      if (!required.provider.contains(manifest.version)) {
        why += "; '" + manifest.name + "' " + manifest.version.to_string() + " provides it but is outside the range";
      } else if (marks_[provider] == Mark::on_path) {
        why += "; a circle: " + circle(provider, id);
      } else if (visit(provider)) {
        is_placed = true;
      } else {
        why += "; '" + manifest.name + "' provides it but cannot start itself";
      }
    }
    if (is_placed) return std::nullopt;
    return need + (why.empty() ? ", and only provides it itself" : why);
  }

  [[nodiscard]] std::string circle(std::size_t from, const std::string& id) const {
    std::string text;
    for (auto it = std::find(path_.begin(), path_.end(), from); it != path_.end(); ++it) {
      text += wanted_[*it].name() + " -> ";
    }
    return text + wanted_[from].name() + " (through " + id + ")";
  }

  std::vector<Wanted> wanted_;
  std::vector<Mark> marks_;
  std::map<std::string, std::vector<std::size_t>> providers_;
  std::vector<std::size_t> path_;
  std::vector<std::size_t> placed_;  // in the order of start
  Order order_;
};

}  // namespace

Order order_by_contracts(std::vector<Wanted> wanted) { return Sorter(std::move(wanted)).sort(); }

}  // namespace mortise::release
