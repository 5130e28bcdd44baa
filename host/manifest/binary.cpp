#include "manifest/binary.hpp"

#include <mortise/abi/contracts.h>
#include <mortise/abi/manifest_note.h>
#include <mortise/abi/plugin.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/files.hpp"
#include "base/strings.hpp"
#include "manifest/contract_notes.hpp"
#include "manifest/elf_dynamic.hpp"
#include "manifest/elf_extents.hpp"
#include "manifest/elf_file.hpp"
#include "manifest/elf_notes.hpp"

namespace mortise::manifest {
namespace {

using Weight = Finding::Weight;

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;
constexpr std::string_view kEntryStem = "mortise_plugin_entry_v";
constexpr std::size_t kMostListed = 5;

#if defined(__x86_64__)
constexpr unsigned kHostMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kHostMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr unsigned kHostMachine = EM_RISCV;
#else
#error "name this machine's EM_ constant here"
#endif

std::string machine_name(unsigned machine) {
  static constexpr std::array<std::pair<unsigned, const char*>, 8> kNames{{{EM_X86_64, "x86_64"},
                                                                           {EM_AARCH64, "aarch64"},
                                                                           {EM_RISCV, "riscv"},
                                                                           {EM_386, "i386"},
                                                                           {EM_ARM, "arm"},
                                                                           {EM_PPC64, "ppc64"},
                                                                           {EM_S390, "s390x"},
                                                                           {EM_LOONGARCH, "loongarch"}}};
  for (const auto& [id, name] : kNames) {
    if (id == machine) return name;
  }
  return "machine " + std::to_string(machine);
}

bool starts_with_any(std::string_view name, std::initializer_list<std::string_view> stems) {
  return std::any_of(stems.begin(), stems.end(),
                     [&](std::string_view stem) { return name.substr(0, stem.size()) == stem; });
}

/// Exports that the linker or a sanitizer makes, not the team.
bool is_from_tools(const DynamicSymbol& symbol) {
  return symbol.is_absolute || symbol.name == "_init" || symbol.name == "_fini" || symbol.name == "_end" ||
         symbol.name == "_edata" || symbol.name == "__bss_start" ||
         starts_with_any(symbol.name, {"__asan_", "__odr_asan", "___asan_", "__ubsan", "__tsan_", "__lsan_", "__msan_",
                                       "__sanitizer_", "__sancov", "__start___sancov", "__stop___sancov", "__gcov",
                                       "__llvm_", "llvm_gcov"});
}

/// The first few of a list, and how many more there are.
std::string list_some(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostListed); ++i)
    text += (i == 0 ? "" : ", ") + base::printable(names[i]);
  if (names.size() > kMostListed) text += " and " + std::to_string(names.size() - kMostListed) + " more";
  return text;
}

std::string_view as_text(FileBytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::vector<std::string_view> as_texts(const std::vector<FileBytes>& notes) {
  std::vector<std::string_view> texts;
  for (const auto& note : notes) texts.push_back(as_text(note));
  return texts;
}

/// Turns what was read of one file into findings.
class Inspector {
 public:
  explicit Inspector(const std::string& shown_as) : shown_as_(shown_as) {}

  Inspection run(FileBytes file) {
    if (auto finding = check_extents(file, shown_as_)) {
      inspection_.findings.push_back(std::move(*finding));
      return std::move(inspection_);
    }
    const auto elf = ElfFile::open(file);
    if (!elf) {
      say(Weight::error, "elf-header", elf.error().message);
      return std::move(inspection_);
    }
    check_header(*elf);
    check_manifest(read_notes(*elf));
    if (const auto dynamic = read_dynamic(*elf)) {
      check_dynamic(*dynamic);
      check_exports(*dynamic);
      check_unloading(*dynamic);
    } else {
      say(Weight::error, "elf-dynamic", dynamic.error().message);
    }
    return std::move(inspection_);
  }

 private:
  void say(Weight weight, std::string check, const std::string& message) {
    inspection_.findings.push_back({weight, std::move(check), "'" + shown_as_ + "' " + message});
  }

  void check_header(const ElfFile& elf) {
    if (elf.header().e_machine != kHostMachine) {
      say(Weight::error, "elf-machine",
          "is a library for " + machine_name(elf.header().e_machine) + "; this host is " + machine_name(kHostMachine) +
              "; build it for this host");
    }
    if (elf.header().e_type != ET_DYN) {
      say(Weight::error, "elf-type", "is no shared library but another kind of ELF file; link it with -shared");
    }
    const auto* stack = elf.program(PT_GNU_STACK);
    if (stack == nullptr || (stack->p_flags & PF_X) != 0) {
      say(Weight::warning, "executable-stack", "asks for an executable stack; link it with -Wl,-z,noexecstack");
    }
  }

  void check_manifest(const Notes& notes) {
    inspection_.build_id = notes.build_id;
    if (notes.manifests.empty()) {
      say(Weight::error, "manifest-missing",
          "carries no manifest (no ELF note '" MORTISE_NOTE_OWNER
          "'); build it with mortise_add_plugin(), and do not strip the section " MORTISE_NOTE_SECTION);
      return;
    }
    if (notes.manifests.size() > 1) {
      say(Weight::error, "manifest-invalid",
          "carries " + std::to_string(notes.manifests.size()) + " manifests; link one plugin into one library");
      return;
    }
    const auto bytes = notes.manifests.front();
    auto parsed = parse_manifest(as_text(bytes));
    if (!parsed) return say(Weight::error, "manifest-invalid", "has a faulty " + parsed.error().message);
    if (parsed->abi_major != MORTISE_ABI_MAJOR) {
      say(Weight::error, "abi-major",
          "is built for ABI major " + std::to_string(parsed->abi_major) + "; this host has " +
              std::to_string(MORTISE_ABI_MAJOR) + "; build it with this host's SDK, or use a host of that major");
    }
    check_contracts(notes, *parsed);
    inspection_.manifest = std::make_shared<const Manifest>(std::move(*parsed));
  }

  void check_contracts(const Notes& notes, Manifest& manifest) {
    auto read = read_contracts(as_texts(notes.contracts), manifest, as_texts(notes.idempotent));
    manifest.contracts = std::move(read.methods);
    for (const auto& fault : read.faults) say(Weight::error, "contract-invalid", fault);
    if (!read.missing.empty()) {
      say(Weight::error, "contract-missing",
          "carries no note of " + list_some(read.missing) +
              ", which its manifest names; include each contract's header, and each event's, where the plugin uses it "
              "(in C: "
              "put "
              "MORTISE_CONTRACT_NOTE of <mortise/abi/contracts.h> in one source), and do not strip the "
              "section " MORTISE_NOTE_CONTRACT_SECTION);
    }
  }

  void check_dynamic(const DynamicFacts& dynamic) {
    inspection_.needed_libraries = dynamic.needed;
    if (dynamic.is_executable) {
      say(Weight::error, "elf-type", "is a program, not a shared library; link it with -shared");
    }
    if (dynamic.has_text_relocations) {
      say(Weight::error, "textrel",
          "has text relocations, which would make its code writable; compile all of it with -fPIC");
    }
    if (!dynamic.search_path_tag.empty()) {
      say(Weight::error, "rpath",
          "has a library search path of its own (" + dynamic.search_path_tag + " '" + dynamic.search_path +
              "'); link it without -rpath: in CMake set SKIP_BUILD_RPATH, or install it");
    }
  }

  void check_exports(const DynamicFacts& dynamic) {
    std::vector<std::string> other_majors;
    std::vector<std::string> extra;
    const DynamicSymbol* entry = nullptr;
    for (const auto& symbol : dynamic.symbols) {
      if (!symbol.is_defined || !symbol.is_visible) continue;
      if (symbol.name == MORTISE_PLUGIN_ENTRY_V1) {
        entry = &symbol;
      } else if (starts_with_any(symbol.name, {kEntryStem})) {
        other_majors.push_back(symbol.name);
      } else if (symbol.binding != STB_GNU_UNIQUE && !is_from_tools(symbol)) {
        extra.push_back(symbol.name);
      }
    }
    check_entry(entry, other_majors);
    if (!extra.empty()) {
      say(Weight::error, "extra-export",
          "exports more than its entry symbol: " + list_some(extra) +
              "; build it with mortise_add_plugin(), or with -fvisibility=hidden and a version script that makes all "
              "but " MORTISE_PLUGIN_ENTRY_V1 " local");
    }
  }

  void check_entry(const DynamicSymbol* entry, const std::vector<std::string>& other_majors) {
    if (entry == nullptr && other_majors.empty()) {
      say(Weight::error, "entry-symbol",
          "does not export " MORTISE_PLUGIN_ENTRY_V1
          "; put MORTISE_PLUGIN(...) in one of its sources and build it "
          "with mortise_add_plugin()");
    } else if (entry == nullptr) {
      say(Weight::error, "entry-symbol",
          "exports " + list_some(other_majors) + " only, the entry of another ABI major; this host has major " +
              std::to_string(MORTISE_ABI_MAJOR) + "; build it with this host's SDK, or use a host of that major");
    } else if (entry->type != STT_FUNC) {
      say(Weight::error, "entry-symbol", "exports " MORTISE_PLUGIN_ENTRY_V1 ", but not as a function; make it one");
    }
  }

  void check_unloading(const DynamicFacts& dynamic) {
    for (const auto& symbol : dynamic.symbols) {
      if (symbol.is_defined && symbol.binding == STB_GNU_UNIQUE) {
        inspection_.gnu_unique_symbols.push_back(symbol.name);
      }
      if (!symbol.is_defined && starts_with_any(symbol.name, {"__cxa_thread_atexit"})) {
        inspection_.uses_thread_local_destructors = true;
      }
    }
    if (!inspection_.gnu_unique_symbols.empty()) {
      say(Weight::warning, "gnu-unique",
          "has unique symbols, which keep it mapped after it is unloaded: " +
              list_some(inspection_.gnu_unique_symbols) + "; compile it with -fno-gnu-unique");
    }
    if (dynamic.is_never_unloaded) {
      say(Weight::warning, "nodelete", "is marked never to be unloaded; link it without -Wl,-z,nodelete");
    }
    if (inspection_.uses_thread_local_destructors) {
      say(Weight::note, "thread-local-destructors",
          "has thread-local objects with destructors: it stays mapped until the threads that used them have ended");
    }
  }

  const std::string& shown_as_;
  Inspection inspection_;
};

}  // namespace

const Finding* Inspection::rejection() const {
  const auto found =
      std::find_if(findings.begin(), findings.end(), [](const Finding& f) { return f.weight == Weight::error; });
  return found == findings.end() ? nullptr : &*found;
}

Inspection inspect_bytes(std::span<const std::uint8_t> file, const std::string& shown_as) {
  return Inspector(shown_as).run(file);
}

Inspection inspect(const std::filesystem::path& file, const std::string& shown_as) {
  const auto text = base::RealFiles().read(file, kMaxFileBytes);
  if (!text) {
    Inspection inspection;
    inspection.findings.push_back({Weight::error, "unreadable", "'" + shown_as + "': " + text.error().message});
    return inspection;
  }
  return inspect_bytes({reinterpret_cast<const std::uint8_t*>(text->data()), text->size()}, shown_as);
}

}  // namespace mortise::manifest
