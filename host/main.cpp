// `mortise`: builds the seams to the system and hands them to the command line.
#include <iostream>

#include "application.hpp"
#include "base/process.hpp"
#include "catalog/gate.hpp"
#include "cli/command_line.hpp"
#include "loader/probe.hpp"
#include "offered_interfaces.hpp"

int main(int argc, char** argv) {
  mortise::base::RealFiles files;
  const auto interfaces = mortise::offered_interfaces();
  const mortise::cli::Parts parts{.files = files,
                                  .out = std::cout,
                                  .err = std::cerr,
                                  .executable = mortise::base::own_executable(),
                                  .interfaces = interfaces,
                                  .serve =
                                      [&](mortise::config::HostConfig host) {
                                        return mortise::Application(std::move(host), interfaces, files).run();
                                      },
                                  .probe =
                                      [](const std::filesystem::path& image) {
                                        return mortise::loader::probe_main(image, mortise::catalog::kProbeRefused);
                                      }};
  return mortise::cli::run_command_line(argc, argv, parts);
}
