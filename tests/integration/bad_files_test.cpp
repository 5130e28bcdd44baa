// Files that no host may run: each is rejected in words that say what, where and what to do, and all else serves.
#include <elf.h>
#include <sys/stat.h>
#include <cstring>

#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct BadFile {
  std::string name;                                                     // of the test, and of the file
  std::function<void(const Prefix& prefix, const fs::path& file)> put;  // makes it
  std::string what;                                                     // the reason says
  std::string next;                                                     // and what to do
};

void PrintTo(const BadFile& file, std::ostream* out) { *out << file.name; }

void put_zoo(const std::string& name, const fs::path& file) { fs::copy_file(zoo_file(name), file); }

std::function<void(const Prefix&, const fs::path&)> zoo(const std::string& name) {
  return [name](const Prefix&, const fs::path& file) { put_zoo(name, file); };
}

void put_truncated(const Prefix&, const fs::path& file) {
  put_zoo("good-1.0", file);
  fs::resize_file(file, fs::file_size(file) / 2);
}

void put_for_other_machine(const Prefix&, const fs::path& file) {
  auto content = testing::read_file(zoo_file("good-1.0"));
  Elf64_Half machine = 0;
  std::memcpy(&machine, content.data() + offsetof(Elf64_Ehdr, e_machine), sizeof machine);
  machine = machine == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
  std::memcpy(content.data() + offsetof(Elf64_Ehdr, e_machine), &machine, sizeof machine);
  testing::write_file(file, content);
}

void put_link(const Prefix& prefix, const fs::path& file) {
  put_zoo("good-1.0", prefix.path() / "elsewhere.so");
  fs::create_symlink(prefix.path() / "elsewhere.so", file);
}

void put_with_mode(const fs::path& file, mode_t mode) {
  put_zoo("good-1.0", file);
  ::chmod(file.c_str(), mode);
}

class BadFileTest : public HostTest, public ::testing::WithParamInterface<BadFile> {};

TEST_P(BadFileTest, IsRejectedInWordsAndAllElseServes) {
  prefix_.add_shipped("hello");
  const auto file = prefix_.drop_directory() / "bad.so";
  GetParam().put(prefix_, file);
  prefix_.enable("bad");
  auto& host = start({.is_without_privileges = true, .largest_file_bytes = {}, .tmpfs = {}});

  const auto says_it = AllOf(HasSubstr(file.string()), HasSubstr(GetParam().what), HasSubstr(GetParam().next));
  EXPECT_THAT(host.wait_for_file("bad.so", "rejected")["reason"].get<std::string>(), says_it);
  const auto line = host.wait_for_log("file rejected");
  EXPECT_EQ(line["level"], "warning");
  EXPECT_THAT(line["reason"].get<std::string>(), says_it);
  EXPECT_EQ(host.get("/hello").status, 200);

  const auto check = integration::mortise(prefix_, {"check", file},
                                          {.is_without_privileges = true, .largest_file_bytes = {}, .tmpfs = {}});
  EXPECT_EQ(check.code, 1);
  EXPECT_THAT(check.out, AllOf(says_it, HasSubstr("is rejected")));
  const auto list = mortise({"list"});
  EXPECT_EQ(list.code, 0);
  EXPECT_THAT(list.out, HasSubstr(GetParam().what));
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadFileTest,
    ::testing::Values(
        BadFile{"Truncated", put_truncated, "the file ends at", "copy it again"},
        BadFile{"Text",
                [](const auto&, const auto& file) { testing::write_file(file, "#!/bin/sh\necho no library\n"); },
                "no ELF header", "drop the .so that the build made"},
        BadFile{"Empty", [](const auto&, const auto& file) { testing::write_file(file, ""); }, "is empty", "copy"},
        BadFile{"OtherMachine", put_for_other_machine, "is a library for", "build it for"},
        BadFile{"WithoutManifest", zoo("no-manifest"), "no manifest", "mortise_add_plugin"},
        BadFile{"ManifestThatIsNotJson", zoo("manifest-not-json"), "not valid JSON", "mend"},
        BadFile{"ManifestThatLacksFields", zoo("manifest-lacks-fields"), "/version: is missing", "add it"},
        BadFile{"OtherAbiMajor", zoo("wrong-abi-major"), "ABI major 2", "build it with"},
        BadFile{"RequiringAnUnknownInterface", zoo("needs-unknown-interface"),
                "requires the interface 'mortise.teleport/1', which this host does not offer; it has mortise.assets/1",
                "Mend the id"},
        BadFile{"WithoutEntry", zoo("no-entry"), "mortise_plugin_entry_v1", "mortise_add_plugin"},
        BadFile{"ExtraExport", zoo("extra-export"), "zoo_leaked", "mortise_add_plugin"},
        BadFile{"LinkOutOfTheDirectory", put_link, "is a symbolic link", "put the file itself there"},
        BadFile{"WritableByOthers", [](const auto&, const auto& file) { put_with_mode(file, 0666); },
                "can be written by every user", "chmod o-w"},
        BadFile{"Unreadable", [](const auto&, const auto& file) { put_with_mode(file, 0000); }, "Permission denied",
                "check the permissions"}),
    [](const auto& file) { return file.param.name; });

class RivalFilesTest : public HostTest {};

TEST_F(RivalFilesTest, SecondFileOfOneNameAndVersionIsRejectedWithBothNamed) {
  prefix_.add_zoo("good-1.0", "good");
  auto& host = start();
  const auto second = prefix_.drop(zoo_file("good-1.0-other-digest"), "another");
  const auto reason = host.wait_for_file("another.so", "rejected")["reason"].get<std::string>();
  EXPECT_THAT(reason, AllOf(HasSubstr(second.string()), HasSubstr("claims to be good 1.0.0"),
                            HasSubstr((prefix_.drop_directory() / "good-1.0.so").string()),
                            HasSubstr("give it a version of its own")));
  EXPECT_EQ(host.get("/good").body, "1.0.0");
  fs::remove(prefix_.drop_directory() / "good-1.0.so");
  host.wait_for_file("another.so", "verified");
}

}  // namespace
}  // namespace mortise::integration
