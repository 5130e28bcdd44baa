// refused: Library::title
// refused: Page
// refused: this parameter type of this method cannot cross a contract; use a fixed-width integer
// refused: without arrays
#include <mortise/contracts.hpp>

struct Page {
  std::int32_t number;
  std::uint8_t digest[32];
  std::int32_t size;
};
struct Library {
  mortise::Method<void()> close;
  mortise::Method<void(Page)> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, title)
