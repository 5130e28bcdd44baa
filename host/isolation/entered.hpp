// On whose behalf a thread of a worker is inside the plugin, so that what the plugin calls of others is made in the
// same scope of the host's.
#pragma once

#include <cstdint>

namespace mortise::isolation {

/// On the stack of the thread that enters; may be nested, and then the inner one counts until it ends.
class Entered {
 public:
  enum class Way { request, contract_call };

  /// `number`: of the call, in its part of the area.
  Entered(Way way, std::uint32_t number) noexcept;
  ~Entered();
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

  /// The calling thread's innermost; null: it is inside on nobody's behalf.
  static const Entered* current() noexcept;

  const Way way;
  const std::uint32_t number;

 private:
  const Entered* const outer_;
};

}  // namespace mortise::isolation
