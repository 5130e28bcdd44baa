// The feed of what happens to notes: one plugin hears what another one tells, and a client sees it at once.
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>

#include <signal.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/placed_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;

/// A client that reads server-sent events as they come.
class Reader {
 public:
  Reader(std::uint16_t port, const std::string& last_id = "") : session_("127.0.0.1", port) {
    session_.setTimeout(Poco::Timespan(45, 0));
    Poco::Net::HTTPRequest request("GET", "/activity/live", "HTTP/1.1");
    if (!last_id.empty()) request.set("Last-Event-ID", last_id);
    session_.sendRequest(request);
    Poco::Net::HTTPResponse response;
    stream_ = &session_.receiveResponse(response);
    EXPECT_EQ(response.getContentType(), "text/event-stream");
  }
  /// Null at the end of the stream.
  json next() {
    constexpr std::string_view kData = "data: ";
    for (std::string line; std::getline(*stream_, line);) {
      if (line.starts_with(kData)) return json::parse(line.substr(kData.size()));
    }
    return nullptr;
  }

 private:
  Poco::Net::HTTPClientSession session_;
  std::istream* stream_ = nullptr;
};

class ActivityTest : public PlacedTest {
 protected:
  ActivityTest() {
    for (const auto* name : {"notes", "activity"}) prefix_.add_shipped(name);
  }
  int add(const std::string& title) const {  // its number
    return host_->connect().send_json("POST", "/notes", {{"title", title}}).json()["id"].get<int>();
  }
};

TEST_P(ActivityTest, TellsWhatHappensToNotesAsItHappens) {
  start();
  Reader reader(host_->port());
  const auto id = add("Milk & \"bread\"");
  auto told = reader.next();
  EXPECT_EQ(told["change"], "added");
  EXPECT_EQ(told["note"], id);
  EXPECT_EQ(told["title"], "Milk & \"bread\"");
  const auto note = "/notes/" + std::to_string(id);
  EXPECT_EQ(host_->connect().send_json("PATCH", note, {{"title", "Butter"}}).status, 200);
  told = reader.next();
  EXPECT_EQ(told["change"], "edited");
  EXPECT_EQ(told["title"], "Butter");
  EXPECT_EQ(host_->connect().send("DELETE", note).status, 204);
  EXPECT_EQ(reader.next()["change"], "removed");
}

TEST_P(ActivityTest, AReaderThatComesBackGetsWhatItHasMissed) {
  start();
  {
    Reader first(host_->port());
    add("one");
    EXPECT_EQ(first.next()["id"], 1);
  }
  add("two");
  add("three");
  Reader again(host_->port(), "1");
  EXPECT_EQ(again.next()["title"], "two");
  EXPECT_EQ(again.next()["title"], "three");
}

TEST_P(ActivityTest, KeepsTheFeedOverARestart) {
  start();
  {
    Reader reader(host_->port());
    add("kept");
    EXPECT_EQ(reader.next()["title"], "kept");
  }
  EXPECT_EQ(host_->stop(), 0);
  start();
  const auto feed = host_->get("/activity/feed").json();
  ASSERT_EQ(feed["entries"].size(), 1U);
  EXPECT_EQ(feed["entries"][0]["title"], "kept");
  EXPECT_EQ(host_->get("/activity/feed?after=1").json()["entries"], json::array());
  EXPECT_EQ(host_->get("/activity/feed?after=x").status, 400);
}

TEST_P(ActivityTest, ServesAPageToLookAt) {
  start();
  const auto page = host_->get("/activity/");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("activity.js"), std::string::npos);
}

TEST_P(ActivityTest, NotesAreServedWithoutItAndToldOfWhenItIsBack) {
  start();
  add("before");
  ASSERT_EQ(mortise({"disable", "activity"}).code, 0);
  host_->wait_until_gone("activity");
  add("meanwhile");
  ASSERT_EQ(mortise({"enable", "activity"}).code, 0);
  host_->wait_for_state("activity", "active");
  Reader reader(host_->port());
  EXPECT_EQ(reader.next()["title"], "before");
  EXPECT_EQ(reader.next()["title"], "meanwhile");
}

TEST_P(ActivityTest, TellsEachChangeOnceAlsoWhenTheHostIsKilled) {
  start();
  for (int i = 1; i <= 5; ++i) {
    for (int j = 0; j < 5; ++j) add(std::to_string(i));
    host_->signal(SIGKILL);
    host_->wait();
    start();
  }
  // What happens to different notes is told side by side.
  Reader reader(host_->port());
  std::vector<std::string> titles;
  std::vector<std::string> expected;
  for (int i = 1; i <= 5; ++i) {
    for (int j = 0; j < 5; ++j) {
      titles.push_back(reader.next()["title"].get<std::string>());
      expected.push_back(std::to_string(i));
    }
  }
  add("last");
  EXPECT_EQ(reader.next()["title"], "last") << "and nothing twice";
  EXPECT_EQ(host_->get("/activity/feed").json()["entries"].size(), 26U);
  std::sort(titles.begin(), titles.end());
  EXPECT_EQ(titles, expected);
}

MORTISE_BOTH_PLACEMENTS(ActivityTest);

}  // namespace
}  // namespace mortise::integration
