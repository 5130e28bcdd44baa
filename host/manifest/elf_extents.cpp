#include "manifest/elf_extents.hpp"

#include <elf.h>

#include <bit>
#include <cstring>

namespace mortise::manifest {
namespace {

constexpr unsigned char kHostOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

Finding error(std::string check, const std::string& shown_as, const std::string& message) {
  return {Finding::Weight::error, std::move(check), "'" + shown_as + "' " + message};
}

template <class Struct>
Struct copy_out(FileBytes file, std::uint64_t offset) {
  Struct value;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

bool is_inside(FileBytes file, std::uint64_t offset, std::uint64_t size) {
  return offset <= file.size() && size <= file.size() - offset;
}

/// The offset behind a part, or as much as fits a number.
std::uint64_t end_of(std::uint64_t offset, std::uint64_t size) {
  return size > UINT64_MAX - offset ? UINT64_MAX : offset + size;
}

Finding truncated(FileBytes file, const std::string& shown_as, const std::string& what, std::uint64_t end) {
  return error("elf-truncated", shown_as,
               "is truncated: the file ends at " + std::to_string(file.size()) + ", but its " + what + " up to " +
                   std::to_string(end) + "; copy it again");
}

std::optional<Finding> check_identity(FileBytes file, const std::string& shown_as) {
  if (file.size() < SELFMAG || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0) {
    return error("elf-magic", shown_as,
                 file.empty() ? "is empty; copy it again"
                              : "is no shared library: it has no ELF header; drop the .so that the build made");
  }
  if (file.size() < sizeof(Elf64_Ehdr)) return truncated(file, shown_as, "ELF header reaches", sizeof(Elf64_Ehdr));
  if (file[EI_CLASS] != ELFCLASS64) {
    return error("elf-class", shown_as, "is no 64-bit library; this host is 64-bit; build it for this host");
  }
  if (file[EI_DATA] != kHostOrder) {
    return error("elf-machine", shown_as, "has the byte order of another machine; build it for this host");
  }
  return std::nullopt;
}

std::optional<Finding> check_tables(FileBytes file, const Elf64_Ehdr& header, const std::string& shown_as) {
  const bool has_sections = header.e_shoff != 0;
  if (header.e_phnum == 0 || header.e_phnum == PN_XNUM || header.e_phentsize != sizeof(Elf64_Phdr) ||
      (has_sections && (header.e_shnum == 0 || header.e_shentsize != sizeof(Elf64_Shdr)))) {
    return error("elf-header", shown_as, "has an ELF header that no linker for this host writes; build it again");
  }
  const std::uint64_t programs = std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
  if (!is_inside(file, header.e_phoff, programs)) {
    return truncated(file, shown_as, "ELF header says that program headers reach", end_of(header.e_phoff, programs));
  }
  const std::uint64_t sections = std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr);
  if (has_sections && !is_inside(file, header.e_shoff, sections)) {
    return truncated(file, shown_as, "ELF header says that section headers reach", end_of(header.e_shoff, sections));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Finding> check_extents(FileBytes file, const std::string& shown_as) {
  if (auto finding = check_identity(file, shown_as)) return finding;
  const auto header = copy_out<Elf64_Ehdr>(file, 0);
  if (auto finding = check_tables(file, header, shown_as)) return finding;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto program = copy_out<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (program.p_type != PT_LOAD && program.p_type != PT_DYNAMIC && program.p_type != PT_NOTE) continue;
    if (!is_inside(file, program.p_offset, program.p_filesz)) {
      return truncated(file, shown_as, "program header says that a segment reaches",
                       end_of(program.p_offset, program.p_filesz));
    }
  }
  return std::nullopt;
}

}  // namespace mortise::manifest
