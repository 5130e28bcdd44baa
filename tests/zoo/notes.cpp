// Writes down in its database what it hears, in the transaction that the SDK offers for that. Fails with an event whose
// text is "fail", unless it was built as one that forgives, and the first time with one whose text is "flaky"; takes
// two milliseconds for one whose text is "slow". GET /notes?count=N answers, as soon as so many are there, with how
// many those are, what was not in the order of its key, what came twice, and the last one.
#include <mortise/mortise.hpp>

#include <chrono>
#include <map>
#include <string>
#include <thread>

#include "zoo_event.hpp"

namespace {

struct Row {
  std::string key;
  std::int64_t number = 0;
  std::int64_t attempt = 0;
  std::string version;
};

class Notes : public mortise::Plugin {
 public:
  explicit Notes(mortise::Context& ctx) : sql_(ctx.sql()), version_(ctx.version()) {
    ctx.subscribe<zoo::Said>([this](mortise::SqlTransaction& tx, const zoo::Said& event,
                                    const mortise::EventInfo& info) { note(tx, event, info); });
    const mortise::RouteOptions blocking{.body_limit_bytes = 0, .stream_body = false, .blocking = true};
    ctx.http().route("GET", "/notes", blocking,
                     [this](const mortise::Request& req, mortise::Response& res) { tell(req, res); });
  }

 private:
  void note(mortise::SqlTransaction& tx, const zoo::Said& event, const mortise::EventInfo& info) {
    using namespace std::chrono_literals;
#if !defined(ZOO_FORGIVES)
    if (event.text == "fail") throw mortise::Error(mortise::Status::unavailable, "the zoo cannot write that down");
#endif
    if (event.text == "flaky" && info.attempt == 1) {
      throw mortise::Error(mortise::Status::unavailable, "the zoo writes that down next time");
    }
    if (event.text == "slow") std::this_thread::sleep_for(2ms);
    tx.execute("INSERT INTO heard (key, number, attempt, version) VALUES (?, ?, ?, ?)", event.key.string(),
               event.number, static_cast<std::int64_t>(info.attempt), version_);
  }

  void tell(const mortise::Request& request, mortise::Response& response) {
    using namespace std::chrono_literals;
    const auto wanted = std::stoll(std::string(request.query("count").value_or("0")));
    const auto until = std::chrono::steady_clock::now() + 50s;
    while (count() < wanted && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(10ms);
    nlohmann::json told{{"count", 0}, {"out_of_order", 0}, {"twice", 0}};
    std::map<std::string, std::int64_t> last;
    sql_.each<Row>("SELECT key, number, attempt, version FROM heard ORDER BY seq", [&](const Row& row) {
      const auto before = std::exchange(last[row.key], row.number);
      const char* const fault = row.number == before ? "twice" : row.number < before ? "out_of_order" : nullptr;
      if (fault != nullptr) told[fault] = told[fault].get<int>() + 1;
      told["count"] = told["count"].get<int>() + 1;
      told["last"] = {{"key", row.key}, {"number", row.number}, {"attempt", row.attempt}, {"version", row.version}};
    });
    response.json(told);
  }

  std::int64_t count() { return sql_.select_one<std::int64_t>("SELECT count(*) FROM heard").value_or(-1); }

  mortise::Sql sql_;
  std::string version_;
};

}  // namespace

MORTISE_PLUGIN(Notes)
