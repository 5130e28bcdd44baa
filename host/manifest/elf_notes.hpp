// The ELF notes that the host cares for: the manifest, contracts and the build id. Inside this folder only.
#pragma once

#include <string>
#include <vector>

#include "manifest/elf_file.hpp"

namespace mortise::manifest {

struct Notes {
  std::vector<FileBytes> manifests;   // as they stand in the file; more than one is a fault of the build
  std::vector<FileBytes> contracts;   // likewise; each compiled source may have left a copy
  std::vector<FileBytes> idempotent;  // likewise, of which methods may be called once more
  std::string build_id;               // hexadecimal, may be empty
};

/// Looks through every PT_NOTE segment, by owner and type. What is malformed is passed over.
Notes read_notes(const ElfFile& elf);

}  // namespace mortise::manifest
