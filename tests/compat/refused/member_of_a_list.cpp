// refused: Library::title
// refused: List<Entry|List<struct Entry
// refused: this result type of this method cannot cross a contract; use void, a fixed-width integer
#include <mortise/contracts.hpp>

struct Entry {
  const void* where;
};
struct Library {
  mortise::Method<void()> close;
  mortise::Method<mortise::List<Entry>()> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, title)
