// refused: Library
// refused: MORTISE_CONTRACT lists every member of the struct, and the struct has nothing but methods
#include <mortise/contracts.hpp>

struct Library {
  mortise::Method<void()> close;
  mortise::Method<void()> open;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close)
