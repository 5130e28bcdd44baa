// refused: Library::title
// refused: const char
// refused: this parameter type of this method cannot cross a contract; use a fixed-width integer
#include <mortise/contracts.hpp>

struct Library {
  mortise::Method<void()> close;
  mortise::Method<void(const char*)> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, title)
