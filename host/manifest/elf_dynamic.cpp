#include "manifest/elf_dynamic.hpp"

#include <algorithm>
#include <cstring>
#include <map>

namespace mortise::manifest {
namespace {

using base::Error;
using base::ErrorCode;

Error malformed(const std::string& what) {
  return {ErrorCode::invalid_argument, "has a malformed dynamic section: " + what + "; build or copy it again"};
}

/// A word of a table; false when it lies behind the table's end.
bool read_word(FileBytes table, std::uint64_t index, std::uint32_t& word) {
  if (index >= table.size() / sizeof word) return false;
  std::memcpy(&word, table.data() + index * sizeof word, sizeof word);
  return true;
}

/// How many symbols a DT_GNU_HASH table covers: one more than the last of its longest chain.
std::uint64_t count_by_gnu_hash(FileBytes table) {
  std::uint32_t bucket_count = 0;
  std::uint32_t first = 0;
  std::uint32_t bloom_size = 0;
  if (!read_word(table, 0, bucket_count) || !read_word(table, 1, first) || !read_word(table, 2, bloom_size)) return 0;
  const std::uint64_t buckets = 4 + std::uint64_t{bloom_size} * 2;
  std::uint32_t last = 0;
  for (std::uint64_t i = 0; i < bucket_count; ++i) {
    std::uint32_t start = 0;
    if (!read_word(table, buckets + i, start)) return 0;
    last = std::max(last, start);
  }
  if (last < first) return first;
  const std::uint64_t chains = buckets + bucket_count;
  for (std::uint64_t symbol = last;; ++symbol) {
    std::uint32_t hash = 0;
    if (!read_word(table, chains + (symbol - first), hash)) return 0;
    if ((hash & 1) != 0) return symbol + 1;
  }
}

/// Reads one library's dynamic section; lives for one read().
class DynamicReader {
 public:
  explicit DynamicReader(const ElfFile& elf) : elf_(elf) {}

  base::Result<DynamicFacts> read() {
    const auto* program = elf_.program(PT_DYNAMIC);
    if (program == nullptr) {
      return Error{ErrorCode::invalid_argument,
                   "has no dynamic section: it is no shared library, or only its debug information; drop the .so "
                   "that the linker made"};
    }
    if (auto entries = read_entries(elf_.bytes(program->p_offset, program->p_filesz)); !entries) {
      return entries.error();
    }
    if (auto symbols = read_symbols(); !symbols) return symbols.error();
    return std::move(facts_);
  }

 private:
  base::Result<void> read_entries(FileBytes section) {
    auto* data = elf_.chunk(section, ELF_T_DYN);
    if (data == nullptr) return malformed("it is empty");
    std::vector<std::uint64_t> needed;
    GElf_Dyn entry;
    for (int i = 0; gelf_getdyn(data, i, &entry) != nullptr && entry.d_tag != DT_NULL; ++i) {
      if (entry.d_tag == DT_NEEDED) {
        needed.push_back(entry.d_un.d_val);
      } else {
        values_[entry.d_tag] = entry.d_un.d_val;
      }
    }
    strings_ = elf_.bytes_at(value(DT_STRTAB));
    if (value(DT_STRSZ) > strings_.size()) return malformed("its strings reach beyond their segment");
    strings_ = strings_.first(value(DT_STRSZ));
    for (const auto offset : needed) facts_.needed.push_back(string_at(offset));
    for (const auto& [tag, name] : {std::pair{DT_RUNPATH, "RUNPATH"}, std::pair{DT_RPATH, "RPATH"}}) {
      if (values_.count(tag) == 0) continue;
      facts_.search_path = string_at(value(tag));
      facts_.search_path_tag = name;
    }
    facts_.has_text_relocations = values_.count(DT_TEXTREL) != 0 || (value(DT_FLAGS) & DF_TEXTREL) != 0;
    facts_.is_never_unloaded = (value(DT_FLAGS_1) & DF_1_NODELETE) != 0;
    facts_.is_executable = (value(DT_FLAGS_1) & DF_1_PIE) != 0;
    return {};
  }

  base::Result<void> read_symbols() {
    if (values_.count(DT_SYMTAB) == 0) return {};
    const auto table = elf_.bytes_at(value(DT_SYMTAB));
    const auto count = symbol_count();
    if (count > table.size() / sizeof(Elf64_Sym)) return malformed("its symbols reach beyond their segment");
    auto* data = elf_.chunk(table.first(count * sizeof(Elf64_Sym)), ELF_T_SYM);
    if (data == nullptr) return {};
    GElf_Sym symbol;
    // The first entry of every table is a placeholder.
    for (int i = 1; gelf_getsym(data, i, &symbol) != nullptr; ++i) {
      const unsigned type = GELF_ST_TYPE(symbol.st_info);
      const auto visibility = GELF_ST_VISIBILITY(symbol.st_other);
      const unsigned binding = GELF_ST_BIND(symbol.st_info);
      facts_.symbols.push_back(
          {.name = string_at(symbol.st_name),
           .binding = binding,
           .type = type,
           .is_defined = symbol.st_shndx != SHN_UNDEF,
           .is_visible = binding != STB_LOCAL && (visibility == STV_DEFAULT || visibility == STV_PROTECTED),
           .is_absolute = symbol.st_shndx == SHN_ABS});
    }
    return {};
  }

  /// The table itself does not say where it ends. The hash tables know the defined symbols, the section headers,
  /// which may be stripped, all.
  [[nodiscard]] std::uint64_t symbol_count() const {
    std::uint64_t count = elf_.symbol_table_size(value(DT_SYMTAB)) / sizeof(Elf64_Sym);
    if (values_.count(DT_GNU_HASH) != 0) {
      count = std::max(count, count_by_gnu_hash(elf_.bytes_at(value(DT_GNU_HASH))));
    }
    std::uint32_t chains = 0;
    if (values_.count(DT_HASH) != 0 && read_word(elf_.bytes_at(value(DT_HASH)), 1, chains)) {
      count = std::max<std::uint64_t>(count, chains);
    }
    return count;
  }

  [[nodiscard]] std::uint64_t value(std::int64_t tag) const {
    const auto found = values_.find(tag);
    return found == values_.end() ? 0 : found->second;
  }

  [[nodiscard]] std::string string_at(std::uint64_t offset) const {
    if (offset >= strings_.size()) return {};
    const auto rest = strings_.subspan(offset);
    return {rest.begin(), std::find(rest.begin(), rest.end(), std::uint8_t{0})};
  }

  const ElfFile& elf_;
  std::map<std::int64_t, std::uint64_t> values_;
  FileBytes strings_;
  DynamicFacts facts_;
};

}  // namespace

base::Result<DynamicFacts> read_dynamic(const ElfFile& elf) { return DynamicReader(elf).read(); }

}  // namespace mortise::manifest
