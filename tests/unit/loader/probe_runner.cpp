// The smallest program that a probe can run: `probe_runner probe IMAGE`, as `mortise probe IMAGE`.
#include <iostream>
#include <string_view>

#include "catalog/gate.hpp"
#include "loader/probe.hpp"

int main(int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != "probe") {
    std::cerr << "usage: probe_runner probe IMAGE\n";
    return 2;
  }
  return mortise::loader::probe_main(argv[2], mortise::catalog::kProbeRefused);
}
