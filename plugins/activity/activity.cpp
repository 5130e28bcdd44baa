// What happens to notes, as a feed: kept in the plugin's database, read as JSON, and told live as server-sent events to
// whoever has the page open.
#include <algorithm>
#include <charconv>
#include <mortise/mortise.hpp>
#include <mutex>
#include <vector>

#include "activity_assets.hpp"
#include "feed.hpp"
#include "notes/note_changed.hpp"

namespace activity {
namespace {

using mortise::Error;
using mortise::EventStream;
using mortise::Request;
using mortise::Response;
using mortise::Status;
using nlohmann::json;

constexpr int kMostAtOnce = 100;

json to_json(const Entry& entry) {
  return {{"id", entry.id}, {"at", entry.at}, {"note", entry.note}, {"change", entry.change}, {"title", entry.title}};
}

const char* to_string(notes::Change change) {
  switch (change) {
    case notes::Change::added: return "added";
    case notes::Change::edited: return "edited";
    case notes::Change::removed: return "removed";
  }
  return "changed";  // a later version of the event's plugin knows more
}

std::int64_t parse_id(std::string_view text, const char* what) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id < 0) {
    throw Error(Status::invalid_argument,
                std::string(what) + " must be the id of an entry, not '" + std::string(text) + "'");
  }
  return id;
}

}  // namespace

class Activity : public mortise::Plugin {
 public:
  explicit Activity(mortise::Context& ctx) : feed_(ctx.sql()) {
    // The database may wait for the disk: off the event loops.
    const mortise::RouteOptions on_disk{.body_limit_bytes = 0, .stream_body = false, .blocking = true};
    ctx.assets().mount("/activity", activity_assets());
    ctx.http().route("GET", "/activity/feed", on_disk, [this](const Request& req, Response& res) { list(req, res); });
    ctx.http().route("GET", "/activity/live", on_disk, [this](const Request& req, Response& res) { follow(req, res); });
    ctx.subscribe<notes::NoteChanged>(
        [this](const notes::NoteChanged& event, const mortise::EventInfo& info) { hear(event, info); });
  }

  void stop() override {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    readers_.clear();  // ends the streams: who reads them comes back to the next version
  }

 private:
  void hear(const notes::NoteChanged& event, const mortise::EventInfo& info) {
    // Kept and told at one stroke, so that who begins to read meanwhile misses nothing and gets nothing twice.
    const std::lock_guard lock(mutex_);
    const auto entry = feed_.add(info, event.note, to_string(event.change), event.title);
    if (!entry) return;
    forget_gone();
    for (const auto& reader : readers_) send(reader, *entry);
  }

  void list(const Request& request, Response& response) {
    const auto after = parse_id(request.query("after").value_or("0"), "after");
    json page = json::array();
    for (const auto& entry : feed_.list(after, kMostAtOnce)) page.push_back(to_json(entry));
    response.json({{"entries", std::move(page)}});
  }

  /// From the entry that the client has seen last, or with the newest ones. Who has missed more than that has the feed
  /// itself to read.
  void follow(const Request& request, Response& response) {
    const auto seen = parse_id(request.query("after").value_or("0"), "after");
    const auto last = request.header("Last-Event-ID");
    const std::lock_guard lock(mutex_);
    if (is_stopped_) throw Error(Status::unavailable, "the plugin is being replaced; come again");
    const auto newest = std::max(seen, last ? parse_id(*last, "Last-Event-ID") : 0);
    const auto entries = feed_.list(std::max(newest, feed_.before_last(kMostAtOnce)), kMostAtOnce);
    const auto reader = EventStream::open(response);
    for (const auto& entry : entries) send(reader, entry);
    forget_gone();  // also where nothing is heard for long
    readers_.push_back(reader);
  }

  /// Under mutex_.
  void forget_gone() {
    std::erase_if(readers_, [](const EventStream& reader) { return !reader.is_open(); });
  }

  /// Who does not keep up has to come back, and to say what was the last.
  static void send(const EventStream& reader, const Entry& entry) {
    const auto text = to_json(entry).dump(-1, ' ', false, json::error_handler_t::replace);
    if (!reader.send("activity", text, std::to_string(entry.id))) reader.close();
  }

  Feed feed_;
  std::mutex mutex_;
  std::vector<EventStream> readers_;  // guarded by mutex_
  bool is_stopped_ = false;           // guarded by mutex_
};

}  // namespace activity

MORTISE_PLUGIN(activity::Activity)
