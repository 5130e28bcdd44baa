#include "cli/plugin_changes.hpp"

#include <gmock/gmock.h>

namespace mortise::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Effect = Change::Effect;

manifest::Manifest build(const std::string& version, const std::string& more,
                         const std::map<std::string, std::string>& contracts = {}) {
  auto manifest =
      manifest::parse_manifest(R"({"name":"bank","version":")" + version + R"(","abi":1)" + more + "}").value();
  for (const auto& [id, methods] : contracts) manifest.contracts[id] = manifest::parse_methods(methods).value();
  return manifest;
}

const std::string kProvides = R"(,"provides":[{"contract":"money/1"}])";
const std::string kRequires = R"(,"requires":[{"contract":"tax/1"}])";

std::vector<std::string> said(const std::vector<Change>& changes) {
  std::vector<std::string> lines;
  for (const auto& change : changes) lines.push_back(std::string(to_string(change.effect)) + ": " + change.message);
  return lines;
}

TEST(FindChanges, FindsNothingBetweenEqualBuilds) {
  const auto one = build("1.0.0", kProvides + kRequires, {{"money/1", "a()->i8"}, {"tax/1", "t()->i8"}});
  EXPECT_THAT(find_changes(one, one), IsEmpty());
}

TEST(FindChanges, ListsAppendedMethodsAndNewContractsAsCompatible) {
  const auto before = build("1.0.0", kProvides, {{"money/1", "a()->i8"}});
  const auto after = build("1.1.0", R"(,"provides":[{"contract":"money/1"},{"contract":"rate/1"}])",
                           {{"money/1", "a()->i8\nb()->i8\nc()->i8"}, {"rate/1", "r()->i8"}});
  const auto changes = find_changes(before, after);
  EXPECT_FALSE(is_breaking(changes));
  EXPECT_THAT(said(changes),
              ElementsAre("compatible: rate/1: is provided, too", "compatible: money/1: appends 'b', 'c'"));
  EXPECT_EQ(judge_version_step(before, after, changes), "");
}

TEST(FindChanges, CallsChangedRemovedReorderedAndEndingMethodsBreaking) {
  const auto before = build("1.0.0", kProvides, {{"money/1", "a()->i8\nb()->i8"}});
  for (const auto& [methods, title] :
       std::map<std::string, std::string>{{"a()->i8\nb(i8)->i8", "'b' differs"},
                                          {"a()->i8\nc()->i8", "'b' was removed"},
                                          {"b()->i8\na()->i8", "'a' is at another place"},
                                          {"a()->i8", "'b' is missing at the end"}}) {
    const auto changes = find_changes(before, build("1.1.0", kProvides, {{"money/1", methods}}));
    EXPECT_THAT(said(changes), ElementsAre(AllOf(HasSubstr("breaking: money/1: method"), HasSubstr(title))));
    EXPECT_TRUE(changes[0].difference);
  }
}

TEST(FindChanges, CallsARemovedContractAndARemovedNameBreaking) {
  const auto before = build("1.0.0", R"(,"provides":[{"contract":"money/1"},{"contract":"money/1","name":"visa"}])");
  EXPECT_THAT(said(find_changes(before, build("2.0.0", kProvides))),
              ElementsAre("breaking: money/1 as 'visa': is not provided any longer; go on providing it"));
  EXPECT_THAT(find_changes(before, build("2.0.0", "")), ::testing::SizeIs(2));
}

TEST(FindChanges, NamesDurableTasksThatAreHandledOrNotAnyLonger) {
  const std::string tasks = R"(,"interfaces":["mortise.tasks/1"])";
  const auto before = build("1.0.0", tasks + R"(,"durable_tasks":["mail"])");
  const auto after = build("1.1.0", tasks + R"(,"durable_tasks":["report"])");
  EXPECT_THAT(find_changes(before, before), IsEmpty());
  EXPECT_THAT(said(find_changes(before, after)),
              ElementsAre(HasSubstr("compatible: durable task mail: is not handled any longer"),
                          "compatible: durable task report: is handled, too"));
}

TEST(FindChanges, CallsAMarkThatIsTakenFromAMethodBreaking) {
  const auto plain = build("1.0.0", kProvides, {{"money/1", "a()->i8\nb()->i8"}});
  auto marked = build("1.1.0", kProvides, {{"money/1", "a()->i8\nb()->i8"}});
  marked.contracts["money/1"][1].is_idempotent = true;
  EXPECT_THAT(find_changes(marked, marked), IsEmpty());
  EXPECT_THAT(said(find_changes(plain, marked)),
              ElementsAre(HasSubstr("compatible: money/1: method 'b' may be called once more")));
  const auto taken = find_changes(marked, plain);
  EXPECT_TRUE(is_breaking(taken));
  EXPECT_THAT(said(taken), ElementsAre(AllOf(HasSubstr("breaking: money/1: method 'b' is not idempotent any longer"),
                                             HasSubstr("MORTISE_IDEMPOTENT"))));
}

TEST(FindChanges, NamesAnotherRank) {
  const auto after = build("1.1.0", R"(,"provides":[{"contract":"money/1","rank":3}])");
  const auto changes = find_changes(build("1.0.0", kProvides), after);
  EXPECT_THAT(said(changes), ElementsAre(HasSubstr("compatible: money/1: its rank is 3, was 0")));
}

TEST(FindChanges, SaysWhatTheNewBuildNeedsThatTheOldDidNot) {
  const auto plain = build("1.0.0", "");
  const auto needing = build("1.1.0", kRequires, {{"tax/1", "t()->i8"}});
  EXPECT_THAT(said(find_changes(plain, needing)), ElementsAre("may not start: needs tax/1, which 1.0.0 did not"));
  EXPECT_FALSE(is_breaking(find_changes(plain, needing)));
  EXPECT_THAT(said(find_changes(needing, plain)), ElementsAre("compatible: can do without tax/1"));
  const auto wishing = build("1.2.0", R"(,"requires":[{"contract":"tax/1","optional":true}])", {{"tax/1", "t()->i8"}});
  EXPECT_THAT(find_changes(plain, wishing), IsEmpty());
  EXPECT_THAT(said(find_changes(wishing, needing)), ElementsAre("may not start: needs tax/1, which 1.2.0 did not"));
  const auto more = build("1.2.0", kRequires, {{"tax/1", "t()->i8\nu()->i8"}});
  EXPECT_THAT(said(find_changes(needing, more)), ElementsAre("may not start: needs a provider of tax/1 that has 'u'"));
  EXPECT_THAT(find_changes(more, needing), IsEmpty()) << "fewer methods are found at every provider";
  const auto other = build("1.2.0", kRequires, {{"tax/1", "t(i8)->i8"}});
  EXPECT_THAT(said(find_changes(needing, other)),
              ElementsAre(HasSubstr("another form of tax/1: method 1 't' differs")));
  const auto ranged = build("1.2.0", R"(,"requires":[{"contract":"tax/1","provider":"^2"}])", {{"tax/1", "t()->i8"}});
  EXPECT_THAT(said(find_changes(needing, ranged)), ElementsAre(HasSubstr("from a plugin of version '^2', was '*'")));
  const auto http = build("1.2.0", R"(,"interfaces":["mortise.http/1"])");
  EXPECT_THAT(said(find_changes(plain, http)), ElementsAre(HasSubstr("the interface mortise.http/1 of the host")));
}

TEST(JudgeVersionStep, AsksForAMajorStepWhenSomethingBreaks) {
  const auto judge = [](const std::string& from, const std::string& to) {
    const auto before = build(from, kProvides);
    const auto after = build(to, "");
    return judge_version_step(before, after, find_changes(before, after));
  };
  EXPECT_THAT(judge("1.2.0", "1.3.0"), HasSubstr("1.2.0 -> 1.3.0 promises that nothing breaks; make it 2.0.0"));
  EXPECT_THAT(judge("0.2.0", "0.2.1"), HasSubstr("make it 0.3.0"));
  EXPECT_EQ(judge("1.2.0", "2.0.0"), "");
  EXPECT_EQ(judge("0.2.0", "0.3.0"), "");
  EXPECT_THAT(judge("1.2.0", "1.2.0"), HasSubstr("is none upwards"));
}

}  // namespace
}  // namespace mortise::cli
