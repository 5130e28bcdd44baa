// refused: Library::title
// refused: Page
// refused: this parameter type of this method cannot cross a contract; use a fixed-width integer
// refused: without arrays
#include <mortise/contracts.hpp>

struct Point {
  std::int32_t x, y;
};
struct Page {
  Point corners[2];
};
struct Library {
  mortise::Method<void()> close;
  mortise::Method<void(Page)> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, title)
