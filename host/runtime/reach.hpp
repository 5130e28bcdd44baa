// Whom each generation of a set can reach through what it is bound to. Where nothing on the way has changed since the
// last set, the list is the same one: it may be long, and there are as many as generations.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "runtime/binder.hpp"
#include "runtime/release.hpp"

namespace mortise::runtime {

/// One thread at a time. Holds no generation.
class Reach {
 public:
  /// By place. `bounds` are the Binder's, for these generations.
  std::vector<Reached> find(std::span<const GenerationPtr> generations, std::span<const BoundPtr> bounds);

 private:
  struct Known {
    BoundPtr bound;
    std::weak_ptr<const Reached::element_type> reached;
  };
  std::unordered_map<std::uint64_t, Known> known_;  // of the last set, by the generation's number
};

}  // namespace mortise::runtime
