// Publishes durably at POST /tells?key=K&from=N&count=C&text=T&way=W as many events of that key, numbered from N on:
// "alone" each by itself, "with" each in one transaction with a row of its own, "back" likewise, rolled back at the
// end. GET /tells answers with how many rows there are.
#include <mortise/mortise.hpp>

#include <string>

#include "zoo_event.hpp"

namespace {

class Tells : public mortise::Plugin {
 public:
  explicit Tells(mortise::Context& ctx) : sql_(ctx.sql()), told_(ctx.publisher<zoo::Said>()) {
    const mortise::RouteOptions blocking{.body_limit_bytes = 0, .stream_body = false, .blocking = true};
    ctx.http().route("POST", "/tells", blocking,
                     [this](const mortise::Request& req, mortise::Response& res) { tell(req, res); });
    ctx.http().route("GET", "/tells", blocking, [this](const mortise::Request&, mortise::Response& res) {
      res.text(std::to_string(sql_.select_one<std::int64_t>("SELECT count(*) FROM told").value_or(-1)));
    });
  }

 private:
  void tell(const mortise::Request& request, mortise::Response& response) {
    const auto number = [&](const char* name) { return std::stoll(std::string(request.query(name).value_or("1"))); };
    const auto way = request.query("way").value_or("with");
    const std::string key(request.query("key").value_or(""));
    const std::string text(request.query("text").value_or(""));
    const auto from = number("from");
    for (auto i = from; i < from + number("count"); ++i) {
      zoo::Said event{};
      event.number = i;
      event.key = key;
      event.text = text;
      way == "alone" ? told_.publish(event) : tell_with_row(event, way == "back");
    }
    response.text("told");
  }

  void tell_with_row(const zoo::Said& event, bool is_to_fail) {
    try {
      sql_.transaction([&](mortise::SqlTransaction& tx) {
        tx.execute("INSERT INTO told (key, number) VALUES (?, ?)", event.key.string(), event.number);
        told_.publish(tx, event);
        if (is_to_fail) throw mortise::Error(mortise::Status::aborted, "as was asked for");
      });
    } catch (const mortise::Error& error) {
      if (error.status() != mortise::Status::aborted) throw;
    }
  }

  mortise::Sql sql_;
  mortise::Publisher<zoo::Said> told_;
};

}  // namespace

MORTISE_PLUGIN(Tells)
