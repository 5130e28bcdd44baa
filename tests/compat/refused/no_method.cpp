// refused: Library::count
// refused: every member that MORTISE_CONTRACT lists is a mortise::Method<R(Args...)>
#include <mortise/contracts.hpp>

struct Library {
  mortise::Method<void()> close;
  std::int64_t count[2];
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, count)
