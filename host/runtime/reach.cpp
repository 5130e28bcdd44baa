#include "runtime/reach.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "runtime/generation.hpp"

namespace mortise::runtime {
namespace {

/// Who is bound to whom, by place.
class Edges {
 public:
  Edges(std::span<const GenerationPtr> generations, std::span<const BoundPtr> bounds) {
    std::unordered_map<const Generation*, std::size_t> places;
    places.reserve(generations.size());
    for (std::size_t i = 0; i < generations.size(); ++i) places.emplace(generations[i].get(), i);
    begins_.reserve(bounds.size() + 1);
    for (const auto& bound : bounds) {
      begins_.push_back(providers_.size());
      if (!bound) continue;
      for (const auto& link : bound->links) {
        for (const auto& provider : link.providers) providers_.push_back(places.at(provider.generation));
      }
    }
    begins_.push_back(providers_.size());
  }
  [[nodiscard]] std::span<const std::size_t> from(std::size_t place) const {
    return std::span(providers_).subspan(begins_[place], begins_[place + 1] - begins_[place]);
  }

 private:
  std::vector<std::size_t> providers_;
  std::vector<std::size_t> begins_;  // in providers_, and the end of the last
};

/// Walks over one set; as many as there are generations share one list of who was seen.
class Walker {
 public:
  Walker(std::span<const GenerationPtr> generations, const Edges& edges)
      : generations_(generations), edges_(edges), seen_in_(generations.size()) {}

  Reached walk(std::size_t start) {
    ++walk_;
    seen_in_[start] = walk_;
    std::vector<std::size_t> seen{start};
    for (std::size_t next = 0; next < seen.size(); ++next) {
      for (const auto provider : edges_.from(seen[next])) {
        if (std::exchange(seen_in_[provider], walk_) != walk_) seen.push_back(provider);
      }
    }
    auto reached = std::make_shared<std::vector<GenerationPtr>>();
    reached->reserve(seen.size() - 1);
    for (const auto place : std::span(seen).subspan(1)) reached->push_back(generations_[place]);
    std::sort(reached->begin(), reached->end());
    return reached;
  }

 private:
  std::span<const GenerationPtr> generations_;
  const Edges& edges_;
  std::vector<std::uint64_t> seen_in_;  // by place: the walk that came by last
  std::uint64_t walk_ = 0;
};

/// Those from which one in `roots` is reached, too.
void spread_to_consumers(const Edges& edges, std::vector<bool>& roots) {
  for (bool has_grown = true; has_grown;) {
    has_grown = false;
    for (std::size_t i = 0; i < roots.size(); ++i) {
      const auto providers = edges.from(i);
      if (roots[i] || std::none_of(providers.begin(), providers.end(), [&](std::size_t p) { return roots[p]; })) {
        continue;
      }
      roots[i] = true;
      has_grown = true;
    }
  }
}

}  // namespace

std::vector<Reached> Reach::find(std::span<const GenerationPtr> generations, std::span<const BoundPtr> bounds) {
  const Edges edges(generations, bounds);
  const auto known_of = [&](std::size_t i) {
    const auto known = known_.find(generations[i]->number());
    return known == known_.end() || known->second.bound != bounds[i] ? nullptr : &known->second.reached;
  };
  std::vector<bool> is_new(generations.size());
  for (std::size_t i = 0; i < generations.size(); ++i) is_new[i] = known_of(i) == nullptr;
  spread_to_consumers(edges, is_new);
  std::vector<Reached> found(generations.size());
  Walker walker(generations, edges);
  for (std::size_t i = 0; i < generations.size(); ++i) {
    if (!is_new[i]) found[i] = known_of(i)->lock();
    if (!found[i]) found[i] = walker.walk(i);  // also where the last release that had it has gone
  }
  known_.clear();
  known_.reserve(generations.size());
  for (std::size_t i = 0; i < generations.size(); ++i) {
    known_.emplace(generations[i]->number(), Known{.bound = bounds[i], .reached = found[i]});
  }
  return found;
}

}  // namespace mortise::runtime
