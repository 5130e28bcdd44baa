#include <fcntl.h>

#include <cstddef>
#include <string>
#include <vector>

#include "faults.hpp"

namespace chaos {

using mortise::Request;
using mortise::Response;

Hoard::Hoard(mortise::Context& ctx) {
  auto& http = ctx.http();
  http.get("/chaos/answers-100-megabytes",
           [](const Request&, Response& res) { res.send(std::string(100'000'000, 'x'), "application/octet-stream"); });
  http.get("/chaos/allocates-for-ever", [](const Request&, Response& res) {
    constexpr std::size_t kPiece = std::size_t{16} << 20;
    std::vector<std::string> pieces;
    for (;;) pieces.emplace_back(kPiece, 'x');
    res.text("never");
  });
  http.get("/chaos/never-finishes", [this](const Request&, Response& res) {
    auto stream = res.stream("text/plain");
    stream.write("begun");
    const std::lock_guard lock(mutex_);
    streams_.push_back(std::move(stream));
  });
  http.get("/chaos/leaks-descriptors", [](const Request&, Response& res) {
    for (int i = 0; i < 100; ++i) static_cast<void>(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    res.text("leaked");
  });
  http.get("/chaos/floods-the-log", [log = ctx.log()](const Request&, Response& res) {
    for (int i = 0; i < 20'000; ++i) log.info("chaos");
    res.text("flooded");
  });
}

}  // namespace chaos
