// refused: title
// refused: City
// refused: the member function returns another type than the method
#include <mortise/contracts.hpp>

struct Library {
  mortise::Method<mortise::Str()> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, title)

struct City {
  int title() { return 7; }
};
void agree(mortise::Contracts& contracts, City& city) { contracts.provide<Library>(city, ""); }
