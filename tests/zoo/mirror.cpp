// Sends back what it gets, in each way that a request can be answered; tests send it large things and leave early.
//   POST /mirror            the body, whole
//   POST /mirror/stream     the body, piece by piece as it comes
//   POST /mirror/deferred   the body, once somebody asks for /mirror/release, which tells how many it has released
//   GET  /mirror/endless    pieces until the client is gone; /mirror/gone tells how often that was seen
//   GET  /mirror/kept       nothing, until the client is gone, which is counted as well
//   GET  /mirror/crash      nothing: the process dies
#include <mortise/mortise.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace {

using mortise::Request;
using mortise::Response;

class Mirror : public mortise::Plugin {
 public:
  // NOLINTNEXTLINE(readability-function-size): one route after the other
  explicit Mirror(mortise::Context& ctx) {
    auto& http = ctx.http();
    constexpr std::uint64_t kLimit = 64U << 20U;
    http.route("POST", "/mirror", {.body_limit_bytes = kLimit},
               [](const Request& req, Response& res) { res.send(req.body(), "application/octet-stream"); });
    http.route("POST", "/mirror/stream", {.body_limit_bytes = kLimit, .stream_body = true},
               [](const Request& req, Response& res) {
                 auto stream = res.stream("application/octet-stream");
                 std::array<std::uint8_t, 30'000> piece{};
                 for (;;) {
                   const auto size = req.read_body(piece);
                   if (size == 0) break;
                   stream.write({reinterpret_cast<const char*>(piece.data()), size});
                 }
                 stream.finish();
               });
    http.route("POST", "/mirror/deferred", {.body_limit_bytes = kLimit}, [this](const Request& req, Response& res) {
      const std::lock_guard lock(mutex_);
      deferred_.emplace_back(req, res.defer());
    });
    http.get("/mirror/release", [this](const Request&, Response& res) {
      const std::lock_guard lock(mutex_);
      for (auto& [request, deferred] : deferred_) deferred.send(request.body(), "text/plain");
      res.text(std::to_string(deferred_.size()));
      deferred_.clear();
    });
    http.route("GET", "/mirror/endless", {}, [this](const Request&, Response& res) {
      auto stream = res.stream("text/plain");
      try {
        for (;;) stream.write("and so on; ");
      } catch (const mortise::Error& error) {
        if (error.status() == mortise::Status::cancelled) ++gone_;
      }
    });
    table_ = ctx.find<mortise_http_v1>(MORTISE_HTTP_V1);
    http.route("GET", "/mirror/kept", {}, [this](const Request&, Response& res) {
      auto* const exchange = res.exchange();
      table_->defer(exchange);
      auto* const kept = new Kept{this, exchange};
      if (table_->on_close(exchange, &Mirror::on_gone, kept) != MORTISE_OK) on_gone(kept);
    });
    http.get("/mirror/gone", [this](const Request&, Response& res) { res.text(std::to_string(gone_.load())); });
    http.get("/mirror/crash", [](const Request&, Response&) { std::abort(); });
  }

 private:
  struct Kept {
    Mirror* mirror;
    mortise_http_exchange* exchange;
  };

  static void on_gone(void* self) {
    auto* const kept = static_cast<Kept*>(self);
    ++kept->mirror->gone_;
    kept->mirror->table_->abort(kept->exchange);
    delete kept;
  }

  const mortise_http_v1* table_ = nullptr;
  std::atomic<int> gone_{0};
  std::mutex mutex_;
  std::vector<std::pair<Request, mortise::Deferred>> deferred_;  // guarded by mutex_
};

}  // namespace

MORTISE_PLUGIN(Mirror)
