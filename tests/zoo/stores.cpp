// Stores values under keys, over HTTP, each handler off the loops; `order` has a table of its own beside them.
#include <mortise/mortise.hpp>

#include <chrono>
#include <csignal>
#include <string>

namespace {

using mortise::Error;
using mortise::Request;
using mortise::Response;
using mortise::Status;

std::string needed(const Request& request, std::string_view name) {
  if (const auto value = request.query(name)) return std::string(*value);
  throw Error(Status::invalid_argument, "'" + std::string(name) + "' is missing");
}

std::int64_t number(const Request& request, std::string_view name) {
  const auto value = request.query(name);
  return value ? std::stoll(std::string(*value)) : 0;
}

class Stores : public mortise::Plugin {
 public:
  explicit Stores(mortise::Context& ctx) : kv_(ctx.kv()), sql_(ctx.sql()) {
    const mortise::RouteOptions blocking{.body_limit_bytes = 1U << 20U, .stream_body = false, .blocking = true};
    const auto route = [&](const char* method, const char* path, void (Stores::*handle)(const Request&, Response&)) {
      ctx.http().route(method, path, blocking,
                       [this, handle](const Request& req, Response& res) { (this->*handle)(req, res); });
    };
    route("GET", "/stores", &Stores::get);
    route("PUT", "/stores", &Stores::put);
    route("DELETE", "/stores", &Stores::remove);
    route("GET", "/stores/version", &Stores::version);
    route("GET", "/stores/keys", &Stores::keys);
    route("PUT", "/stores/json", &Stores::put_json);
    route("POST", "/stores/count", &Stores::count);
    route("POST", "/stores/expire", &Stores::expire);
    route("POST", "/stores/order", &Stores::order);
    route("GET", "/stores/orders", &Stores::orders);
    route("POST", "/stores/die", &Stores::die);
    route("POST", "/stores/large", &Stores::large);
    ctx.http().get("/stores/at-start",
                   [at = kv_.get("a").value_or("")](const Request&, Response& res) { res.text(at); });
  }

 private:
  void get(const Request& request, Response& response) {
    const auto value = kv_.get(needed(request, "key"));
    if (!value) throw Error(Status::not_found, "there is nothing under the key");
    response.text(*value);
  }

  /// With `version`: only if that is there.
  void put(const Request& request, Response& response) {
    const auto key = needed(request, "key");
    mortise::KvTerms terms;
    if (request.query("ttl_ms")) terms.time_to_live = std::chrono::milliseconds(number(request, "ttl_ms"));
    const auto version = request.query("version")
                             ? kv_.compare_and_set(key, number(request, "version"), request.body(), terms)
                             : kv_.put(key, request.body(), terms);
    if (!version) throw Error(Status::aborted, "another version is there");
    response.text(std::to_string(*version));
  }

  void remove(const Request& request, Response& response) {
    const auto key = needed(request, "key");
    const auto expected = number(request, "version");
    if (!(expected == 0 ? kv_.remove(key) : kv_.compare_and_remove(key, expected))) {
      throw Error(Status::not_found, "there is no such thing under the key");
    }
    response.no_content();
  }

  void version(const Request& request, Response& response) {
    const auto entry = kv_.get_entry(needed(request, "key"));
    response.text(std::to_string(entry ? entry->version : 0));
  }

  /// One a line.
  void keys(const Request& request, Response& response) {
    const auto prefix = std::string(request.query("prefix").value_or(""));
    const auto after = std::string(request.query("after").value_or(""));
    std::string lines;
    for (const auto& entry : kv_.scan(prefix, static_cast<std::uint32_t>(number(request, "limit")), after)) {
      lines += entry.key + "\n";
    }
    response.send(lines, "application/octet-stream");
  }

  void put_json(const Request& request, Response& response) {
    kv_.put_json("json", request.json());
    response.json(kv_.get_json("json").value_or(nullptr));
  }

  void count(const Request& request, Response& response) {
    const auto key = needed(request, "key");
    for (;;) {
      const auto found = kv_.get_entry(key);
      const auto next = std::to_string(found ? std::stoll(found->value) + 1 : 1);
      if (kv_.compare_and_set(key, found ? found->version : 0, next)) return void(response.text(next));
    }
  }

  /// As if its time were over.
  void expire(const Request& request, Response& response) {
    sql_.execute("UPDATE mortise_kv SET expires_at = 1 WHERE key = CAST(? AS BLOB)", needed(request, "key"));
    response.no_content();
  }

  /// All of it, or, without a cart, nothing.
  void order(const Request& request, Response& response) {
    sql_.transaction([&](mortise::SqlTransaction& tx) {
      tx.execute("INSERT INTO orders (item) VALUES (?)", needed(request, "item"));
      kv_.in(tx).put("last", needed(request, "item"));
      if (!kv_.in(tx).remove("cart")) throw Error(Status::failed_precondition, "there is no cart");
    });
    response.no_content();
  }

  void orders(const Request&, Response& response) {
    response.json(sql_.select<std::string>("SELECT item FROM orders ORDER BY item"));
  }

  /// In the middle of a transaction.
  void die(const Request& request, Response&) {
    sql_.transaction([&](mortise::SqlTransaction& tx) {
      kv_.in(tx).put(needed(request, "key"), "lost");
      std::raise(SIGKILL);
    });
  }

  void large(const Request& request, Response& response) {
    const std::string value(static_cast<std::size_t>(number(request, "bytes")), 'x');
    const auto key = needed(request, "key");
    kv_.put(key, value);
    response.text(kv_.get(key) == value ? "the same" : "another");
  }

  const mortise::Kv kv_;
  mortise::Sql sql_;
};

}  // namespace

MORTISE_PLUGIN(Stores)
