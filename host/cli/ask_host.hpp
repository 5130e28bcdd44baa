// What the commands that ask the running host have in common.
#pragma once

#include <ostream>
#include <string>

#include "cli/commands.hpp"
#include "cli/control_client.hpp"

namespace mortise::cli {

inline void print_json(const ControlClient::Document& document, std::ostream& out) {
  out << document.dump(2, ' ', false, ControlClient::Document::error_handler_t::replace) << '\n';
}

/// That the host, whose status that is, knows no such plugin, and which one may be meant. kFailed.
ExitCode complain_of_name(const std::string& name, const ControlClient::Document& status, const Parts& parts);

/// Loads the configuration, asks, and shows the answer by `show`, which returns the exit code.
template <class Ask, class Show>
int ask_host(const std::filesystem::path& config_file, const Parts& parts, const Ask& ask, const Show& show) {
  const auto host = load_or_complain(config_file, parts);
  if (!host) return kFailed;
  ControlClient client(*host, parts.files);
  const base::Result<ControlClient::Document> answer = ask(client);
  if (answer) return show(*answer);
  parts.err << answer.error().message << '\n';
  return kFailed;
}

}  // namespace mortise::cli
