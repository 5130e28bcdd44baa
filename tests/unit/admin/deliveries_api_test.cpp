// Events and tasks in the control API: what is dead, what fails, and what is done with it.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "admin/control_api_fixture.hpp"

namespace mortise::admin {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

using DeliveriesApi = ControlApi;

TEST_F(DeliveriesApi, TellsWhatAPluginHears) {
  events_.subscriptions_.push_back({.topic = "orders.placed/1",
                                    .publisher = "orders",
                                    .delivered = 8,
                                    .failed = 7,
                                    .lost = 6,
                                    .waiting = 5,
                                    .retrying = 4,
                                    .dead = 3});
  const auto made = ask("GET", "/v1/events?plugin=notes");
  EXPECT_EQ(events_.asked_, "notes");
  EXPECT_EQ(json::parse(made.body), json::parse(R"({"subscriptions": [{"topic": "orders.placed/1",
    "publisher": "orders", "delivered": 8, "failed": 7, "lost": 6, "waiting": 5, "retrying": 4, "dead": 3}]})"));
  EXPECT_THAT(refusal(400, "GET", "/v1/events"), HasSubstr("name a plugin"));
  EXPECT_THAT(refusal(400, "GET", "/v1/events?plugin=A%20b"), HasSubstr("there is no plugin"));
  EXPECT_THAT(refusal(400, "GET", "/v1/events?topic=a"), HasSubstr("this path takes 'plugin'"));
}

TEST_F(DeliveriesApi, TellsWhatHasComeOfThoseInMemory) {
  tasks_.counts_.push_back({.name = "sweep\xff", .waiting = 4, .running = 3, .ran = 2, .failed = 1});
  const auto made = ask("GET", "/v1/tasks/counts?plugin=notes");
  EXPECT_EQ(tasks_.asked_, "notes");
  EXPECT_EQ(json::parse(made.body), json::parse(R"({"counts": [{"name": "sweep\ufffd", "waiting": 4, "running": 3,
    "ran": 2, "failed": 1}]})"));
  EXPECT_THAT(refusal(400, "GET", "/v1/tasks/counts"), HasSubstr("name a plugin"));
}

TEST_F(DeliveriesApi, TellsWhichEventsAreDead) {
  events_.dead_.events.push_back({.subscriber = "notes",
                                  .publisher = "orders",
                                  .topic = "orders.placed/1",
                                  .key = "17\xff",
                                  .number = 5,
                                  .attempts = 8,
                                  .tried_ms = 1'700'000'000'999,
                                  .error = "unavailable: no"});
  events_.dead_.left_out.push_back({.subscriber = "notes", .publisher = "orders", .count = 7});
  const auto all = json::parse(ask("GET", "/v1/events/dead").body);
  EXPECT_EQ(events_.asked_, "");
  EXPECT_EQ(all, json::parse(R"({"events": [{"id": "orders:5", "plugin": "notes", "publisher": "orders",
    "topic": "orders.placed/1", "key": "17\ufffd", "attempts": 8, "time": "2023-11-14T22:13:20Z",
    "error": "unavailable: no"}], "left_out": [{"plugin": "notes", "publisher": "orders", "count": 7}]})"));
  ask("GET", "/v1/events/dead?plugin=notes");
  EXPECT_EQ(events_.asked_, "notes");
}

TEST_F(DeliveriesApi, ReplaysOneDeadEventOrAllOfAPlugin) {
  EXPECT_EQ(ask("POST", "/v1/events/replay", R"({"plugin": "notes", "id": "orders:5"})").body, R"({"replayed":1})");
  EXPECT_EQ(events_.asked_, "notes, orders, 5, ada (uid 7)");
  EXPECT_EQ(ask("POST", "/v1/events/replay", R"({"plugin": "notes", "all": true})").status, 200U);
  EXPECT_EQ(events_.asked_, "notes, , 0, ada (uid 7)");
  for (const auto* body : {"", "[]", "{}", R"({"plugin": "notes"})", R"({"plugin": "notes", "id": 5})",
                           R"({"plugin": "notes", "id": "5"})", R"({"plugin": "notes", "id": "orders:"})",
                           R"({"plugin": "notes", "id": "orders:5x"})", R"({"plugin": "notes", "all": false})",
                           R"({"plugin": "notes", "all": true, "id": "orders:5"})", R"({"all": true})"}) {
    EXPECT_THAT(refusal(400, "POST", "/v1/events/replay", body), HasSubstr("the body must be")) << body;
  }
  events_.replayed_ = 0;
  EXPECT_THAT(refusal(404, "POST", "/v1/events/replay", R"({"plugin": "notes", "id": "orders:5"})"),
              HasSubstr("has no dead event of that id"));
  EXPECT_EQ(ask("POST", "/v1/events/replay", R"({"plugin": "notes", "all": true})").body, R"({"replayed":0})");
}

TEST_F(DeliveriesApi, DiscardsOneEventOrAllThatAreDead) {
  EXPECT_EQ(ask("POST", "/v1/events/discard", R"({"plugin": "notes", "id": "orders:5"})").body, R"({"discarded":1})");
  EXPECT_EQ(events_.asked_, "no more: notes, orders, 5, ada (uid 7)");
  EXPECT_EQ(ask("POST", "/v1/events/discard", R"({"plugin": "notes", "all": true})").status, 200U);
  EXPECT_EQ(events_.asked_, "no more: notes, , 0, ada (uid 7)");
  EXPECT_THAT(refusal(400, "POST", "/v1/events/discard", R"({"plugin": "notes"})"), HasSubstr("the body must be"));
  events_.discarded_ = 0;
  EXPECT_THAT(refusal(404, "POST", "/v1/events/discard", R"({"plugin": "notes", "id": "orders:5"})"),
              HasSubstr("has no event of that id"));
  EXPECT_EQ(ask("POST", "/v1/events/discard", R"({"plugin": "notes", "all": true})").body, R"({"discarded":0})");
}

TEST_F(DeliveriesApi, TellsOfDurableTasks) {
  tasks_.tasks_ = some_tasks();
  tasks_.tasks_.tried.push_back({.id = 18,
                                 .handler = "send-mail",
                                 .name = {},
                                 .attempts = 1,
                                 .tried_ms = 0,
                                 .due_ms = 1'700'000'000'000,
                                 .error = "no"});
  tasks_.tasks_.handlers.push_back({.handler = "report"});
  const auto made = ask("GET", "/v1/tasks?plugin=notes");
  EXPECT_EQ(tasks_.asked_, "notes");
  EXPECT_EQ(json::parse(made.body), json::parse(R"({"handlers": [
    {"handler": "send-mail", "handled": true, "running": 1, "waiting": 7, "failing": 0, "dead": 1,
     "next": "2023-11-14T22:13:20Z"},
    {"handler": "report", "handled": false, "running": 0, "waiting": 0, "failing": 0, "dead": 0, "next": ""}],
    "tasks": [{"id": 17, "handler": "send-mail", "name": "order-4", "state": "dead", "attempts": 10,
               "time": "2023-11-14T22:13:20Z", "next": "", "error": "unavailable: no"},
              {"id": 18, "handler": "send-mail", "name": "", "state": "failing", "attempts": 1,
               "time": "1970-01-01T00:00:00Z", "next": "2023-11-14T22:13:20Z", "error": "no"}]})"));
  EXPECT_THAT(refusal(400, "GET", "/v1/tasks"), HasSubstr("name a plugin"));
  EXPECT_THAT(refusal(400, "GET", "/v1/tasks?plugin=A%20b"), HasSubstr("there is no plugin"));
}

TEST_F(DeliveriesApi, DiscardsOneTask) {
  EXPECT_EQ(ask("POST", "/v1/tasks/discard", R"({"plugin": "notes", "id": 5})").body, R"({"discarded":1})");
  EXPECT_EQ(tasks_.asked_, "no more: notes, 5, ada (uid 7)");
  for (const auto* body : {"", R"({"plugin": "notes", "id": 0})", R"({"plugin": "notes", "all": true})"}) {
    EXPECT_THAT(refusal(400, "POST", "/v1/tasks/discard", body), HasSubstr("the body must be")) << body;
  }
  tasks_.is_discarded_ = false;
  EXPECT_THAT(refusal(404, "POST", "/v1/tasks/discard", R"({"plugin": "notes", "id": 5})"),
              HasSubstr("has no task of that id"));
}

TEST_F(DeliveriesApi, ReplaysOneDeadTaskOrAllOfAPlugin) {
  EXPECT_EQ(ask("POST", "/v1/tasks/replay", R"({"plugin": "notes", "id": 5})").body, R"({"replayed":1})");
  EXPECT_EQ(tasks_.asked_, "notes, 5, ada (uid 7)");
  EXPECT_EQ(ask("POST", "/v1/tasks/replay", R"({"plugin": "notes", "all": true})").status, 200U);
  EXPECT_EQ(tasks_.asked_, "notes, all, ada (uid 7)");
  for (const auto* body : {"", "[]", "{}", R"({"plugin": "notes"})", R"({"plugin": "notes", "id": "5"})",
                           R"({"plugin": "notes", "id": 0})", R"({"plugin": "notes", "id": 18446744073709551615})",
                           R"({"plugin": "notes", "all": false})", R"({"plugin": "notes", "all": true, "id": 5})",
                           R"({"plugin": "A b", "id": 5})", R"({"all": true})"}) {
    EXPECT_THAT(refusal(400, "POST", "/v1/tasks/replay", body), HasSubstr("the body must be")) << body;
  }
  tasks_.replayed_ = 0;
  EXPECT_THAT(refusal(404, "POST", "/v1/tasks/replay", R"({"plugin": "notes", "id": 5})"),
              HasSubstr("has no dead task of that id"));
  EXPECT_EQ(ask("POST", "/v1/tasks/replay", R"({"plugin": "notes", "all": true})").body, R"({"replayed":0})");
}

}  // namespace
}  // namespace mortise::admin
