#include "loader/probe.hpp"

#include <iostream>

#include "base/process.hpp"
#include "loader/image.hpp"

namespace mortise::loader {

int probe_main(const std::filesystem::path& image, int refused) {
  base::disable_core_dumps();
  base::leave_terminal();
  const auto loaded = Image::load(std::filesystem::absolute(image));
  if (loaded) return 0;
  std::cerr << loaded.error().message << std::endl;
  return refused;
}

}  // namespace mortise::loader
