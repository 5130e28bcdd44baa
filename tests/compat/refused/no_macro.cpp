// refused: Library
// refused: this struct is no contract: MORTISE_CONTRACT(...) is missing beside it
#include <mortise/contracts.hpp>

struct Library {
  mortise::Method<void()> close;
};
void agree(mortise::Contracts& contracts) { contracts.require<Library>(0, ""); }
