// The control: what the other files of this folder would be without their fault. Compiles.
#include <mortise/contracts.hpp>

#include <string>

struct Library {
  mortise::Method<mortise::Str(std::string_view)> title;
  mortise::Method<void(std::int32_t)> close;
};
MORTISE_CONTRACT(Library, "sample.library", 1, title, close)
MORTISE_IDEMPOTENT(Library, close, title)

struct City {
  std::string title(std::string_view author) { return std::string(author); }
  void close(std::int32_t) {}
};
void agree(mortise::Contracts& contracts, City& city) { contracts.provide<Library>(city, ""); }
