// refused: Library::title
// refused: Colour
// refused: this parameter type of this method cannot cross a contract; use a fixed-width integer
#include <mortise/contracts.hpp>

enum Colour { kRed, kGreen };
struct Library {
  mortise::Method<void()> close;
  mortise::Method<void(Colour)> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, title)
