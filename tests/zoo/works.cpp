// Has tasks. Tells at GET /works?done=N, as soon as so many tasks that come once have run, of their texts, of how often
// the one that comes again has run, and of the version. The constructor has "started" done.
#include <mortise/mortise.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

class Works : public mortise::Plugin {
 public:
  explicit Works(mortise::Context& ctx) : tasks_(ctx.tasks()), version_(ctx.version()) {
    tasks_.post([this] { note("started"); });
    tasks_.every("tick", 20ms, [this] {
      const std::lock_guard lock(mutex_);
      ++ticks_;
      changed_.notify_all();
    });
    tasks_.cron("new year", "0 0 1 JAN *", "Europe/Berlin", [] {});
    const mortise::RouteOptions waits{.body_limit_bytes = 0, .stream_body = false, .blocking = true};
    ctx.http().route("GET", "/works", waits,
                     [this](const mortise::Request& req, mortise::Response& res) { tell(req, res); });
    ctx.http().post("/works", [this](const mortise::Request& req, mortise::Response& res) {
      const auto delay = std::chrono::milliseconds(std::stoi(std::string(req.query("ms").value_or("0"))));
      const std::string text(req.query("text").value_or(""));
      last_ = tasks_.after(delay, [this, text] { note(text); });
      res.no_content();
    });
    ctx.http().post("/works/cancel", [this](const mortise::Request&, mortise::Response& res) {
      res.text(tasks_.cancel(last_) ? "cancelled" : "too late");
    });
    ctx.http().post("/works/again", [this](const mortise::Request& req, mortise::Response& res) {
      tasks_.cron(req.query("name").value_or(""), req.query("times").value_or(""), req.query("zone").value_or(""),
                  [] {});
      res.no_content();
    });
  }

 private:
  void note(const std::string& text) {
    if (text == "fail") throw mortise::Error(mortise::Status::unavailable, "the zoo does not want to work");
    if (text == "crash") std::abort();
    const std::lock_guard lock(mutex_);
    done_.push_back(text);
    changed_.notify_all();
  }

  void tell(const mortise::Request& req, mortise::Response& res) {
    const auto done = std::stoul(std::string(req.query("done").value_or("0")));
    const auto ticks = std::stoul(std::string(req.query("ticks").value_or("0")));
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 30s, [&] { return done_.size() >= done && ticks_ >= ticks; });
    res.json({{"done", done_}, {"ticks", ticks_}, {"version", version_}});
  }

  mortise::Tasks& tasks_;
  const std::string version_;
  mortise::TaskId last_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> done_;  // guarded by mutex_
  std::size_t ticks_ = 0;          // guarded by mutex_
};

}  // namespace

MORTISE_PLUGIN(Works)
