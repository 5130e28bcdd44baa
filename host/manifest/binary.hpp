// A plugin's file as the gate sees it: ELF facts and the manifest note, read through libelf without running or
// mapping the file as code. Every offset in the file is checked before it is followed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "manifest/manifest.hpp"

namespace mortise::manifest {

/// Something that the gate has to say of a file; a check that passes says nothing.
struct Finding {
  enum class Weight { error, warning, note };  // refused; taken, but better mended; good to know
  Weight weight = Weight::error;
  std::string check;    // stable id: "elf-machine", "entry-symbol", "textrel", "gnu-unique", ...
  std::string message;  // what is wrong and what to do
};

/// All that can be said of a file without running it.
struct Inspection {
  std::vector<Finding> findings;
  std::shared_ptr<const Manifest> manifest;     // null when there is none or it is wrong
  std::vector<std::string> gnu_unique_symbols;  // why dlclose would leave it mapped
  std::vector<std::string> needed_libraries;
  bool uses_thread_local_destructors = false;  // imports __cxa_thread_atexit
  std::string build_id;                        // hexadecimal, may be empty

  /// The first error, or null: the gate lets it through.
  [[nodiscard]] const Finding* rejection() const;
};

/// Looks at an ordinary file: ELF class, machine, type, extents inside the file, entry symbol (exactly one
/// export), ABI major, TEXTREL, RPATH/RUNPATH, GNU_UNIQUE, manifest, the methods of its contracts. Never fails: what is
/// wrong is a finding.
/// `shown_as` is the path that messages name. A file that cannot be read gets the one finding "unreadable".
Inspection inspect(const std::filesystem::path& file, const std::string& shown_as);

/// The same for the content of a file in memory.
Inspection inspect_bytes(std::span<const std::uint8_t> file, const std::string& shown_as);

}  // namespace mortise::manifest
