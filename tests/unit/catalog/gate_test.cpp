#include "catalog/gate.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <map>

#include "drop_fixture.hpp"

namespace mortise::catalog {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

base::FileStamp stamp(mode_t mode, uid_t owner = ::geteuid()) {
  base::FileStamp stamp;
  stamp.mode = mode;
  stamp.owner = owner;
  return stamp;
}

TEST(Placement, TakesRegularFilesOfOursAndOfRoot) {
  EXPECT_TRUE(check_placement(stamp(S_IFREG | 0755), "/drop/a.so"));
  EXPECT_TRUE(check_placement(stamp(S_IFREG | 0775, 0), "/drop/a.so"));
}

TEST(Placement, RefusesTheRestInWords) {
  const auto refusal = [](const base::FileStamp& of) { return check_placement(of, "/drop/a.so").error().message; };
  EXPECT_THAT(refusal(stamp(S_IFLNK | 0777)), AllOf(HasSubstr("'/drop/a.so'"), HasSubstr("symbolic link")));
  EXPECT_THAT(refusal(stamp(S_IFDIR | 0755)), HasSubstr("no regular file"));
  EXPECT_THAT(refusal(stamp(S_IFREG | 0757)), HasSubstr("chmod o-w '/drop/a.so'"));
  EXPECT_THAT(refusal(stamp(S_IFREG | 0755, ::geteuid() + 12345)),
              AllOf(HasSubstr("belongs to user " + std::to_string(::geteuid() + 12345)), HasSubstr("chown")));
}

base::Result<void> run_probe(const std::string& name, std::chrono::milliseconds limit = 60s) {
  return make_process_probe(MORTISE_PROBE_RUNNER, limit)(MORTISE_ZOO "/" + name + ".so");
}

TEST(ProcessProbe, PassesAGoodPlugin) {
  const auto passed = run_probe("good-1.0");
  EXPECT_TRUE(passed) << passed.error().message;
}

TEST(ProcessProbe, GivesACrashAsEvidence) {
  const auto refused = run_probe("constructor-crashes");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::failed_precondition);
#if !MORTISE_IS_SANITIZED  // a sanitizer catches the signal, reports and exits
  EXPECT_THAT(refused.error().message, HasSubstr("was killed by SIGSEGV; it wrote nothing"));
#endif
}

TEST(ProcessProbe, GivesAHangAsEvidence) {
  const auto refused = run_probe("constructor-hangs", 300ms);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::deadline_exceeded);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("did not end within 300 ms"), HasSubstr("probe_timeout_ms")));
}

TEST(ProcessProbe, GivesTheChildsLastWordsOnOneLine) {
  const auto refused = run_probe("short-table");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("which refused it; its last output: "), HasSubstr("a table of 8 bytes")));
  EXPECT_EQ(refused.error().message.find('\n'), std::string::npos);
}

TEST(ProcessProbe, GivesEachFaultItsOwnRemedy) {
  const std::map<std::string, std::string> remedies{
      {"entry-returns-null", "return the address of a mortise_plugin_v1"},
      {"short-table", "set struct_size to sizeof(mortise_plugin_v1)"},
      {"no-init", "set init to the function that makes"},
      {"no-destroy", "set destroy to the function that frees"},
  };
  for (const auto& [name, remedy] : remedies) {
    const auto refused = run_probe(name);
    ASSERT_FALSE(refused) << name;
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr(remedy), Not(HasSubstr("mend what runs")))) << name;
  }
  for (const auto* name : {"constructor-crashes", "constructor-exits", "constructor-throws"}) {
    EXPECT_THAT(run_probe(name).error().message, HasSubstr("mend what runs when the library is loaded")) << name;
  }
}

TEST(ProcessProbe, TellsThatItCouldNotTry) {
  const auto refused = make_process_probe("/nonexistent/mortise", 1s)(MORTISE_ZOO "/good-1.0.so");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::unavailable);
}

class CheckFile : public DropTest {
 protected:
  Verdict check(const Path& file) {
    return check_file(file, offered_, files_, make_process_probe(MORTISE_PROBE_RUNNER, 60s));
  }
};

TEST_F(CheckFile, PassesAGoodFileWithItsDigest) {
  const auto verdict = check(put("good-1.0"));
  EXPECT_TRUE(verdict.passed());
  EXPECT_THAT(verdict.inspection.findings, IsEmpty());
  EXPECT_EQ(verdict.sha256.size(), 64U);
  EXPECT_EQ(verdict.inspection.manifest->name, "good");
}

TEST_F(CheckFile, ProbesOnlyWhatHasPassedTheRest) {
  int probes = 0;
  const Probe count = [&](const Path&) {
    ++probes;
    return base::Result<void>();
  };
  EXPECT_FALSE(check_file(put("no-manifest"), offered_, files_, count).passed());
  EXPECT_FALSE(check_file(put("needs-unknown-interface"), offered_, files_, count).passed());
  EXPECT_EQ(probes, 0);
  EXPECT_TRUE(check_file(put("good-1.0"), offered_, files_, count).passed());
  EXPECT_EQ(probes, 1);
}

TEST_F(CheckFile, SaysEverythingThatIsWrongAtOnce) {
  const auto file = put("extra-export");
  ASSERT_EQ(::chmod(file.c_str(), 0757), 0);
  std::vector<std::string> checks;
  for (const auto& finding : check(file).inspection.findings) checks.push_back(finding.check);
  EXPECT_THAT(checks, ::testing::UnorderedElementsAre("extra-export", "placement"));
}

TEST_F(CheckFile, NamesTheInterfaceThatTheHostLacksAndThoseThatItHas) {
  const auto file = put("needs-unknown-interface");
  const auto verdict = check(file);
  ASSERT_THAT(verdict.inspection.findings, ::testing::SizeIs(1));
  EXPECT_EQ(verdict.inspection.rejection()->check, "interface-unknown");
  EXPECT_THAT(verdict.inspection.rejection()->message,
              AllOf(HasSubstr("'" + file.string() + "' requires the interface 'mortise.teleport/1'"),
                    HasSubstr("it has mortise.contracts/1, mortise.http/1."), HasSubstr("Mend the id")));
  offered_.push_back("mortise.teleport/1");
  EXPECT_TRUE(check(file).passed());
}

TEST_F(CheckFile, NamesFileAndEvidenceOfTheProbe) {
  const auto verdict = check(put("entry-returns-null"));
  ASSERT_FALSE(verdict.passed());
  EXPECT_EQ(verdict.inspection.rejection()->check, "probe");
  EXPECT_THAT(verdict.inspection.rejection()->message,
              AllOf(HasSubstr("entry-returns-null.so'"), HasSubstr("returned no table")));
}

TEST_F(CheckFile, SaysThatTheFileIsMissing) {
  const auto verdict = check(drop() / "missing.so");
  ASSERT_FALSE(verdict.passed());
  EXPECT_EQ(verdict.inspection.rejection()->check, "unreadable");
}

}  // namespace
}  // namespace mortise::catalog
