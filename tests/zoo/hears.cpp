// Tells at GET /hears?count=N, as soon as it has heard so many events, what it has heard: how many, whether their
// numbers rose by one, the last one, and in which version of the plugin. The count goes to the next instance. An event
// whose text is "fail" fails, one whose text is "crash" ends the process, one whose text is "wait" takes a tenth of a
// second.
#include <mortise/mortise.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

#include "zoo_event.hpp"

namespace {

class Hears : public mortise::StatefulPlugin {
 public:
  static constexpr std::uint32_t kStateVersion = 1;

  explicit Hears(mortise::Context& ctx) : version_(ctx.version()) {
    ctx.subscribe<zoo::Said>([this](const zoo::Said& event, const mortise::EventInfo& info) { hear(event, info); });
    const mortise::RouteOptions waits{.body_limit_bytes = 0, .stream_body = false, .blocking = true};
    ctx.http().route("GET", "/hears", waits, [this](const mortise::Request& req, mortise::Response& res) {
      const auto count = std::stoi(std::string(req.query("count").value_or("0")));
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::seconds(30), [&] { return heard_["count"].get<int>() >= count; });
      res.json(heard_);
    });
  }

  std::string export_state() override { return "{}"; }
  void import_state(std::uint32_t, std::string_view) override {}
  std::string export_rest() override {
    const std::lock_guard lock(mutex_);
    return heard_.dump();
  }
  void import_rest(std::uint32_t, std::string_view rest) override {
    const auto former = nlohmann::json::parse(rest);
    const std::lock_guard lock(mutex_);
    heard_["count"] = heard_["count"].get<int>() + former["count"].get<int>();
    changed_.notify_all();
  }

 private:
  void hear(const zoo::Said& event, const mortise::EventInfo& info) {
    using namespace std::chrono_literals;
    if (event.text == "crash") std::abort();
    if (event.text == "wait") std::this_thread::sleep_for(100ms);
    const std::lock_guard lock(mutex_);
    if (event.text == "fail") throw mortise::Error(mortise::Status::unavailable, "the zoo does not want to hear it");
    if (last_ != 0 && event.number != last_ + 1) heard_["in_order"] = false;
    last_ = event.number;
    heard_["count"] = heard_["count"].get<int>() + 1;
    heard_["number"] = event.number;
    heard_["text"] = event.text.string();
    heard_["key"] = info.key.string();
    heard_["publisher"] = info.publisher.string();
    heard_["attempt"] = info.attempt;
    heard_["published_ms"] = info.published_ms;
    heard_["version"] = version_;
    changed_.notify_all();
  }

  const std::string version_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t last_ = 0;                                   // guarded by mutex_
  nlohmann::json heard_{{"count", 0}, {"in_order", true}};  // guarded by mutex_
};

}  // namespace

MORTISE_PLUGIN(Hears)
