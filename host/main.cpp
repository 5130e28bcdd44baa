// `mortise`: builds the seams to the system and hands them to the command line.
#include <iostream>

#include "application.hpp"
#include "base/inherited_sockets.hpp"
#include "base/process.hpp"
#include "cli/command_line.hpp"
#include "loader/probe.hpp"

int main(int argc, char** argv) {
  mortise::base::RealFiles files;
  auto inherited = mortise::base::InheritedSockets::from_environment();
  const mortise::cli::Parts parts{
      .files = files,
      .out = std::cout,
      .err = std::cerr,
      .executable = mortise::base::own_executable(),
      .serve =
          [&](mortise::config::HostConfig host) {
            return mortise::Application(std::move(host), files, std::move(inherited)).run();
          },
      .probe = mortise::loader::probe_main};
  return mortise::cli::run_command_line(argc, argv, parts);
}
