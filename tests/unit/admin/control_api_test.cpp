#include "admin/control_api.hpp"

#include <gmock/gmock.h>
#include <unistd.h>
#include <limits>
#include <nlohmann/json.hpp>

#include "admin/control_api_fixture.hpp"

namespace mortise::admin {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A number that the system gives no process.
constexpr pid_t kNobody = std::numeric_limits<pid_t>::max();

release::Plan make_plan() {
  release::Plan plan;
  plan.steps.push_back({.kind = release::Step::Kind::upgrade,
                        .plugin = "rates",
                        .from_version = "1.0.0",
                        .to_version = "1.1.0",
                        .from_sha256 = "aa",
                        .to_sha256 = "bb",
                        .reason = "dropped",
                        .contracts = {"~ rates/1"},
                        .affected = {"shop"}});
  plan.refusals.push_back({.plugin = "till", .reason = "no", .exhibit = "a\nb", .keeps_running = true});
  return plan;
}

TEST_F(ControlApi, PlanHasEveryKeyOfStepsAndRefusals) {
  control_.plan_ = make_plan();
  const auto made = ask("GET", "/v1/plan");
  EXPECT_EQ(made.status, 200U);
  EXPECT_EQ(made.content_type, "application/json");
  EXPECT_EQ(json::parse(made.body), json::parse(R"({
    "steps": [{"kind": "upgrade", "plugin": "rates", "from_version": "1.0.0", "to_version": "1.1.0",
               "from_sha256": "aa", "to_sha256": "bb", "reason": "dropped", "contracts": ["~ rates/1"],
               "affected": ["shop"]}],
    "refusals": [{"plugin": "till", "reason": "no", "exhibit": "a\nb", "keeps_running": true}]})"));
}

TEST_F(ControlApi, EmptyPlanHasItsKeysToo) {
  EXPECT_EQ(json::parse(ask("GET", "/v1/plan").body), json::parse(R"({"steps": [], "refusals": []})"));
}

TEST_F(ControlApi, ApplyAnswersWithTheOutcomeAlsoWhenItFailed) {
  control_.outcome_ = release::Outcome{
      .result = release::Outcome::Result::failed, .release = 7, .plan = make_plan(), .reason = "init: no room"};
  const auto made = ask("POST", "/v1/apply", "{}");
  EXPECT_EQ(made.status, 200U);
  const auto outcome = json::parse(made.body);
  EXPECT_EQ(outcome["result"], "failed");
  EXPECT_EQ(outcome["release"], 7);
  EXPECT_EQ(outcome["reason"], "init: no room");
  EXPECT_EQ(outcome["plan"]["steps"][0]["plugin"], "rates");
  EXPECT_THAT(control_.calls(), ElementsAre("apply by ada (uid 7)"));
}

TEST_F(ControlApi, RollbackGoesToTheReleaseThatIsNamedOrToTheOneBefore) {
  EXPECT_EQ(ask("POST", "/v1/rollback").status, 200U);
  EXPECT_EQ(ask("POST", "/v1/rollback", "{}").status, 200U);
  EXPECT_EQ(ask("POST", "/v1/rollback", R"({"release": 4})").status, 200U);
  EXPECT_THAT(control_.calls(),
              ElementsAre("rollback to the one before by ada (uid 7)", "rollback to the one before by ada (uid 7)",
                          "rollback to 4 by ada (uid 7)"));
}

TEST_F(ControlApi, PardonIsOfAPluginThatIsNamed) {
  EXPECT_EQ(ask("POST", "/v1/pardon", R"({"plugin": "rates"})").status, 200U);
  EXPECT_THAT(control_.calls(), ElementsAre("pardon of rates by ada (uid 7)"));
  for (const auto* body : {"", "{}", R"({"plugin": 4})", R"({"plugin": ""})", R"({"plugin": "../rates"})"}) {
    EXPECT_THAT(refusal(400, "POST", "/v1/pardon", body), HasSubstr("the body must name a plugin")) << body;
  }
}

TEST_F(ControlApi, HostUpgradeAnswersWithWhoServesAlsoWhenItFailed) {
  const auto made = ask("POST", "/v1/host/upgrade");
  EXPECT_EQ(made.status, 200U);
  EXPECT_EQ(json::parse(made.body), json::parse(R"({"result": "upgraded", "pid": 4711, "reason": ""})"));
  EXPECT_EQ(host_.asked_by_, "ada (uid 7)");
  host_.outcome_ = UpgradeOutcome{.is_upgraded = false, .pid = 7, .reason = "no room"};
  EXPECT_EQ(json::parse(ask("POST", "/v1/host/upgrade", "{}").body),
            json::parse(R"({"result": "failed", "pid": 7, "reason": "no room"})"));
  host_.outcome_ = base::Error{base::ErrorCode::already_exists, "one is under way"};
  EXPECT_EQ(refusal(409, "POST", "/v1/host/upgrade"), "one is under way");
  EXPECT_THAT(refusal(400, "POST", "/v1/host/upgrade", R"({"to": 1})"), HasSubstr("unknown key 'to'"));
}

TEST_F(ControlApi, ObserveAnswersWithEveryKeyOfWhatWasSeen) {
  control_.observation_ = some_calls();
  control_.observation_->plugins.erase(control_.observation_->plugins.begin() + 1,
                                       control_.observation_->plugins.end());
  const auto made = ask("POST", "/v1/observe", R"({"for_ms": 2000})");
  EXPECT_EQ(made.status, 200U);
  EXPECT_EQ(json::parse(made.body), json::parse(R"({
    "window_ms": 2000, "ended_early": "", "requests": 100,
    "plugins": [{"name": "idle", "version": "1.0.0", "placement": "inline", "requests": 0}],
    "calls": [{"consumer": "shop", "provider": "rates", "contract": "rates/1", "methods": [
      {"name": "convert", "calls": 200, "failures": 1, "time_ns": 1000000, "request_bytes": 8000,
       "reply_bytes": 4000}]}],
    "not_counted": [{"consumer": "shop", "provider": "till", "contract": "till/1", "reason": "set `fill_proxy`"}]})"));
  EXPECT_THAT(control_.calls(), ElementsAre("observe for 2000 ms by ada (uid 7)"));
}

TEST_F(ControlApi, ObserveTakesTimesFromATenthOfASecondToTenMinutes) {
  for (const auto* body : {"", "{}", R"({"for_ms": 99})", R"({"for_ms": 600001})", R"({"for_ms": -5000})",
                           R"({"for_ms": 5000.5})", R"({"for_ms": "5s"})"}) {
    EXPECT_THAT(refusal(400, "POST", "/v1/observe", body),
                HasSubstr("'for_ms' must be a whole number of milliseconds from 100 to 600000"))
        << body;
  }
  EXPECT_THAT(refusal(400, "POST", "/v1/observe", R"({"for": 4})"), HasSubstr("unknown key 'for'"));
  EXPECT_EQ(ask("POST", "/v1/observe", R"({"for_ms": 100})").status, 200U);
  EXPECT_EQ(ask("POST", "/v1/observe", R"({"for_ms": 600000})").status, 200U);
  control_.observation_ = base::Error{base::ErrorCode::already_exists, "one goes on"};
  EXPECT_EQ(refusal(409, "POST", "/v1/observe", R"({"for_ms": 100})"), "one goes on");
}

TEST_F(ControlApi, HistoryHasItsEntriesAndALimit) {
  control_.history_ = std::vector<release::HistoryEntry>{
      {.release = 2,
       .time = "2026-11-26T09:20:31.004Z",
       .who = "root (uid 0)",
       .what = "apply",
       .result = "failed",
       .reason = "no",
       .changes = {{.plugin = "rates", .from_version = "1.0.0", .to_version = "1.1.0", .kind = "upgrade"}}}};
  EXPECT_EQ(json::parse(ask("GET", "/v1/history").body), json::parse(R"json({"entries": [
    {"release": 2, "time": "2026-11-26T09:20:31.004Z", "who": "root (uid 0)", "what": "apply", "result": "failed",
     "reason": "no", "changes": [{"plugin": "rates", "kind": "upgrade", "from_version": "1.0.0",
                                  "to_version": "1.1.0"}]}]})json"));
  EXPECT_EQ(ask("GET", "/v1/history?limit=1000").status, 200U);
  EXPECT_THAT(control_.calls(), ElementsAre("history of 20", "history of 1000"));
}

TEST_F(ControlApi, StatusHasPluginsAndFilesWithWhatIsKnownOfThem) {
  auto record = std::make_shared<catalog::Record>();
  record->path = "/drop/x.so";
  record->state = catalog::FileState::rejected;
  record->reason = "no ELF";
  release::Status status;
  status.release = 3;
  status.plugins.push_back(
      {.name = "rates", .version = "1.0.0", .generation = 4, .state = "active", .reason = {}, .sha256 = "aa"});
  status.plugins.front().containment = runtime::ContainmentReport{.circuit = runtime::CircuitBreaker::State::half_open,
                                                                  .degraded = "it fails",
                                                                  .in_flight = 1,
                                                                  .waiting = 2,
                                                                  .stuck = 3,
                                                                  .failures = 4,
                                                                  .timeouts = 5,
                                                                  .rejected = 6,
                                                                  .short_circuited = 7,
                                                                  .circuit_opened = 8,
                                                                  .lines_dropped = 9};
  status.plugins.front().crashes = {
      .count = 2, .time = "2026-11-26T09:20:31.004Z", .signal = "SIGSEGV", .route = "/rates", .evidence = "at 0x8"};
  status.plugins.front().isolated_by = release::PluginStatus::IsolatedBy::probation;
  status.plugins.front().probation = {.served = 5, .requests = 9};
  status.plugins.front().memory = {.use = {.heap = 1, .arena = 2, .buffers = 3}, .limit_bytes = 4, .is_over = true};
  status.plugins.front().process = {.pid = kNobody,
                                    .restarts = 1,
                                    .trouble = "its process was killed by SIGSEGV",
                                    .sandbox = {{.name = "files", .missing = "no Landlock"}}};
  status.files.put(std::move(record));
  status.left_mapped = {
      .count = 2,
      .limit = 1,
      .warning = "restart",
      .images = {{.plugin = "rates", .version = "0.9.0", .sha256 = "bb", .reason = "is sticky", .count = 2}}};
  control_.status_ = std::move(status);
  EXPECT_EQ(json::parse(ask("GET", "/v1/status").body), json::parse(R"({"release": 3,
    "plugins": [{"name": "rates", "version": "1.0.0", "generation": 4, "state": "active", "reason": "",
                 "sha256": "aa", "degraded": "it fails",
                 "containment": {"circuit": "half_open", "in_flight": 1, "waiting": 2, "stuck": 3, "failures": 4,
                                 "timeouts": 5, "rejected": 6, "short_circuited": 7, "circuit_opened": 8,
                               "lines_dropped": 9},
                 "crashes": {"count": 2, "time": "2026-11-26T09:20:31.004Z", "signal": "SIGSEGV", "route": "/rates",
                             "reason": "at 0x8"},
                 "placement": "isolated", "isolated_by": "probation", "probation": {"served": 5, "requests": 9},
                 "memory": {"heap_bytes": 1, "arena_bytes": 2, "buffer_bytes": 3, "limit_bytes": 4, "is_over": true},
                 "worker": {"pid": 2147483647, "restarts": 1, "trouble": "its process was killed by SIGSEGV",
                            "memory": {"resident_bytes": 0, "allocated_bytes": 0, "limit_bytes": 0},
                            "sandbox": [{"name": "files", "missing": "no Landlock"}], "replicas": []},
                 "remote": {"url": "", "calls": 0, "retries": 0, "failures": 0, "circuit": "", "trouble": ""}}],
    "files": [{"path": "/drop/x.so", "state": "rejected", "reason": "no ELF", "sha256": "", "plugin": "",
               "version": "", "notes": []}],
    "left_mapped": {"count": 2, "limit": 1, "warning": "restart", "images": [
      {"plugin": "rates", "version": "0.9.0", "sha256": "bb", "count": 2, "reason": "is sticky"}]}})"));
}

TEST_F(ControlApi, StatusTellsWhatAProcessOfItsOwnTakes) {
  release::Status status;
  status.plugins.push_back(
      {.name = "rates", .version = "1.0.0", .generation = 4, .state = "active", .reason = {}, .sha256 = "aa"});
  status.plugins.front().process = {.pid = ::getpid(), .trouble = {}, .sandbox = {}};
  control_.status_ = std::move(status);
  const auto memory = json::parse(ask("GET", "/v1/status").body)["plugins"][0]["worker"]["memory"];
  EXPECT_GT(memory["resident_bytes"], 0U);
  EXPECT_GT(memory["allocated_bytes"], 0U);
}

TEST_F(ControlApi, BytesThatAreNoUtf8AreReplaced) {
  release::Plan plan;
  plan.refusals.push_back({.plugin = "till", .reason = "bad \xff byte", .exhibit = {}});
  control_.plan_ = plan;
  EXPECT_EQ(json::parse(ask("GET", "/v1/plan").body)["refusals"][0]["reason"], "bad \xef\xbf\xbd byte");
}

TEST_F(ControlApi, UnknownPathNamesThoseThatThereAre) {
  EXPECT_THAT(refusal(404, "GET", "/v1/plans"), HasSubstr("there is no '/v1/plans'; there is /v1/status, /v1/plan"));
  EXPECT_EQ(ask("GET", "/").status, 404U);
  EXPECT_EQ(ask("GET", "/v1/plan/").status, 404U);
}

TEST_F(ControlApi, WrongMethodIsAnsweredWithAllow) {
  EXPECT_EQ(refusal(405, "GET", "/v1/apply"), "/v1/apply takes POST alone");
  EXPECT_EQ(ask("GET", "/v1/apply").allow, "POST");
  EXPECT_EQ(ask("DELETE", "/v1/status").allow, "GET");
  EXPECT_THAT(control_.calls(), IsEmpty());
}

TEST_F(ControlApi, BadInputIsRefusedWithWhatIsWrong) {
  EXPECT_THAT(refusal(400, "POST", "/v1/apply", "{"), HasSubstr("the body is no JSON"));
  EXPECT_THAT(refusal(400, "POST", "/v1/apply", "[]"), HasSubstr("must be a JSON object, is a array"));
  EXPECT_THAT(refusal(400, "POST", "/v1/apply", R"({"force": 1})"), HasSubstr("unknown key 'force'"));
  EXPECT_THAT(refusal(400, "POST", "/v1/rollback", R"({"relase": 1})"), HasSubstr("there is 'release' alone"));
  for (const char* release : {"0", "-1", "1.5", "\"4\"", "null"}) {
    EXPECT_THAT(refusal(400, "POST", "/v1/rollback", std::string(R"({"release": )") + release + "}"),
                HasSubstr("must be the number of a release"));
  }
  for (const char* limit : {"0", "1001", "-1", "x", "5x", "", "99999999999999999999"}) {
    EXPECT_THAT(refusal(400, "GET", std::string("/v1/history?limit=") + limit), HasSubstr("from 1 to 1000"));
  }
  EXPECT_THAT(refusal(400, "GET", "/v1/history?last=3"), HasSubstr("unknown query parameter 'last'"));
  EXPECT_THAT(refusal(400, "GET", "/v1/plan?x=1"), HasSubstr("this path takes none"));
  EXPECT_THAT(refusal(400, "POST", "/v1/apply?dry=1"), HasSubstr("this path takes none"));
  EXPECT_THAT(control_.calls(), IsEmpty());
}

TEST_F(ControlApi, FailuresOfTheHostHaveAStatusOfTheirOwn) {
  using base::ErrorCode;
  const std::vector<std::pair<ErrorCode, unsigned>> expected{
      {ErrorCode::not_found, 404},        {ErrorCode::failed_precondition, 409},
      {ErrorCode::invalid_argument, 400}, {ErrorCode::unavailable, 503},
      {ErrorCode::internal, 500},         {ErrorCode::data_loss, 500}};
  for (const auto& [code, status] : expected) {
    control_.outcome_ = base::Error{code, "there never was a release 9"};
    EXPECT_EQ(refusal(status, "POST", "/v1/rollback"), "there never was a release 9");
    EXPECT_EQ(json::parse(ask("POST", "/v1/rollback").body)["code"], base::to_string(code));
  }
}

}  // namespace
}  // namespace mortise::admin
