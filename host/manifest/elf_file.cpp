#include "manifest/elf_file.hpp"

#include <utility>

namespace mortise::manifest {

base::Result<ElfFile> ElfFile::open(FileBytes bytes) {
  const auto refuse = [] {
    return base::Error{base::ErrorCode::invalid_argument,
                       std::string("cannot be read as ELF: ") + elf_errmsg(-1) + "; build it again"};
  };
  elf_version(EV_CURRENT);
  ElfFile file(bytes);
  // libelf's signature lacks the const; it writes only through elf_update().
  file.elf_ = elf_memory(reinterpret_cast<char*>(const_cast<std::uint8_t*>(bytes.data())), bytes.size());
  std::size_t count = 0;
  if (file.elf_ == nullptr || gelf_getehdr(file.elf_, &file.header_) == nullptr ||
      elf_getphdrnum(file.elf_, &count) != 0) {
    return refuse();
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (gelf_getphdr(file.elf_, static_cast<int>(i), &file.programs_.emplace_back()) == nullptr) return refuse();
  }
  return file;
}

ElfFile::ElfFile(ElfFile&& other) noexcept
    : file_(other.file_),
      elf_(std::exchange(other.elf_, nullptr)),
      header_(other.header_),
      programs_(std::move(other.programs_)) {}

ElfFile::~ElfFile() { elf_end(elf_); }

const GElf_Phdr* ElfFile::program(std::uint32_t type) const {
  for (const auto& program : programs_) {
    if (program.p_type == type) return &program;
  }
  return nullptr;
}

std::uint64_t ElfFile::symbol_table_size(std::uint64_t address) const {
  for (Elf_Scn* section = elf_nextscn(elf_, nullptr); section != nullptr; section = elf_nextscn(elf_, section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    if (header.sh_type == SHT_DYNSYM && header.sh_addr == address) return header.sh_size;
  }
  return 0;
}

FileBytes ElfFile::bytes(std::uint64_t offset, std::uint64_t size) const {
  if (offset > file_.size() || size > file_.size() - offset) return {};
  return file_.subspan(offset, size);
}

FileBytes ElfFile::bytes_at(std::uint64_t address) const {
  for (const auto& program : programs_) {
    if (program.p_type != PT_LOAD || address < program.p_vaddr || address - program.p_vaddr >= program.p_filesz) {
      continue;
    }
    const auto skipped = address - program.p_vaddr;
    return bytes(program.p_offset + skipped, program.p_filesz - skipped);
  }
  return {};
}

Elf_Data* ElfFile::chunk(FileBytes part, Elf_Type type) const {
  if (part.empty()) return nullptr;
  return elf_getdata_rawchunk(elf_, part.data() - file_.data(), part.size(), type);
}

}  // namespace mortise::manifest
