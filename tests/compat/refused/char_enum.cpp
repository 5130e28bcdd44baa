// refused: Library::title
// refused: Letter
// refused: this parameter type of this method cannot cross a contract; use a fixed-width integer
#include <mortise/contracts.hpp>

enum class Letter : char { a };
struct Library {
  mortise::Method<void()> close;
  mortise::Method<void(Letter)> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, title)
