// refused: Library::title
// refused: Money &|Money&
// refused: this parameter type of this method cannot cross a contract; use a fixed-width integer
#include <mortise/contracts.hpp>

struct Money {
  std::int64_t units;
};
struct Library {
  mortise::Method<void()> close;
  mortise::Method<void(const Money&)> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, title)
