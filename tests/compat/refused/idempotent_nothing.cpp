// refused: MORTISE_IDEMPOTENT names at least one method
#include <mortise/contracts.hpp>

struct Library {
  mortise::Method<void()> close;
  mortise::Method<void()> open;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, open)
MORTISE_IDEMPOTENT(Library)
