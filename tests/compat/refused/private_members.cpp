// refused: Library::title
// refused: Money
// refused: this parameter type of this method cannot cross a contract; use a fixed-width integer
#include <mortise/contracts.hpp>

class Money {
  std::int64_t units_ = 0;
};
struct Library {
  mortise::Method<void()> close;
  mortise::Method<void(Money)> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, title)
