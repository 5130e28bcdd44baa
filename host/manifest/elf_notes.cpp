#include "manifest/elf_notes.hpp"

#include <mortise/abi/contracts.h>
#include <mortise/abi/manifest_note.h>

#include <string_view>

#include "base/strings.hpp"

namespace mortise::manifest {
namespace {

/// The owner's name without the NUL that its size counts.
std::string_view owner_of(FileBytes segment, const GElf_Nhdr& note, std::size_t name_offset) {
  if (note.n_namesz == 0) return {};
  return {reinterpret_cast<const char*>(segment.data()) + name_offset, note.n_namesz - 1};
}

void read_segment(const ElfFile& elf, FileBytes segment, Elf_Type type, Notes& notes) {
  auto* data = elf.chunk(segment, type);
  if (data == nullptr) return;
  std::size_t offset = 0;
  GElf_Nhdr note;
  std::size_t name_offset = 0;
  std::size_t text_offset = 0;
  // gelf_getnote returns 0 at the end and for a note that reaches beyond the segment.
  while ((offset = gelf_getnote(data, offset, &note, &name_offset, &text_offset)) > 0) {
    const auto owner = owner_of(segment, note, name_offset);
    const auto content = segment.subspan(text_offset, note.n_descsz);
    if (owner == MORTISE_NOTE_OWNER && note.n_type == MORTISE_NOTE_TYPE_MANIFEST) notes.manifests.push_back(content);
    if (owner == MORTISE_NOTE_OWNER && note.n_type == MORTISE_NOTE_TYPE_CONTRACT) notes.contracts.push_back(content);
    if (owner == MORTISE_NOTE_OWNER && note.n_type == MORTISE_NOTE_TYPE_IDEMPOTENT) notes.idempotent.push_back(content);
    if (owner == ELF_NOTE_GNU && note.n_type == NT_GNU_BUILD_ID) notes.build_id = base::to_hex(content);
  }
}

}  // namespace

Notes read_notes(const ElfFile& elf) {
  Notes notes;
  for (const auto& program : elf.programs()) {
    if (program.p_type != PT_NOTE) continue;
    // The linker keeps notes of different alignment in different segments; a manifest is 4-byte aligned.
    const auto type = program.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR;
    read_segment(elf, elf.bytes(program.p_offset, program.p_filesz), type, notes);
  }
  return notes;
}

}  // namespace mortise::manifest
