// refused: Library
// refused: MORTISE_IDEMPOTENT stands below the MORTISE_CONTRACT of its struct
#include <mortise/contracts.hpp>

struct Library {
  mortise::Method<void()> close;
  mortise::Method<void()> open;
};
MORTISE_IDEMPOTENT(Library, close)
MORTISE_CONTRACT(Library, "sample.library", 1, close, open)
