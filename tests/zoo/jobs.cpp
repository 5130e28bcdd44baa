// Has durable tasks. "note" writes down what it is given in the transaction that the SDK offers for that; "count" does
// so in one of its own, so that what is done twice is seen twice; "hang" never returns, unless it was built as one that
// does. All fail with a text of "fail" unless built as one that forgives, and take two milliseconds for "slow". A
// version that forgives handles "later", too. POST /jobs submits, with a row of its own for each. GET /jobs?count=N
// answers, as soon as so many are done, with how many those are, which of them twice, the last one, and how many were
// asked for.
#include <mortise/mortise.hpp>

#include <charconv>
#include <chrono>
#include <set>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;

struct Done {
  std::string handler;
  std::int64_t number = 0;
  std::int64_t attempt = 0;
  std::string version;
};

class Jobs : public mortise::Plugin {
 public:
  explicit Jobs(mortise::Context& ctx) : tasks_(ctx.tasks()), sql_(ctx.sql()), version_(ctx.version()) {
    tasks_.handle("note", [this](mortise::SqlTransaction& tx, std::string_view payload, const mortise::TaskInfo& info) {
      write_down(tx, "note", payload, info);
    });
    const auto alone = [this](const char* handler) {
      return [this, handler](std::string_view payload, const mortise::TaskInfo& info) {
        sql_.transaction([&](mortise::SqlTransaction& tx) { write_down(tx, handler, payload, info); });
      };
    };
    tasks_.handle("count", alone("count"));
#if defined(ZOO_FORGIVES)
    tasks_.handle("later", alone("later"));
    tasks_.handle("hang", alone("hang"));
#else
    tasks_.handle("hang", [log = ctx.log()](std::string_view) {
      log.info("a task hangs");
      for (;;) std::this_thread::sleep_for(1h);
    });
#endif
    const mortise::RouteOptions blocking{.body_limit_bytes = 0, .stream_body = false, .blocking = true};
    ctx.http().route("GET", "/jobs", blocking,
                     [this](const mortise::Request& req, mortise::Response& res) { tell(req, res); });
    ctx.http().route("POST", "/jobs", blocking,
                     [this](const mortise::Request& req, mortise::Response& res) { submit(req, res); });
    ctx.http().route("DELETE", "/jobs", blocking, [this](const mortise::Request& req, mortise::Response& res) {
      res.text(tasks_.withdraw(req.query("handler").value_or("note"), req.query("name").value_or("")) ? "withdrawn"
                                                                                                      : "too late");
    });
  }

 private:
  void write_down(mortise::SqlTransaction& tx, const char* handler, std::string_view payload,
                  const mortise::TaskInfo& info) {
    const auto space = payload.find(' ');
    const auto text = payload.substr(space + 1);
#if !defined(ZOO_FORGIVES)
    if (text == "fail") throw mortise::Error(mortise::Status::unavailable, "the zoo cannot do that job");
#endif
    if (text == "slow") std::this_thread::sleep_for(2ms);
    std::int64_t number = 0;
    std::from_chars(payload.data(), payload.data() + space, number);
    tx.execute("INSERT INTO done (handler, number, attempt, version) VALUES (?, ?, ?, ?)", handler, number,
               static_cast<std::int64_t>(info.attempt), version_);
  }

  static std::int64_t number_of(const mortise::Request& request, const char* name, std::int64_t otherwise) {
    const auto text = request.query(name);
    return text ? std::stoll(std::string(*text)) : otherwise;
  }

  void submit(const mortise::Request& request, mortise::Response& response) {
    const std::string handler(request.query("handler").value_or("note"));
    const std::string name(request.query("name").value_or(""));
    const std::string text(request.query("text").value_or(""));
    const auto count = number_of(request, "count", 1);
    const mortise::TaskTerms terms{.after = std::chrono::milliseconds(number_of(request, "ms", 0)), .name = name};
    const auto way = request.query("way");
    for (auto number = number_of(request, "from", 1), end = number + count; number < end; ++number) {
      const auto payload = std::to_string(number) + " " + text;
      if (way == "alone") {
        tasks_.submit(handler, payload, terms);
        continue;
      }
      try {
        sql_.transaction([&](mortise::SqlTransaction& tx) {
          tx.execute("INSERT INTO asked (number) VALUES (?)", number);
          tasks_.submit(tx, handler, payload, terms);
          if (way == "back") throw mortise::Error(mortise::Status::aborted, "not meant");
        });
      } catch (const mortise::Error& error) {
        if (error.status() != mortise::Status::aborted) throw;
      }
    }
    response.text("submitted");
  }

  void tell(const mortise::Request& request, mortise::Response& response) {
    const auto wanted = number_of(request, "count", 0);
    const auto until = std::chrono::steady_clock::now() + 50s;
    while (count("SELECT count(*) FROM done") < wanted && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(10ms);
    }
    nlohmann::json told{{"count", 0}, {"twice", 0}, {"asked", count("SELECT count(*) FROM asked")}};
    std::set<std::int64_t> seen;
    sql_.each<Done>("SELECT handler, number, attempt, version FROM done ORDER BY seq", [&](const Done& row) {
      told["count"] = told["count"].get<int>() + 1;
      if (!seen.insert(row.number).second) told["twice"] = told["twice"].get<int>() + 1;
      told["last"] = {
          {"handler", row.handler}, {"number", row.number}, {"attempt", row.attempt}, {"version", row.version}};
    });
    response.json(told);
  }
  std::int64_t count(mortise::SqlText statement) { return sql_.select_one<std::int64_t>(statement).value_or(-1); }

  mortise::Tasks& tasks_;
  mortise::Sql sql_;
  const std::string version_;
};

}  // namespace

MORTISE_PLUGIN(Jobs)
