// The plugin notes as its users have it: what it keeps, what it refuses and how it says so.
#include <atomic>
#include <latch>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

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
  static json add(Client& client, const json& note) {
    const auto added = client.send_json("POST", "/notes", note);
    EXPECT_EQ(added.status, 201) << added.body;
    return added.json();
  }
  /// Of all pages.
  static json all_notes(Client& client) {
    auto all = json::array();
    for (json next = "/notes?limit=100"; next.is_string();) {
      const auto page = client.get(next.get<std::string>()).json();
      all.insert(all.end(), page["notes"].begin(), page["notes"].end());
      next = page["next"];
    }
    return all;
  }
  [[nodiscard]] json kept() const {
    auto client = host_->connect();
    return all_notes(client);
  }
};

/// The plugin that ships, as a build of its next version.
std::string next_version() {
  auto image = testing::read_file(shipped_file("notes"));
  const std::string now = "\"1.0.0\"";  // as the manifest has it; of the same length as what takes its place
  for (auto at = image.find(now); at != std::string::npos; at = image.find(now, at)) {
    image.replace(at, now.size(), "\"1.0.1\"");
  }
  return image;
}

/// What a statement that was put together of them would stumble over, and what is easily lost on the way.
const std::vector<std::string> kAwkward{
    R"('); DROP TABLE note; --)",
    R"(' OR '1'='1)",
    R"("; DELETE FROM note; /* )",
    R"(x', (SELECT group_concat(title) FROM note)) --)",
    R"(?, ?1, :title, @title, $title, %s, %_, {}, \, \', \n, &amp;, <b>)",
    "007",
    "1e3",
    "9223372036854775808",
    "null",
    " spaces around  ",
    "e\u0301 is not \u00e9",
    "\u202eright to left\u202c שלום",
    "👩‍👩‍👧‍👦 \u200b\ufeff\u2028\ufffd\U0010ffff",
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
  for (const std::string id : {"abc", "0", "-1", "1.5", "1%20OR%201=1", "99999999999999999999"}) {
    expect_problem(client.get("/notes/" + id), 400, "a note's id must be a whole number");
  }
  for (const std::string query : {"limit=0", "limit=101", "limit=", "limit=ten", "after=-1", "after=0;DROP"}) {
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
  for (const auto& note : kept()) titles.insert(note["title"]);
  EXPECT_EQ(titles.size(), static_cast<std::size_t>(kClients * kEach));
}

TEST_P(NotesTest, WhoChangesTitleAndWhoChangesTextDoNotUndoEachOther) {
  auto client = start().connect();
  const auto place = "/notes/" + add(client, {{"title", "a"}})["id"].dump();
  std::latch begun(2);
  const auto keep_changing = [&, port = host_->port()](const std::string& field) {
    Client mine(port);
    begun.arrive_and_wait();
    for (int i = 0; i < 50; ++i) {
      const auto value = field + std::to_string(i);
      EXPECT_EQ(mine.send_json("PATCH", place, {{field, value}}).json()[field], value);
      EXPECT_EQ(mine.get(place).json()[field], value);
    }
  };
  std::thread titles(keep_changing, "title");
  std::thread texts(keep_changing, "text");
  titles.join();
  texts.join();
}

TEST_P(NotesTest, KeepsEachByteThroughARestart) {
  auto client = start().connect();
  std::vector<json> notes;
  for (const auto& awkward : kAwkward) {
    notes.push_back(add(client, {{"title", awkward}, {"text", awkward + "\r\n\t" + awkward}}));
    EXPECT_EQ(notes.back()["title"], awkward);
    EXPECT_EQ(notes.back()["text"], awkward + "\r\n\t" + awkward);
  }
  std::string longest;
  for (int i = 0; i < 10000; ++i) longest += "🥛";
  const auto place = "/notes/" + add(client, {{"title", "to be changed"}})["id"].dump();
  notes.push_back(client.send_json("PATCH", place, {{"title", kAwkward[0]}, {"text", longest}}).json());
  EXPECT_EQ(notes.back()["title"], kAwkward[0]);
  EXPECT_EQ(notes.back()["text"], longest);
  EXPECT_EQ(host_->stop(), 0);
  start();
  EXPECT_EQ(kept(), json(notes));
}

TEST_P(NotesTest, ANumberOfARemovedNoteIsNotGivenAgain) {
  auto client = start().connect();
  const auto removed = add(client, {{"title", "removed"}})["id"].get<int>();
  EXPECT_EQ(client.send("DELETE", "/notes/" + std::to_string(removed)).status, 204);
  EXPECT_EQ(host_->stop(), 0);
  auto again = start().connect();
  EXPECT_GT(add(again, {{"title", "another"}})["id"].get<int>(), removed);
}

TEST_P(NotesTest, NothingIsLostWhileItsNextVersionComes) {
  auto client = start().connect();
  auto before = add(client, {{"title", "before"}});
  std::atomic<bool> is_over{false};  // says no more than that
  constexpr int kWriters = 2;
  std::vector<json> written(kWriters, json::array());
  std::latch begun(kWriters + 1);
  std::vector<std::thread> writers;
  for (auto& mine : written) {
    writers.emplace_back([&, port = host_->port()] {
      Client writer(port);
      mine.push_back(add(writer, {{"title", "first"}}));
      begun.arrive_and_wait();
      do {
        mine.push_back(add(writer, {{"title", "next"}, {"text", std::string(1000, 'x')}}));
      } while (!is_over.load(std::memory_order_relaxed));
    });
  }
  begun.arrive_and_wait();
  const auto file = prefix_.state_directory() / "next.so";
  testing::write_file(file, next_version());
  prefix_.drop(file, "notes-1.0.1");
  host_->wait_for_version("notes", "1.0.1");
  is_over = true;
  for (auto& writer : writers) writer.join();
  const auto after = add(client, {{"title", "after"}});

  std::map<int, json> expected{{before["id"], before}, {after["id"], after}};
  for (const auto& notes : written) {
    for (const auto& note : notes) EXPECT_TRUE(expected.emplace(note["id"], note).second) << note;
  }
  auto in_order = json::array();
  for (const auto& [id, note] : expected) in_order.push_back(note);
  EXPECT_EQ(kept(), in_order);
}

TEST_P(NotesTest, ABackupBringsThemBack) {
  auto client = start().connect();
  const auto changed = "/notes/" + add(client, {{"title", "changed"}, {"text", "as it was"}})["id"].dump();
  const auto removed = "/notes/" + add(client, {{"title", "removed"}})["id"].dump();
  const auto before = all_notes(client);
  const auto backup = (prefix_.state_directory() / "notes.backup").string();
  ASSERT_EQ(mortise({"db", "notes", "backup", backup}).code, 0);
  EXPECT_EQ(client.send_json("PATCH", changed, {{"text", "regretted"}}).status, 200);
  EXPECT_EQ(client.send("DELETE", removed).status, 204);
  add(client, {{"title", "too late"}});

  ASSERT_EQ(mortise({"disable", "notes"}).code, 0);
  host_->wait_until_gone("notes");
  const auto restored = mortise({"db", "notes", "restore", backup});
  ASSERT_EQ(restored.code, 0) << restored.err;
  ASSERT_EQ(mortise({"enable", "notes"}).code, 0);
  host_->wait_for_state("notes", "active");
  EXPECT_EQ(kept(), before);
}

MORTISE_BOTH_PLACEMENTS(NotesTest);

}  // namespace
}  // namespace mortise::integration
