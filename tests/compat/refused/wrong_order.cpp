// refused: Library
// refused: MORTISE_CONTRACT lists the members in the order of the struct
#include <mortise/contracts.hpp>

struct Library {
  mortise::Method<void()> close;
  mortise::Method<void()> open;
};
MORTISE_CONTRACT(Library, "sample.library", 1, open, close)
