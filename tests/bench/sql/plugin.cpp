// Serves what one of its statements took: GET /sql/WHAT?batches=N&calls=N. The driver places it.
#include <mortise/mortise.hpp>

#include <cstdint>
#include <string>

#include "../batches.hpp"
#include "rows.hpp"

namespace {

struct Item {
  std::string name;
  std::int64_t amount = 0;
};

std::size_t number(const mortise::Request& req, std::string_view name) {
  return std::stoull(std::string(req.query(name).value_or("1")));
}

}  // namespace

class SqlBench : public mortise::Plugin {
 public:
  explicit SqlBench(mortise::Context& ctx) : sql_(ctx.sql()) {
    ctx.http().get("/sql/select", [this](const mortise::Request& req, mortise::Response& res) {
      bench::Ids ids;
      std::int64_t sum = 0;
      const auto ns = bench::median_ns(number(req, "batches"), number(req, "calls"), [&] {
        const auto found = sql_.select_one<Item>("SELECT name, amount FROM item WHERE id = ?", ids.next());
        sum += found->amount + static_cast<std::int64_t>(found->name.size());
      });
      res.json({{"ns", ns}, {"sum", sum}});
    });
    ctx.http().get("/sql/insert", [this](const mortise::Request& req, mortise::Response& res) {
      std::int64_t last = 0;
      const auto ns = bench::median_ns(number(req, "batches"), number(req, "calls"), [&] {
        last = sql_.insert("INSERT INTO item (name, amount) VALUES (?, ?)", bench::kName, last);
      });
      res.json({{"ns", ns}, {"last", last}});
    });
  }

 private:
  mortise::Sql sql_;
};
MORTISE_PLUGIN(SqlBench)
