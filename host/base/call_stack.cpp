#include "base/call_stack.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <ucontext.h>
#include <unwind.h>

#include <bit>
#include <cstring>

namespace mortise::base {
namespace {

struct Visitor {
  bool (*visit)(std::uintptr_t, void*);
  void* argument;
};

_Unwind_Reason_Code visit_frame(_Unwind_Context* frame, void* argument) {
  const auto& visitor = *static_cast<const Visitor*>(argument);
  return visitor.visit(_Unwind_GetIP(frame), visitor.argument) ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/// Where a function was called that is none (a null pointer): the unwinder knows no way back from there. Else 0.
std::uintptr_t caller_of_nothing(const void* context) noexcept {
  dl_find_object object{};
  if (_dl_find_object(std::bit_cast<void*>(interrupted_at(context)), &object) == 0) return 0;
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return *std::bit_cast<const std::uintptr_t*>(registers.gregs[REG_RSP]);
#elif defined(__aarch64__)
  return registers.regs[30];
#else
  static_cast<void>(registers);
  return 0;
#endif
}

/// Out of notes as they are mapped.
std::span<const std::uint8_t> find_build_id(const std::uint8_t* notes, std::size_t size) noexcept {
  constexpr std::size_t kAlign = 4;
  const auto padded = [](std::size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; };
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note{};
    std::memcpy(&note, notes, sizeof note);
    const auto begin = sizeof note + padded(note.n_namesz);
    const auto end = begin + padded(note.n_descsz);
    if (end > size) break;
    const bool is_gnu = note.n_namesz == sizeof ELF_NOTE_GNU && std::memcmp(notes + sizeof note, ELF_NOTE_GNU, 4) == 0;
    if (is_gnu && note.n_type == NT_GNU_BUILD_ID) return {notes + begin, note.n_descsz};
    notes += end;
    size -= end;
  }
  return {};
}

/// Of an image whose first page is its file's, as every linker lays it out.
std::span<const std::uint8_t> build_id_of(const dl_find_object& object) noexcept {
  const auto* const start = static_cast<const std::uint8_t*>(object.dlfo_map_start);
  ElfW(Ehdr) head{};
  std::memcpy(&head, start, sizeof head);
  if (std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return {};
  for (std::size_t i = 0; i < head.e_phnum; ++i) {
    ElfW(Phdr) segment{};
    std::memcpy(&segment, start + head.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_type != PT_NOTE) continue;
    const auto* const notes = std::bit_cast<const std::uint8_t*>(object.dlfo_link_map->l_addr + segment.p_vaddr);
    if (const auto id = find_build_id(notes, segment.p_memsz); !id.empty()) return id;
  }
  return {};
}

}  // namespace

std::uintptr_t interrupted_at(const void* context) noexcept {
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(registers.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return registers.pc;
#else
  static_cast<void>(registers);
  return 0;
#endif
}

void walk_call_stack(const void* context, bool (*visit)(std::uintptr_t, void*), void* argument) {
  const auto caller = context == nullptr ? 0 : caller_of_nothing(context);
  if (caller != 0 && !visit(caller, argument)) return;
  Visitor visitor{visit, argument};
  _Unwind_Backtrace(&visit_frame, &visitor);
}

CodePlace locate(std::uintptr_t address) noexcept {
  dl_find_object object{};
  if (_dl_find_object(std::bit_cast<void*>(address), &object) != 0) {
    return {.image = "?", .offset = address, .build_id = {}};
  }
  const auto* const name = object.dlfo_link_map->l_name;
  return {.image = name == nullptr ? std::string_view() : name,
          .offset = address - object.dlfo_link_map->l_addr,
          .build_id = build_id_of(object)};
}

void prepare_call_stacks() {
  Visitor visitor{[](std::uintptr_t, void*) { return true; }, nullptr};
  _Unwind_Backtrace(&visit_frame, &visitor);
}

}  // namespace mortise::base
