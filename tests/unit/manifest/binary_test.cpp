// What the inspection says of each of the zoo's plugins.
#include "manifest/binary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_directory.hpp"

namespace mortise::manifest {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Weight = Finding::Weight;

const std::filesystem::path kZoo = MORTISE_ZOO;

Inspection inspect_zoo(const std::string& name) { return inspect(kZoo / (name + ".so"), "/drop/" + name + ".so"); }

std::vector<std::string> checks(const Inspection& inspection, Weight weight) {
  std::vector<std::string> ids;
  for (const auto& finding : inspection.findings) {
    if (finding.weight == weight) ids.push_back(finding.check);
  }
  return ids;
}

TEST(Binary, FindsNothingWrongWithAGoodPlugin) {
  const auto inspection = inspect_zoo("good-1.1");
  EXPECT_THAT(inspection.findings, IsEmpty());
  EXPECT_EQ(inspection.rejection(), nullptr);
  ASSERT_NE(inspection.manifest, nullptr);
  EXPECT_EQ(inspection.manifest->name, "good");
  EXPECT_EQ(inspection.manifest->version.to_string(), "1.1.0");
  EXPECT_FALSE(inspection.uses_thread_local_destructors);
}

TEST(Binary, ReadsNeededLibrariesAndBuildId) {
  const auto inspection = inspect_zoo("thread-local-destructor");
  EXPECT_THAT(inspection.needed_libraries, Contains(HasSubstr("libc.so")));
  EXPECT_THAT(inspection.needed_libraries, Contains(HasSubstr("libstdc++.so")));
  EXPECT_THAT(inspection.build_id, ::testing::AnyOf(SizeIs(40), IsEmpty()));  // some linkers write none by themselves
}

struct Expected {
  std::string plugin;
  std::string check;
  std::vector<std::string> said;
};

class Rejections : public ::testing::TestWithParam<Expected> {};

TEST_P(Rejections, NameTheFileTheCauseAndTheRemedy) {
  const auto inspection = inspect_zoo(GetParam().plugin);
  const auto* rejection = inspection.rejection();
  ASSERT_NE(rejection, nullptr);
  EXPECT_THAT(checks(inspection, Weight::error), Contains(GetParam().check));
  EXPECT_EQ(rejection->check, GetParam().check);
  EXPECT_THAT(rejection->message, HasSubstr("'/drop/" + GetParam().plugin + ".so'"));
  for (const auto& part : GetParam().said) EXPECT_THAT(rejection->message, HasSubstr(part));
}

INSTANTIATE_TEST_SUITE_P(
    Of, Rejections,
    ::testing::Values(Expected{"no-manifest", "manifest-missing", {"no manifest", "mortise_add_plugin()"}},
                      Expected{"manifest-not-json", "manifest-invalid", {"faulty manifest", "not valid JSON"}},
                      Expected{"manifest-lacks-fields", "manifest-invalid", {"/version: is missing"}},
                      Expected{"wrong-abi-major", "abi-major", {"ABI major 2", "this host has 1", "SDK"}},
                      Expected{"extra-export", "extra-export", {"zoo_leaked", "-fvisibility=hidden"}},
                      Expected{
                          "no-entry", "entry-symbol", {"does not export mortise_plugin_entry_v1", "MORTISE_PLUGIN"}},
                      Expected{"other-entry", "entry-symbol", {"mortise_plugin_entry_v2", "another ABI major"}},
                      Expected{"entry-is-data", "entry-symbol", {"not as a function"}},
                      Expected{"rpath", "rpath", {"(RPATH '/opt/zoo/lib')", "without -rpath"}},
                      Expected{"runpath", "rpath", {"(RUNPATH '/opt/zoo/lib')", "without -rpath"}}),
    [](const auto& param) {
      auto name = param.param.plugin;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(Binary, KnowsWhoAnotherAbiMajorsPluginIs) {
  const auto inspection = inspect_zoo("wrong-abi-major");
  ASSERT_NE(inspection.manifest, nullptr);
  EXPECT_EQ(inspection.manifest->name, "wrong-abi-major");
}

TEST(Binary, TakesAPluginWithUniqueSymbolsButSaysWhichTheyAre) {
  const auto inspection = inspect_zoo("gnu-unique");
  EXPECT_EQ(inspection.rejection(), nullptr);
  EXPECT_THAT(inspection.gnu_unique_symbols, ::testing::ElementsAre("zoo_unique"));
  EXPECT_THAT(checks(inspection, Weight::warning), Contains("gnu-unique"));
}

TEST(Binary, NotesThreadLocalDestructors) {
  const auto inspection = inspect_zoo("thread-local-destructor");
  EXPECT_EQ(inspection.rejection(), nullptr);
  EXPECT_TRUE(inspection.uses_thread_local_destructors);
  EXPECT_THAT(checks(inspection, Weight::note), Contains("thread-local-destructors"));
}

TEST(Binary, WarnsOfAnExecutableStackAndOfNodelete) {
  EXPECT_THAT(checks(inspect_zoo("executable-stack"), Weight::warning), Contains("executable-stack"));
  EXPECT_THAT(checks(inspect_zoo("nodelete"), Weight::warning), Contains("nodelete"));
}

TEST(Binary, RefusesAProgram) {
  const auto inspection = inspect("/proc/self/exe", "/drop/program.so");
  EXPECT_THAT(checks(inspection, Weight::error), Contains("elf-type"));
}

TEST(Binary, SaysThatAFileCannotBeRead) {
  const auto inspection = inspect("/nonexistent/a.so", "/drop/a.so");
  ASSERT_NE(inspection.rejection(), nullptr);
  EXPECT_EQ(inspection.rejection()->check, "unreadable");
}

TEST(Binary, TakesAPluginWithoutSectionHeaders) {
  auto text = testing::read_file(kZoo / "good-1.0.so");
  // e_shoff, then e_shnum and e_shstrndx, as sstrip leaves them.
  std::fill_n(text.begin() + 40, 8, '\0');
  std::fill_n(text.begin() + 60, 4, '\0');
  const auto inspection =
      inspect_bytes({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, "/drop/a.so");
  EXPECT_EQ(inspection.rejection(), nullptr);
  EXPECT_NE(inspection.manifest, nullptr);
}

}  // namespace
}  // namespace mortise::manifest
