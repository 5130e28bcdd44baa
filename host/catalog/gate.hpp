// The gate: everything that is asked of a file before its code may run inside the host. Used by the catalogue
// for dropped files and by `mortise check` for a team's build.
#pragma once

#include <chrono>
#include <filesystem>
#include <span>
#include <string>

#include "base/files.hpp"
#include "catalog/catalog.hpp"
#include "manifest/binary.hpp"

namespace mortise::catalog {

/// The gate's whole answer about one file.
struct Verdict {
  manifest::Inspection inspection;  // its findings also hold those of the file checks and of the probe
  std::string sha256;
  [[nodiscard]] bool passed() const { return inspection.rejection() == nullptr; }
};

/// The SHA-256 of a file's content.
base::Result<std::string> hash_file(const std::string& path, base::Files& files);

/// Checks on the file as it lies in a directory: regular, no symbolic link, not writable by others, and of root or
/// of the user that the host runs as.
base::Result<void> check_placement(const base::FileStamp& stamp, const std::string& path);

/// manifest::inspect(), and whether the host has what the manifest requires: `offered` are the ids of its interfaces.
/// The finding of that is "interface-unknown".
manifest::Inspection inspect_for(std::span<const std::string> offered, const std::string& file,
                                 const std::string& shown_as);

/// The whole gate for one file, without a catalogue: placement, inspection, and when these have found nothing, the
/// probe. Findings have the checks "placement" and "probe" beside those of inspect_for().
Verdict check_file(const std::string& path, std::span<const std::string> offered, base::Files& files,
                   const Probe& probe);

/// How the child of the probe ends when it could not load the image: its last output says why, and what to do. Every
/// other code but 0 is the image's own doing.
constexpr int kProbeRefused = 3;

/// A probe that runs `executable probe IMAGE` as a child process with a time limit. Its error has the code
/// `unavailable` when no child could be started, which says nothing about the image: try again.
Probe make_process_probe(std::string executable, std::chrono::milliseconds limit);

}  // namespace mortise::catalog
