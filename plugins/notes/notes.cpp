// Notes over HTTP: list with pages, read, add, change, remove. Others hear of what has changed.
#include <charconv>
#include <mortise/mortise.hpp>

#include "content.hpp"
#include "notes/note_changed.hpp"
#include "store.hpp"

namespace notes {
namespace {

using mortise::Error;
using mortise::Request;
using mortise::Response;
using mortise::Status;
using nlohmann::json;

constexpr int kMaxPage = 100;

json to_json(const Note& note) {
  return {{"id", note.id}, {"title", note.title}, {"text", note.text}, {"changed", note.changed}};
}

std::int64_t parse_number(std::string_view text, const std::string& what, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most) {
    throw Error(Status::invalid_argument, what + " must be a whole number from " + std::to_string(least) + " to " +
                                              std::to_string(most) + ", not '" + std::string(text) + "'");
  }
  return number;
}

std::int64_t id_of(const Request& request) { return parse_number(request.param("id"), "a note's id", 1, INT64_MAX); }

[[noreturn]] void no_such_note(std::int64_t id) {
  throw Error(Status::not_found, "there is no note " + std::to_string(id));
}

}  // namespace

class Notes : public mortise::Plugin {
 public:
  explicit Notes(mortise::Context& ctx)
      : sql_(ctx.sql()), changes_(ctx.publisher<NoteChanged>()), page_size_(ctx.config().value("page_size", 20)) {
    auto& http = ctx.http();
    // The database may wait for the disk: off the event loops.
    const mortise::RouteOptions on_disk{.body_limit_bytes = 65536, .stream_body = false, .blocking = true};
    http.route("GET", "/notes", on_disk, [this](const Request& req, Response& res) { list(req, res); });
    http.route("POST", "/notes", on_disk, [this](const Request& req, Response& res) { add(req, res); });
    http.route("GET", "/notes/{id}", on_disk, [this](const Request& req, Response& res) { read(req, res); });
    http.route("PUT", "/notes/{id}", on_disk, [this](const Request& req, Response& res) { change(req, res, false); });
    http.route("PATCH", "/notes/{id}", on_disk, [this](const Request& req, Response& res) { change(req, res, true); });
    http.route("DELETE", "/notes/{id}", on_disk, [this](const Request& req, Response& res) { remove(req, res); });
  }

 private:
  void list(const Request& request, Response& response) {
    const auto limit_text = request.query("limit").value_or(std::to_string(page_size_));
    const auto limit = static_cast<int>(parse_number(limit_text, "limit", 1, kMaxPage));
    const auto after = parse_number(request.query("after").value_or("0"), "after", 0, INT64_MAX);
    // One more than the page shows whether there is a next one.
    auto notes = Store(sql_).list(after, limit + 1);
    json page{{"notes", json::array()}, {"next", nullptr}};
    if (notes.size() > static_cast<std::size_t>(limit)) {
      notes.pop_back();
      page["next"] = "/notes?after=" + std::to_string(notes.back().id) + "&limit=" + std::to_string(limit);
    }
    for (const auto& note : notes) page["notes"].push_back(to_json(note));
    response.json(page);
  }

  void add(const Request& request, Response& response) {
    if (!is_json(request)) return refuse_type(request, response);
    const auto content = whole_content_of(request.json());
    const auto note = sql_.transaction([&](mortise::SqlTransaction& tx) {
      return tell(tx, Store(tx).add(*content.title, *content.text), Change::added);
    });
    response.status(201).header("Location", "/notes/" + std::to_string(note.id)).json(to_json(note));
  }

  void read(const Request& request, Response& response) {
    const auto id = id_of(request);
    const auto note = Store(sql_).find(id);
    if (!note) no_such_note(id);
    response.json(to_json(*note));
  }

  void change(const Request& request, Response& response, bool is_partial) {
    if (!is_json(request)) return refuse_type(request, response);
    const auto id = id_of(request);
    const auto content = is_partial ? content_of(request.json()) : whole_content_of(request.json());
    const auto note = sql_.transaction([&](mortise::SqlTransaction& tx) {
      const auto changed = Store(tx).change(id, content.title, content.text);
      if (!changed) no_such_note(id);
      return tell(tx, *changed, Change::edited);
    });
    response.json(to_json(note));
  }

  void remove(const Request& request, Response& response) {
    const auto id = id_of(request);
    sql_.transaction([&](mortise::SqlTransaction& tx) {
      const auto removed = Store(tx).remove(id);
      if (!removed) no_such_note(id);
      return tell(tx, *removed, Change::removed);
    });
    response.no_content();
  }

  /// Others hear of it if it is committed, in the order of the commits.
  Note tell(mortise::SqlTransaction& tx, const Note& note, Change change) const {
    changes_.publish(tx, {.note = note.id, .change = change, .title = note.title});
    return note;
  }

  mortise::Sql sql_;
  mortise::Publisher<NoteChanged> changes_;
  int page_size_;
};

}  // namespace notes

MORTISE_PLUGIN(notes::Notes)
