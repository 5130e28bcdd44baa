// Keeps amounts under names in its database, over HTTP, each handler off the loops.
#include <mortise/mortise.hpp>

#include <csignal>
#include <string>

namespace {

using mortise::Error;
using mortise::Request;
using mortise::Response;
using mortise::Status;

struct Amount {
  std::string name;
  std::int64_t amount = 0;
};

std::string needed(const Request& request, std::string_view name) {
  if (const auto value = request.query(name)) return std::string(*value);
  throw Error(Status::invalid_argument, "'" + std::string(name) + "' is missing");
}

class Keeps : public mortise::Plugin {
 public:
  explicit Keeps(mortise::Context& ctx) : sql_(ctx.sql()), version_(ctx.version()) {
    auto& http = ctx.http();
    const mortise::RouteOptions blocking{.body_limit_bytes = 1024, .stream_body = false, .blocking = true};
    http.route("GET", "/keeps", blocking, [this](const Request&, Response& res) { list(res); });
    http.route("POST", "/keeps", blocking, [this](const Request& req, Response& res) { add(req, res); });
    http.route("POST", "/keeps/move", blocking, [this](const Request& req, Response& res) { move(req, res); });
    http.route("GET", "/keeps/endless", blocking, [this](const Request&, Response& res) { endless(res); });
    http.route("POST", "/keeps/forget", blocking, [this](const Request& req, Response& res) {
      sql_.execute("DELETE FROM amounts WHERE name = ?", needed(req, "name"));
      res.no_content();
    });
    http.route("POST", "/keeps/refuse", blocking, [this](const Request& req, Response& res) { refuse(req, res); });
    http.route("POST", "/keeps/die", blocking, [this](const Request& req, Response&) { die(req); });
    http.route("GET", "/keeps/echo", blocking, [this](const Request& req, Response& res) { echo(req, res); });
    http.get("/keeps/version", [this](const Request&, Response& res) { res.text(version_); });
    http.get("/keeps/at-start", [count = count()](const Request&, Response& res) { res.text(std::to_string(count)); });
    notes_end_ = ctx.config().value("notes_end", false);
    if (ctx.config().value("fails", false)) throw Error(Status::failed_precondition, "its config says so");
  }
  ~Keeps() {
    if (!notes_end_) return;
    sql_.execute("INSERT INTO amounts (name, amount) VALUES ('ended', ?) ON CONFLICT DO NOTHING", count());
  }

 private:
  std::int64_t count() { return sql_.select_one<std::int64_t>("SELECT count(*) FROM amounts").value_or(-1); }

  void list(Response& response) {
    auto all = nlohmann::json::object();
    for (const auto& one : sql_.select<Amount>("SELECT name, amount FROM amounts ORDER BY name")) {
      all[one.name] = one.amount;
    }
    response.json(all);
  }

  void add(const Request& request, Response& response) {
    const auto id = sql_.insert("INSERT INTO amounts (name, amount) VALUES (?, ?)", needed(request, "name"),
                                std::stoll(needed(request, "amount")));
    response.status(201).text(std::to_string(id));
  }

  /// From one to another, or neither: what is missing is noticed when half of it is done.
  void move(const Request& request, Response& response) {
    const auto amount = std::stoll(needed(request, "amount"));
    sql_.transaction([&](mortise::SqlTransaction& tx) {
      tx.execute("UPDATE amounts SET amount = amount + ? WHERE name = ?", amount, needed(request, "to"));
      if (tx.execute("UPDATE amounts SET amount = amount - ? WHERE name = ?", amount, needed(request, "from")) == 0) {
        throw Error(Status::not_found, "there is nothing to take it from");
      }
    });
    response.no_content();
  }

  /// Does not take what its own statement returns.
  void refuse(const Request& request, Response& response) {
    const auto throws = [](std::int64_t) { throw Error(Status::aborted, "it is not wanted"); };
    const auto insert = [&](mortise::SqlCalls& calls, const std::string& name) {
      try {
        calls.each<std::int64_t>("INSERT INTO amounts (name, amount) VALUES (?, 1) RETURNING id", throws, name);
      } catch (const Error&) {
        return;
      }
      throw Error(Status::internal, "nobody has refused it");
    };
    const auto name = needed(request, "name");
    insert(sql_, name);
    sql_.transaction([&](mortise::SqlTransaction& tx) {
      insert(tx, name);
      tx.execute("INSERT INTO amounts (name, amount) VALUES (?, 2)", name);
    });
    response.no_content();
  }

  /// In the middle of a transaction.
  void die(const Request& request) {
    sql_.transaction([&](mortise::SqlTransaction& tx) {
      tx.execute("INSERT INTO amounts (name, amount) VALUES (?, 1)", needed(request, "name"));
      std::raise(SIGKILL);
    });
  }

  void echo(const Request& request, Response& response) {
    const std::string text(static_cast<std::size_t>(std::stoll(needed(request, "bytes"))), 'x');
    response.text(std::to_string(sql_.select_one<std::string>("SELECT ? || ''", text).value_or("").size()));
  }

  void endless(Response& response) {
    const auto last = sql_.select_one<std::int64_t>(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
    response.text(std::to_string(last.value_or(0)));
  }

  mortise::Sql sql_;
  std::string version_;
  bool notes_end_ = false;
};

}  // namespace

MORTISE_PLUGIN(Keeps)
