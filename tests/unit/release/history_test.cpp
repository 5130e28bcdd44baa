#include "release/history.hpp"

#include <Poco/Data/Statement.h>
#include <gmock/gmock.h>

#include "base/temporary_directory.hpp"
#include "storage/sqlite.hpp"

namespace mortise::release {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

Step step(Step::Kind kind, const std::string& plugin, const std::string& to) {
  Step made;
  made.kind = kind;
  made.plugin = plugin;
  made.to_version = to;
  made.to_sha256 = to.empty() ? "" : plugin + to;
  return made;
}

class HistoryTest : public ::testing::Test {
 protected:
  History open() {
    auto opened = History::open(file_);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  /// Begins one with these steps, which all have the config "{}".
  static std::uint64_t begin(History& history, const std::vector<Step>& steps) {
    std::map<std::string, std::string> configs;
    for (const auto& one : steps) configs.emplace(one.plugin, "{}");
    const auto number = history.begin("root (uid 0)", "apply", {.steps = steps, .refusals = {}}, configs);
    EXPECT_TRUE(number) << number.error().message;
    return *number;
  }
  static std::uint64_t apply(History& history, const std::vector<Step>& steps) {
    const auto number = begin(history, steps);
    EXPECT_TRUE(history.apply(number, {}));
    return number;
  }

  mortise::testing::TemporaryDirectory root_;
  std::filesystem::path file_ = root_ / "releases.db";
};

TEST_F(HistoryTest, IsEmptyAtFirst) {
  auto history = open();
  EXPECT_EQ(history.last()->release, 0U);
  EXPECT_THAT(history.last()->members, IsEmpty());
  EXPECT_THAT(*history.list(10), IsEmpty());
}

TEST_F(HistoryTest, BringsBackWhatWasAppliedLast) {
  {
    auto history = open();
    apply(history, {step(Step::Kind::start, "a", "1.0"), step(Step::Kind::start, "b", "1.0")});
    apply(history, {step(Step::Kind::upgrade, "a", "1.1"), step(Step::Kind::stop, "b", "")});
  }
  auto history = open();
  const auto last = *history.last();
  EXPECT_EQ(last.release, 2U);
  EXPECT_THAT(last.members, ElementsAre(Pair("a", Identity{"a1.1", "{}"})));
}

TEST_F(HistoryTest, CountsWhatWasNeitherAppliedNorFailedAsInterrupted) {
  {
    auto history = open();
    apply(history, {step(Step::Kind::start, "a", "1.0")});
    begin(history, {step(Step::Kind::upgrade, "a", "1.1")});
  }
  auto history = open();
  EXPECT_THAT(history.last()->members, ElementsAre(Pair("a", Identity{"a1.0", "{}"})));
  EXPECT_EQ(history.list(1)->front().result, "interrupted");
  EXPECT_THAT(*history.interrupted_twice(), IsEmpty()) << "once may be chance";
}

TEST_F(HistoryTest, NamesWhatWasInterruptedTwice) {
  for (int i = 0; i < 2; ++i) {
    auto history = open();
    begin(history, {step(Step::Kind::upgrade, "a", "1.1")});
  }
  EXPECT_THAT(*open().interrupted_twice(), ElementsAre(Pair("a", Identity{"a1.1", "{}"})));
}

TEST_F(HistoryTest, DoesNotBlameTwoThatWereInterruptedInDifferentThings) {
  for (const auto* version : {"1.1", "1.2"}) {
    auto history = open();
    begin(history, {step(Step::Kind::upgrade, "a", version)});
  }
  EXPECT_THAT(*open().interrupted_twice(), IsEmpty());
}

TEST_F(HistoryTest, KnowsTheMembersOfEveryAppliedRelease) {
  auto history = open();
  const auto first = apply(history, {step(Step::Kind::start, "a", "1.0"), step(Step::Kind::start, "b", "1.0")});
  const auto failed = begin(history, {step(Step::Kind::upgrade, "a", "1.1")});
  ASSERT_TRUE(history.fail(failed, "init: no"));
  const auto third = apply(history, {step(Step::Kind::upgrade, "a", "1.2"), step(Step::Kind::stop, "b", "")});
  EXPECT_THAT(*history.members_of(first),
              ElementsAre(Pair("a", Identity{"a1.0", "{}"}), Pair("b", Identity{"b1.0", "{}"})));
  EXPECT_THAT(*history.members_of(third), ElementsAre(Pair("a", Identity{"a1.2", "{}"})));
  EXPECT_EQ(history.members_of(failed).error().code, base::ErrorCode::not_found);
  EXPECT_EQ(history.members_of(99).error().code, base::ErrorCode::not_found);
  EXPECT_EQ(**history.before(third), first) << "a failed one never ran";
  EXPECT_EQ(*history.before(first), std::nullopt);
}

TEST_F(HistoryTest, ListsWhoDidWhatWithWhichResult) {
  auto history = open();
  apply(history, {step(Step::Kind::start, "a", "1.0")});
  const auto failed = begin(history, {step(Step::Kind::upgrade, "a", "1.1")});
  ASSERT_TRUE(history.fail(failed, "init: no"));
  const auto entries = *history.list(5);
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[1].who, "root (uid 0)");
  EXPECT_EQ(entries[1].what, "apply");
  EXPECT_EQ(entries[1].result, "failed");
  EXPECT_EQ(entries[1].reason, "init: no");
  ASSERT_THAT(entries[1].changes, SizeIs(1));
  EXPECT_EQ(entries[1].changes[0].kind, "upgrade");
  EXPECT_THAT(*history.list(1), SizeIs(1));
}

TEST_F(HistoryTest, KeepsHolds) {
  {
    auto history = open();
    const auto number = begin(history, {step(Step::Kind::downgrade, "a", "1.0")});
    ASSERT_TRUE(history.apply(
        number, {{"a", {.member = Identity{"a1.0", "{}"}, .instead_of = {"a1.1", "{}"}, .reason = "rolled back"}},
                 {"b", {.member = {}, .instead_of = {"b1.0", "{}"}, .reason = "rolled back"}}}));
  }
  auto history = open();
  const auto holds = history.last()->holds;
  ASSERT_THAT(holds, SizeIs(2));
  EXPECT_EQ(holds.at("a").member, (Identity{"a1.0", "{}"}));
  EXPECT_EQ(holds.at("a").instead_of, (Identity{"a1.1", "{}"}));
  EXPECT_EQ(holds.at("b").member, std::nullopt);
  ASSERT_TRUE(history.set_holds({}));
  EXPECT_THAT(history.last()->holds, IsEmpty());
}

TEST_F(HistoryTest, KeepsTrialsUntilTheyEndOrTheirPluginChanges) {
  auto history = open();
  const auto first = begin(history, {step(Step::Kind::upgrade, "a", "1.1"), step(Step::Kind::start, "b", "1.0")});
  const StoredTrial trial{
      .release = first,
      .host = 77,
      .plugins = {{"a", {.generation = 7, .until_ms = 1234567890123, .former = Identity{"a1.0", "{}"}}}, {"b", {}}}};
  ASSERT_TRUE(history.apply(first, {}, trial));
  const auto kept = *history.trials();
  ASSERT_THAT(kept, SizeIs(1));
  EXPECT_EQ(kept[0].release, first);
  EXPECT_EQ(kept[0].host, 77);
  EXPECT_FALSE(kept[0].is_canary);
  ASSERT_THAT(kept[0].plugins, SizeIs(2));
  const auto& a = kept[0].plugins.at("a");
  EXPECT_EQ(a.generation, 7U);
  EXPECT_EQ(a.until_ms, 1234567890123);
  EXPECT_EQ(a.former, (Identity{"a1.0", "{}"}));
  EXPECT_EQ(a.identity, (Identity{"a1.1", "{}"}));
  EXPECT_EQ(kept[0].plugins.at("b").former, std::nullopt);
  apply(history, {step(Step::Kind::upgrade, "b", "1.1")});
  ASSERT_THAT(*history.trials(), SizeIs(1));
  EXPECT_THAT(history.trials()->front().plugins, ElementsAre(Pair("a", ::testing::_)));
  ASSERT_TRUE(history.end_trial(first));
  EXPECT_THAT(*history.trials(), IsEmpty());
}

TEST_F(HistoryTest, KeepsTheTrialOfACanaryBesideThatOfWhatRuns) {
  auto history = open();
  const auto first = begin(history, {step(Step::Kind::upgrade, "a", "1.1")});
  ASSERT_TRUE(history.apply(first, {}, {.release = first, .host = 77, .plugins = {{"a", {.generation = 7}}}}));
  const auto second = begin(history, {step(Step::Kind::upgrade, "a", "1.2")});
  const StoredTrial canary{.release = second, .host = 77, .plugins = {{"a", {.generation = 8}}}};
  ASSERT_TRUE(history.begin_trial(canary));
  const auto kept = *history.trials();
  ASSERT_THAT(kept, SizeIs(2));
  EXPECT_FALSE(kept[0].is_canary);
  EXPECT_TRUE(kept[1].is_canary);
  EXPECT_EQ(kept[1].plugins.at("a").identity, (Identity{"a1.2", "{}"}));
  ASSERT_TRUE(history.set_trials({kept[0]}));
  EXPECT_THAT(*history.trials(), SizeIs(1));
  ASSERT_TRUE(history.begin_trial(canary));
  ASSERT_TRUE(history.apply(second, {}));
  EXPECT_THAT(*history.trials(), IsEmpty()) << "the plugin of both has changed";
}

TEST_F(HistoryTest, LeavesTheFileOfACopyAsItIs) {
  EXPECT_THAT(History::open_copy(file_)->last()->members, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(file_));
  auto history = open();
  const auto first = apply(history, {step(Step::Kind::start, "a", "1.0")});
  const auto second = begin(history, {step(Step::Kind::upgrade, "a", "1.1")});
  auto copy = History::open_copy(file_);
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ(copy->last()->release, first);
  EXPECT_EQ(copy->list(1)->front().result, "interrupted");
  apply(*copy, {step(Step::Kind::upgrade, "a", "1.2")});
  EXPECT_EQ(history.list(1)->front().result, "applying");
  EXPECT_EQ(history.list(1)->front().release, second);
}

TEST_F(HistoryTest, KeepsMarksUntilThePardon) {
  {
    auto history = open();
    ASSERT_TRUE(history.mark({.plugin = "a", .identity = {"a1.1", "{}"}, .reason = "it failed"}));
    ASSERT_TRUE(history.mark({.plugin = "a", .identity = {"a1.1", "{}"}, .reason = "it failed again"}));
    ASSERT_TRUE(history.mark({.plugin = "b", .identity = {"b1.0", "{}"}, .reason = "it failed"}));
  }
  auto history = open();
  ASSERT_THAT(*history.marks(), SizeIs(2));
  EXPECT_EQ(history.marks()->front().reason, "it failed again");
  ASSERT_TRUE(history.pardon("a"));
  ASSERT_THAT(*history.marks(), SizeIs(1));
  EXPECT_EQ(history.marks()->front().identity, (Identity{"b1.0", "{}"}));
}

TEST_F(HistoryTest, KeepsEachCrashOnceAndUntilThePardon) {
  const StoredCrash crash{.plugin = "a",
                          .sha256 = "a1.1",
                          .time_ms = 2000,
                          .host = 77,
                          .signal = "SIGSEGV",
                          .route = "/a",
                          .evidence = "SIGSEGV at 0x8"};
  auto other = crash;
  other.plugin = "b";
  other.time_ms = 1000;
  {
    auto history = open();
    for (const auto& each : {crash, crash, other}) ASSERT_TRUE(history.add_crash(each));
  }
  auto history = open();
  ASSERT_THAT(*history.crashes(), SizeIs(2));
  EXPECT_EQ(history.crashes()->front().plugin, "b") << "the eldest";
  EXPECT_EQ(history.crashes()->back().evidence, "SIGSEGV at 0x8");
  ASSERT_TRUE(history.pardon("a"));
  EXPECT_THAT(*history.crashes(), SizeIs(1));
}

TEST_F(HistoryTest, KeepsWhereImagesMayRunAndAPardonForgetsCrashesAlone) {
  const StoredPlacement isolated{
      .plugin = "a", .sha256 = "a1.0", .kind = StoredPlacement::Kind::isolated, .reason = "it crashed the host"};
  auto passed = isolated;
  passed.kind = StoredPlacement::Kind::passed;
  auto other = isolated;
  other.plugin = "b";
  {
    auto history = open();
    auto ran = isolated;
    ran.has_run = true;
    for (const auto& each : {isolated, passed, ran, other}) ASSERT_TRUE(history.add_placement(each));
  }
  auto history = open();
  ASSERT_THAT(*history.placements(), SizeIs(3));
  EXPECT_EQ(history.placements()->front().reason, "it crashed the host");
  EXPECT_TRUE(history.placements()->front().has_run);
  ASSERT_TRUE(history.pardon("a"));
  const auto left = *history.placements();
  ASSERT_THAT(left, SizeIs(2));
  EXPECT_EQ(left[0].kind, StoredPlacement::Kind::passed);
  EXPECT_EQ(left[1].plugin, "b");
  EXPECT_FALSE(left[1].has_run);
}

TEST_F(HistoryTest, TakesOverAFileOfTheThirdRevision) {
  {
    auto history = open();
    ASSERT_TRUE(history.mark({.plugin = "a", .identity = {"a1.1", "{}"}, .reason = "it failed"}));
  }
  {
    using Poco::Data::Keywords::now;
    auto session = storage::open_sqlite(file_);
    for (const auto* later : {"crash", "placement"}) session << std::string("DROP TABLE ") + later, now;
    session << "PRAGMA user_version = 3", now;
  }
  auto history = open();
  EXPECT_THAT(*history.marks(), SizeIs(1));
  EXPECT_THAT(*history.crashes(), IsEmpty());
}

TEST_F(HistoryTest, TakesOverAFileOfTheFirstRevision) {
  {
    auto history = open();
    apply(history, {step(Step::Kind::start, "a", "1.0")});
  }
  {
    using Poco::Data::Keywords::now;
    auto session = storage::open_sqlite(file_);
    for (const auto* later : {"crash", "trial", "mark", "placement"})
      session << std::string("DROP TABLE ") + later, now;
    session << "ALTER TABLE hold DROP COLUMN together", now;
    session << "PRAGMA user_version = 1", now;
  }
  EXPECT_THAT(History::open_copy(file_)->last()->members, SizeIs(1));
  {
    std::int64_t revision = 0;
    storage::open_sqlite(file_) << "PRAGMA user_version", Poco::Data::Keywords::into(revision),
        Poco::Data::Keywords::now;
    EXPECT_EQ(revision, 1) << "the file is still one that the former host can use";
  }
  auto history = open();
  EXPECT_THAT(history.last()->members, SizeIs(1));
  EXPECT_THAT(*history.marks(), IsEmpty());
  EXPECT_TRUE(history.set_holds({{"a", {.member = {}, .instead_of = {"a1.1", "{}"}, .reason = "rolled back"}}}));
}

TEST_F(HistoryTest, TakesOverAFileOfTheSecondRevision) {
  {
    auto history = open();
    apply(history, {step(Step::Kind::start, "a", "1.0")});
    ASSERT_TRUE(history.mark({.plugin = "a", .identity = {"a1.1", "{}"}, .reason = "it failed"}));
  }
  {
    using Poco::Data::Keywords::now;
    auto session = storage::open_sqlite(file_);
    for (const auto* later : {"crash", "trial", "placement"}) session << std::string("DROP TABLE ") + later, now;
    session << "CREATE TABLE trial (plugin TEXT PRIMARY KEY, number INTEGER NOT NULL, generation INTEGER NOT NULL, "
               "former_sha256 TEXT NOT NULL, former_config TEXT NOT NULL) WITHOUT ROWID",
        now;
    session << "INSERT INTO trial VALUES ('a', 1, 7, '', '')", now;
    session << "PRAGMA user_version = 2", now;
  }
  auto history = open();
  EXPECT_THAT(*history.marks(), SizeIs(1));
  EXPECT_THAT(*history.trials(), IsEmpty());
  EXPECT_TRUE(history.begin_trial({.release = 1, .host = 77, .plugins = {{"a", {.generation = 7}}}}));
}

TEST_F(HistoryTest, RefusesAFileThatIsNoDatabase) {
  mortise::testing::write_file(file_, std::string(4096, 'x'));
  EXPECT_EQ(History::open(file_).error().code, base::ErrorCode::data_loss);
}

}  // namespace
}  // namespace mortise::release
