// An ELF file in memory, read through libelf. Takes only bytes that check_extents() let through; every further
// offset is checked here before it is followed. Inside this folder only.
#pragma once

#include <gelf.h>

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "manifest/elf_extents.hpp"

namespace mortise::manifest {

/// Owns libelf's handle, borrows the bytes. One thread.
class ElfFile {
 public:
  static base::Result<ElfFile> open(FileBytes file);
  ElfFile(ElfFile&& other) noexcept;
  ElfFile& operator=(ElfFile&&) = delete;
  ~ElfFile();

  [[nodiscard]] const GElf_Ehdr& header() const { return header_; }
  [[nodiscard]] const std::vector<GElf_Phdr>& programs() const { return programs_; }
  [[nodiscard]] const GElf_Phdr* program(std::uint32_t type) const;  // the first of its type, or null
  /// Size of the dynamic symbol table that starts at `address` by the section headers; 0 without them.
  [[nodiscard]] std::uint64_t symbol_table_size(std::uint64_t address) const;

  /// Bytes at a file offset; empty when they are not all inside the file.
  [[nodiscard]] FileBytes bytes(std::uint64_t offset, std::uint64_t size) const;
  /// All bytes from an address to the end of its PT_LOAD segment's part of the file; empty when there are none.
  [[nodiscard]] FileBytes bytes_at(std::uint64_t address) const;
  /// libelf's view of a part of the file that lies inside it; null when it cannot be read as `type`.
  [[nodiscard]] Elf_Data* chunk(FileBytes part, Elf_Type type) const;

 private:
  explicit ElfFile(FileBytes file) : file_(file) {}

  FileBytes file_;
  Elf* elf_ = nullptr;
  GElf_Ehdr header_{};
  std::vector<GElf_Phdr> programs_;
};

}  // namespace mortise::manifest
