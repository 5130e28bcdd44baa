// Publishes at POST /says?count=N&key=K&text=T as many events, numbered on from the last one, and answers with the last
// number.
#include <mortise/mortise.hpp>

#include <atomic>
#include <string>

#include "zoo_event.hpp"

namespace {

class Says : public mortise::Plugin {
 public:
  explicit Says(mortise::Context& ctx) : said_(ctx.publisher<zoo::Said>()) {
    ctx.http().post("/says", [this](const mortise::Request& req, mortise::Response& res) {
      const auto count = std::stoi(std::string(req.query("count").value_or("1")));
      const std::string key(req.query("key").value_or(""));
      const std::string text(req.query("text").value_or(""));
      for (int i = 0; i < count; ++i) {
        zoo::Said event{};
        event.number = ++last_;
        event.key = key;
        event.text = text;
        said_.publish(event);
      }
      res.text(std::to_string(last_.load()));
    });
  }

 private:
  mortise::Publisher<zoo::Said> said_;
  std::atomic<std::int64_t> last_{0};
};

}  // namespace

MORTISE_PLUGIN(Says)
