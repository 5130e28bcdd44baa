// refused: Library::title
// refused: long double
// refused: this result type of this method cannot cross a contract; use void, a fixed-width integer
#include <mortise/contracts.hpp>

struct Library {
  mortise::Method<void()> close;
  mortise::Method<long double()> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, title)
