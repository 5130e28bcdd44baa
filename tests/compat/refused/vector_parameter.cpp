// refused: Library::title
// refused: vector<int
// refused: this parameter type of this method cannot cross a contract; use a fixed-width integer
#include <mortise/contracts.hpp>

#include <vector>

struct Library {
  mortise::Method<void()> close;
  mortise::Method<void(std::vector<std::int32_t>)> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, title)
