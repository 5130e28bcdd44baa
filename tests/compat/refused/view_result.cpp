// refused: Library::title
// refused: basic_string_view<char
// refused: this result type of this method cannot cross a contract; use void, a fixed-width integer
#include <mortise/contracts.hpp>

struct Library {
  mortise::Method<void()> close;
  mortise::Method<std::string_view()> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, title)
