// Sets of generations that keep none of them: who works on one release after the other remembers the last set, and
// looks at what the next one has else.
#pragma once

#include <cstdint>
#include <memory>

#include "base/persistent_set.hpp"

namespace mortise::runtime {

class Generation;

/// One of a set. Whoever hands the set out holds them all meanwhile.
struct GenerationRef {
  explicit GenerationRef(const std::shared_ptr<Generation>& of);
  /// Null: nobody holds it any more.
  [[nodiscard]] std::shared_ptr<Generation> lock() const { return holder.lock(); }
  bool operator==(const GenerationRef& other) const noexcept { return number == other.number; }

  std::uint64_t number;  // no other one has it, in the life of the process
  const Generation* generation;
  std::weak_ptr<Generation> holder;
};

struct NumberOfGeneration {
  std::uint64_t operator()(const GenerationRef& ref) const noexcept { return ref.number; }
};
/// The eldest first.
using GenerationSet = base::PersistentSet<GenerationRef, NumberOfGeneration>;

}  // namespace mortise::runtime
