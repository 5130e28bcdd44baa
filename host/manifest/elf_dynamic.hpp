// What the dynamic linker would read of a library: its dynamic section and symbols. Inside this folder only.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "manifest/elf_file.hpp"

namespace mortise::manifest {

/// One entry of the dynamic symbol table.
struct DynamicSymbol {
  std::string name;
  unsigned binding = 0;  // STB_*
  unsigned type = 0;     // STT_*
  bool is_defined = false;
  bool is_visible = false;   // others can bind to it
  bool is_absolute = false;  // a mere number: the version names that linkers emit
};

struct DynamicFacts {
  std::vector<std::string> needed;
  std::string search_path;      // DT_RPATH or DT_RUNPATH
  std::string search_path_tag;  // which of them: "RPATH"
  bool has_text_relocations = false;
  bool is_never_unloaded = false;  // DF_1_NODELETE
  bool is_executable = false;      // DF_1_PIE
  std::vector<DynamicSymbol> symbols;
};

/// Reads both by the dynamic section, as the linker does; section headers only help to size the symbol table. The
/// error begins with a verb, to stand behind the file's name.
base::Result<DynamicFacts> read_dynamic(const ElfFile& elf);

}  // namespace mortise::manifest
