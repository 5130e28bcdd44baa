// Files that no linker wrote: truncated, of other machines, with any byte changed.
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <cstring>

#include "base/temporary_directory.hpp"
#include "manifest/binary.hpp"

namespace mortise::manifest {
namespace {

using ::testing::HasSubstr;

class Forged : public ::testing::Test {
 protected:
  Inspection look() const { return look(file_.size()); }
  Inspection look(std::size_t size) const {
    // Of exactly this size on the heap, so that a sanitizer sees one byte too far.
    const std::vector<std::uint8_t> bytes(file_.begin(), file_.begin() + static_cast<std::ptrdiff_t>(size));
    return inspect_bytes(bytes, "/drop/forged.so");
  }
  template <class Field>
  void set(std::size_t offset, Field value) {
    std::memcpy(file_.data() + offset, &value, sizeof value);
  }
  Elf64_Ehdr header() const {
    Elf64_Ehdr header;
    std::memcpy(&header, file_.data(), sizeof header);
    return header;
  }
  std::size_t offset_of_program(std::uint32_t type) const {
    const auto elf = header();
    for (std::size_t i = 0; i < elf.e_phnum; ++i) {
      const std::size_t offset = elf.e_phoff + i * sizeof(Elf64_Phdr);
      Elf64_Phdr program;
      std::memcpy(&program, file_.data() + offset, sizeof program);
      if (program.p_type == type) return offset;
    }
    throw std::logic_error("no such segment");
  }
  /// Where the value of a dynamic entry stands; its tag stands eight bytes before it.
  std::size_t offset_of_dynamic(std::int64_t tag) const {
    Elf64_Phdr program;
    std::memcpy(&program, file_.data() + offset_of_program(PT_DYNAMIC), sizeof program);
    for (auto offset = program.p_offset; offset < program.p_offset + program.p_filesz; offset += sizeof(Elf64_Dyn)) {
      Elf64_Dyn entry;
      std::memcpy(&entry, file_.data() + offset, sizeof entry);
      if (entry.d_tag == tag) return offset + offsetof(Elf64_Dyn, d_un);
    }
    throw std::logic_error("no such dynamic entry");
  }
  static void expect(const Inspection& inspection, const std::string& check, const std::string& said) {
    ASSERT_NE(inspection.rejection(), nullptr);
    EXPECT_EQ(inspection.rejection()->check, check);
    EXPECT_THAT(inspection.rejection()->message, HasSubstr(said));
  }

  std::string file_ = testing::read_file(MORTISE_ZOO "/good-1.0.so");
};

TEST_F(Forged, TextFileIsNoLibrary) {
  file_ = "#!/bin/sh\necho this is not a library\n";
  expect(look(), "elf-magic", "no ELF header");
}

TEST_F(Forged, EmptyFileIsSaidToBeEmpty) {
  file_.clear();
  expect(look(), "elf-magic", "is empty");
}

TEST_F(Forged, OtherMachineIsNamed) {
  set<std::uint16_t>(offsetof(Elf64_Ehdr, e_machine), header().e_machine == EM_AARCH64 ? EM_X86_64 : EM_AARCH64);
  expect(look(), "elf-machine", header().e_machine == EM_AARCH64 ? "for aarch64" : "for x86_64");
  EXPECT_NE(look().manifest, nullptr) << "whose it is can still be read";
}

TEST_F(Forged, OtherClassAndByteOrderAreRefused) {
  file_[EI_CLASS] = ELFCLASS32;
  expect(look(), "elf-class", "64-bit");
  file_[EI_CLASS] = ELFCLASS64;
  file_[EI_DATA] = ELFDATA2MSB;
  expect(look(), "elf-machine", "byte order");
}

TEST_F(Forged, ObjectFileIsRefused) {
  set<std::uint16_t>(offsetof(Elf64_Ehdr, e_type), ET_REL);
  expect(look(), "elf-type", "-shared");
}

TEST_F(Forged, TextRelocationsAreRefusedInBothFormsThatTellOfThem) {
  const auto kept = file_;
  ASSERT_EQ(look().rejection(), nullptr);
  set<std::uint64_t>(offset_of_dynamic(DT_FLAGS), DF_BIND_NOW | DF_TEXTREL);
  expect(look(), "textrel", "compile all of it with -fPIC");
  file_ = kept;
  set<std::int64_t>(offset_of_dynamic(DT_FLAGS_1) - sizeof(Elf64_Sxword), DT_TEXTREL);
  expect(look(), "textrel", "compile all of it with -fPIC");
}

TEST_F(Forged, EveryTruncationIsRefusedAndAlmostAllAreNamedSo) {
  for (std::size_t size = 0; size < file_.size(); ++size) {
    const auto inspection = look(size);
    ASSERT_NE(inspection.rejection(), nullptr) << size;
    if (size >= SELFMAG) {
      ASSERT_EQ(inspection.rejection()->check, "elf-truncated") << size;
    }
  }
  expect(look(file_.size() / 2), "elf-truncated", "the file ends at " + std::to_string(file_.size() / 2));
}

TEST_F(Forged, SegmentBeyondTheEndIsTruncated) {
  for (const auto type : {std::uint32_t{PT_LOAD}, std::uint32_t{PT_DYNAMIC}, std::uint32_t{PT_NOTE}}) {
    const auto offset = offset_of_program(type) + offsetof(Elf64_Phdr, p_filesz);
    const auto kept = file_;
    set<std::uint64_t>(offset, 1'000'000);
    expect(look(), "elf-truncated", "copy it again");
    set<std::uint64_t>(offset, UINT64_MAX);
    expect(look(), "elf-truncated", std::to_string(UINT64_MAX));
    file_ = kept;
  }
}

TEST_F(Forged, TwoManifestsAreRefused) {
  // The build id's note becomes a second segment's worth of the first: point every note segment at the manifest's.
  const auto elf = header();
  const auto at = file_.find("Mortise");
  ASSERT_NE(at, std::string::npos);
  std::uint32_t text_size = 0;
  std::memcpy(&text_size, file_.data() + at - 8, sizeof text_size);
  std::size_t forged = 0;
  for (std::size_t i = 0; i < elf.e_phnum && forged < 2; ++i) {
    const std::size_t offset = elf.e_phoff + i * sizeof(Elf64_Phdr);
    Elf64_Phdr program;
    std::memcpy(&program, file_.data() + offset, sizeof program);
    if (program.p_type == PT_LOAD || program.p_type == PT_DYNAMIC || program.p_type == PT_GNU_STACK) continue;
    program.p_type = PT_NOTE;
    program.p_offset = at - 12;
    program.p_filesz = 20 + (text_size + 3) / 4 * 4;
    program.p_align = 4;
    set(offset, program);
    ++forged;
  }
  ASSERT_EQ(forged, 2U);
  expect(look(), "manifest-invalid", "manifests");
}

TEST_F(Forged, NoteThatReachesBeyondItsSegmentIsNoManifest) {
  const auto at = file_.find("Mortise");
  ASSERT_NE(at, std::string::npos);
  for (const std::uint32_t size : {1'000'000U, UINT32_MAX, UINT32_MAX - 3}) {
    set<std::uint32_t>(at - 8, size);
    expect(look(), "manifest-missing", "no manifest");
  }
}

TEST_F(Forged, AnyChangedByteOfTheHeadersIsSurvived) {
  // The headers, notes, dynamic symbols and their strings lie in front of the code.
  const std::size_t end = std::min<std::size_t>(file_.size(), 4096);
  for (std::size_t i = 0; i < end; ++i) {
    const char kept = file_[i];
    for (const int flip : {0x01, 0x80, 0xff}) {
      file_[i] = static_cast<char>(kept ^ flip);
      const auto inspection = look();
      EXPECT_LE(inspection.findings.size(), 10U);
    }
    file_[i] = kept;
  }
}

TEST_F(Forged, AnyChangedWordOfTheDynamicSectionIsSurvived) {
  Elf64_Phdr program;
  std::memcpy(&program, file_.data() + offset_of_program(PT_DYNAMIC), sizeof program);
  for (std::uint64_t i = program.p_offset; i < program.p_offset + program.p_filesz; i += 8) {
    std::uint64_t kept = 0;
    std::memcpy(&kept, file_.data() + i, sizeof kept);
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX, kept + 1, kept + 4096, kept - 1, std::uint64_t{1} << 63}) {
      set(i, value);
      EXPECT_LE(look().findings.size(), 10U);
    }
    set(i, kept);
  }
}

}  // namespace
}  // namespace mortise::manifest
