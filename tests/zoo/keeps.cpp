// Keeps amounts under names in its database, over HTTP, each handler off the loops.
#include <mortise/mortise.hpp>

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
    http.get("/keeps/version", [this](const Request&, Response& res) { res.text(version_); });
  }

 private:
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

  void endless(Response& response) {
    const auto last = sql_.select_one<std::int64_t>(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
    response.text(std::to_string(last.value_or(0)));
  }

  mortise::Sql sql_;
  std::string version_;
};

}  // namespace

MORTISE_PLUGIN(Keeps)
