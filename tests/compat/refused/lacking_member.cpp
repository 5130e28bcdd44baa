// refused: title
// refused: City
// refused: the implementation lacks a member function of this method's name that takes its parameters
#include <mortise/contracts.hpp>

struct Library {
  mortise::Method<void()> close;
  mortise::Method<mortise::Str(std::string_view)> title;
};
MORTISE_CONTRACT(Library, "sample.library", 1, close, title)

struct City {
  void close() {}
};
void agree(mortise::Contracts& contracts, City& city) { contracts.provide<Library>(city, ""); }
