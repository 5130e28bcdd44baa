// refused: Library::title
// refused: basic_string<char
// refused: this result type of this method cannot cross a contract; use void, a fixed-width integer
#include <mortise/contracts.hpp>

#include <string>

struct Library {
  mortise::Method<void()> close;
  mortise::Method<std::string(std::int32_t)> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, title)
