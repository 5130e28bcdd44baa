#include "catalog/gate.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/process.hpp"
#include "base/sha256.hpp"
#include "base/strings.hpp"

namespace mortise::catalog {
namespace {

using base::Error;
using base::ErrorCode;
using manifest::Finding;

constexpr std::size_t kMostEvidence = 600;
constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;

/// The end of what a child wrote, on one line.
std::string last_lines(std::string_view output) {
  while (!output.empty() && output.back() == '\n') output.remove_suffix(1);
  if (output.empty()) return "it wrote nothing";
  if (output.size() > kMostEvidence) output.remove_prefix(output.size() - kMostEvidence);
  std::string line;
  for (const char c : output) line += c == '\n' ? std::string(" | ") : std::string(1, c);
  return "its last output: " + base::printable(line, line.size());
}

Finding unknown_interface(const std::string& shown_as, const std::string& id, std::span<const std::string> offered) {
  std::string message =
      "'" + shown_as + "' requires the interface '" + id + "', which this host does not offer; it has ";
  for (const auto& one : offered) message.append(&one == &offered.front() ? "" : ", ").append(one);
  message +=
      ". Mend the id in the manifest's \"interfaces\", leave it out there if the plugin can do without, or use a host "
      "that offers it";
  return {Finding::Weight::error, "interface-unknown", std::move(message)};
}

void add_error(Verdict& verdict, std::string check, const Error& error) {
  verdict.inspection.findings.push_back({Finding::Weight::error, std::move(check), error.message});
}

}  // namespace

base::Result<void> check_placement(const base::FileStamp& stamp, const std::string& path) {
  const auto refuse = [&](ErrorCode code, const std::string& message) {
    return Error{code, "'" + path + "' " + message};
  };
  if (stamp.is_symlink()) {
    return refuse(ErrorCode::invalid_argument,
                  "is a symbolic link, which could lead anywhere; put the file itself there");
  }
  if (!stamp.is_regular()) return refuse(ErrorCode::invalid_argument, "is no regular file; remove or rename it");
  if (stamp.is_writable_by_others()) {
    return refuse(ErrorCode::permission_denied,
                  "can be written by every user of this machine; run: chmod o-w '" + path + "'");
  }
  const uid_t self = ::geteuid();
  if (stamp.owner != 0 && stamp.owner != self) {
    return refuse(ErrorCode::permission_denied, "belongs to user " + std::to_string(stamp.owner) +
                                                    "; only files of root and of the host's own user (" +
                                                    std::to_string(self) + ") are taken; chown it");
  }
  return {};
}

base::Result<std::string> hash_file(const std::string& path, base::Files& files) {
  const auto text = files.read(path, kMaxFileBytes);
  if (!text) return text.error();
  base::Sha256 sha256;
  sha256.update({reinterpret_cast<const std::uint8_t*>(text->data()), text->size()});
  return sha256.finish();
}

manifest::Inspection inspect_for(std::span<const std::string> offered, const std::string& file,
                                 const std::string& shown_as) {
  auto inspection = manifest::inspect(file, shown_as);
  if (!inspection.manifest) return inspection;
  for (const auto& id : inspection.manifest->interfaces) {
    if (std::find(offered.begin(), offered.end(), id) != offered.end()) continue;
    inspection.findings.push_back(unknown_interface(shown_as, id, offered));
  }
  return inspection;
}

Verdict check_file(const std::string& path, std::span<const std::string> offered, base::Files& files,
                   const Probe& probe) {
  Verdict verdict;
  const auto stamp = files.stamp(path);
  if (!stamp) {
    add_error(verdict, "unreadable", stamp.error());
    return verdict;
  }
  const auto placement = check_placement(*stamp, path);
  if (!stamp->is_regular()) {
    add_error(verdict, "placement", placement.error());
    return verdict;
  }
  verdict.inspection = inspect_for(offered, path, path);
  if (!placement) add_error(verdict, "placement", placement.error());
  if (auto digest = hash_file(path, files)) verdict.sha256 = std::move(*digest);
  if (!verdict.passed()) return verdict;
  if (const auto probed = probe(std::filesystem::absolute(path)); !probed) {
    add_error(verdict, "probe", probed.error().in("'" + path + "'"));
  }
  return verdict;
}

Probe make_process_probe(std::string executable, std::chrono::milliseconds limit) {
  return [executable = std::move(executable), limit](const std::filesystem::path& image) -> base::Result<void> {
    const auto end = base::run_process({executable, "probe", image.string()}, limit);
    if (!end) return Error{ErrorCode::unavailable, "could not be probed: " + end.error().message};
    using How = base::ProcessEnd::How;
    if (end->how == How::exited && end->code == 0) return {};
    const std::string trial = "was loaded on trial in a child process, which ";
    if (end->how == How::exited && end->code == kProbeRefused) {
      return Error{ErrorCode::failed_precondition, trial + "refused it; " + last_lines(end->output)};
    }
    const bool is_late = end->how == How::timed_out;
    return Error{is_late ? ErrorCode::deadline_exceeded : ErrorCode::failed_precondition,
                 trial + end->describe() + "; " + last_lines(end->output) +
                     "; mend what runs when the library is loaded: its static constructors and its entry function" +
                     (is_late ? "; or raise probe_timeout_ms and touch the file" : "")};
  };
}

}  // namespace mortise::catalog
