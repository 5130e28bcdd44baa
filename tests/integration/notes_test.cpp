// The plugin notes as its users have it: what it keeps, what it refuses and how it says so.
#include <set>
#include <thread>

#include "support/placed_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class NotesTest : public PlacedTest {
 protected:
  NotesTest() { prefix_.add_shipped("notes", {{"page_size", 2}}); }

  void expect_problem(const Answer& answer, int status, const std::string& detail) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
    const auto problem = answer.json();
    EXPECT_EQ(problem["status"], status);
    EXPECT_THAT(problem["detail"].get<std::string>(), HasSubstr(detail));
  }
  void expect_refused(Client& client, const json& body, const std::string& detail) {
    expect_problem(client.send_json("POST", "/notes", body), 400, detail);
  }
};

TEST_P(NotesTest, KeepsReadsChangesAndRemoves) {
  auto client = start().connect();
  const auto added =
      client.send_json("POST", "/notes", {{"title", "Milk"}, {"text", "two bottles, ünsweetened 🥛"}});
  ASSERT_EQ(added.status, 201) << added.body;
  const auto place = added.header("Location");
  EXPECT_EQ(client.get(place).json(), added.json());
  EXPECT_EQ(added.json()["text"], "two bottles, ünsweetened 🥛");

  const auto replaced = client.send_json("PUT", place, {{"title", "Milk and bread"}});
  EXPECT_EQ(replaced.json()["title"], "Milk and bread");
  EXPECT_EQ(replaced.json()["text"], "") << "PUT gives the whole note";
  const auto patched = client.send_json("PATCH", place, {{"text", "rye"}});
  EXPECT_EQ(patched.json()["title"], "Milk and bread");
  EXPECT_EQ(client.get(place).json()["text"], "rye");

  EXPECT_EQ(client.send("DELETE", place).status, 204);
  expect_problem(client.get(place), 404, "there is no note");
  expect_problem(client.send("DELETE", place), 404, "there is no note");
  expect_problem(client.send_json("PUT", place, {{"title", "again"}}), 404, "there is no note");
}

TEST_P(NotesTest, ListsInPagesThatLinkToTheNext) {
  auto client = start().connect();
  for (int i = 1; i <= 5; ++i) client.send_json("POST", "/notes", {{"title", std::to_string(i)}});
  std::vector<std::string> titles;
  std::vector<std::size_t> sizes;
  json next = "/notes";
  while (next.is_string()) {
    const auto page = client.get(next.get<std::string>()).json();
    sizes.push_back(page["notes"].size());
    for (const auto& note : page["notes"]) titles.push_back(note["title"]);
    next = page["next"];
  }
  EXPECT_THAT(titles, ::testing::ElementsAre("1", "2", "3", "4", "5"));
  EXPECT_THAT(sizes, ::testing::ElementsAre(2, 2, 1));
  EXPECT_EQ(client.get("/notes?limit=100").json()["notes"].size(), 5U);
}

TEST_P(NotesTest, RefusesWhatIsNoNote) {
  auto client = start().connect();
  expect_refused(client, {{"text", "no title"}}, "'title' is missing");
  expect_refused(client, {{"title", ""}}, "'title' must not be empty");
  expect_refused(client, {{"title", " \t\n"}}, "'title' must not be empty");
  expect_refused(client, {{"title", 5}}, "'title' must be a string");
  expect_refused(client, {{"title", "a"}, {"text", nullptr}}, "'text' must be a string");
  expect_refused(client, {{"title", "a"}, {"colour", "red"}}, "unknown field 'colour'");
  expect_refused(client, json::array(), "must be a JSON object");
  expect_refused(client, {{"title", std::string("a\0b", 3)}}, "'title' must not hold control characters");
  expect_problem(client.send("POST", "/notes", "{\"title\": \"half", {{"Content-Type", "application/json"}}), 400,
                 "not valid JSON");
  expect_problem(client.send("POST", "/notes", "{\"title\": \"\xff\"}", {{"Content-Type", "application/json"}}), 400,
                 "not valid JSON");
  EXPECT_EQ(client.get("/notes").json()["notes"].size(), 0U);
}

TEST_P(NotesTest, CountsLengthsAsPeopleDo) {
  auto client = start().connect();
  std::string emoji;
  for (int i = 0; i < 200; ++i) emoji += "🥛";
  EXPECT_EQ(client.send_json("POST", "/notes", {{"title", emoji}}).status, 201);
  expect_refused(client, {{"title", emoji + "!"}}, "'title' is longer than 200 characters");
  expect_refused(client, {{"title", "a"}, {"text", std::string(10001, 'x')}}, "'text' is longer than 10000 characters");
}

TEST_P(NotesTest, TakesOnlyWhatIsSentAsJson) {
  // A form on a foreign page can send anything but this type, so that no such page writes notes for a visitor.
  auto client = start().connect();
  const Headers form{{"Content-Type", "text/plain"}};
  expect_problem(client.send("POST", "/notes", R"({"title": "from elsewhere"})", form), 415, "application/json");
  expect_problem(client.send("POST", "/notes", R"({"title": "from elsewhere"})"), 415, "application/json");
  const Headers exact{{"Content-Type", "Application/JSON; charset=utf-8"}};
  EXPECT_EQ(client.send("POST", "/notes", R"({"title": "mine"})", exact).status, 201);
}

TEST_P(NotesTest, RefusesBodiesBeyondItsLimit) {
  auto client = start().connect();
  const auto answer = client.send_json("POST", "/notes", {{"title", "a"}, {"text", std::string(70000, 'x')}});
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
}

TEST_P(NotesTest, RefusesFaultyNumbers) {
  auto client = start().connect();
  for (const std::string id : {"abc", "0", "-1", "1.5", "99999999999999999999"}) {
    expect_problem(client.get("/notes/" + id), 400, "a note's id must be a whole number");
  }
  for (const std::string query : {"limit=0", "limit=101", "limit=", "limit=ten", "after=-1"}) {
    expect_problem(client.get("/notes?" + query), 400, "must be a whole number");
  }
}

TEST_P(NotesTest, ManyClientsAtOnceLoseNothing) {
  const auto port = start().port();
  constexpr int kClients = 8;
  constexpr int kEach = 25;
  std::vector<std::thread> threads;
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([port, i] {
      Client client(port);
      for (int j = 0; j < kEach; ++j) {
        const auto title = std::to_string(i) + "/" + std::to_string(j);
        EXPECT_EQ(client.send_json("POST", "/notes", {{"title", title}}).status, 201);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> titles;
  Client client(port);
  for (json next = "/notes?limit=100"; next.is_string();) {
    const auto page = client.get(next.get<std::string>()).json();
    for (const auto& note : page["notes"]) titles.insert(note["title"]);
    next = page["next"];
  }
  EXPECT_EQ(titles.size(), static_cast<std::size_t>(kClients * kEach));
}

TEST_P(NotesTest, KeepsNotesThroughARestart) {
  start().connect().send_json("POST", "/notes", {{"title", "kept"}});
  EXPECT_EQ(host_->stop(), 0);
  EXPECT_EQ(start().get("/notes").json()["notes"][0]["title"], "kept");
}

MORTISE_BOTH_PLACEMENTS(NotesTest);

}  // namespace
}  // namespace mortise::integration
