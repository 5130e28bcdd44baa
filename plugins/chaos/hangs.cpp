#include <chrono>
#include <semaphore>
#include <thread>

#include "faults.hpp"

namespace chaos {

using mortise::Request;
using mortise::Response;

void add_hangs(mortise::Context& ctx) {
  auto& http = ctx.http();
  http.get("/chaos/loops", [](const Request&, Response&) {
    for (volatile bool is_looping = true; is_looping;) continue;
  });
  const auto sleep = [](const Request&, Response&) {
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  };
  http.get("/chaos/sleeps", sleep);
  http.route("GET", "/chaos/sleeps-on-the-pool", {.blocking = true}, sleep);
  // Ends by itself, but long after its time is over.
  http.route("GET", "/chaos/late", {.deadline = std::chrono::milliseconds(300)}, [](const Request& req, Response& res) {
    while (req.time_left() > std::chrono::milliseconds(0)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::seconds(1));
    res.text("late");
  });
  http.get("/chaos/deadlocks", [](const Request&, Response&) {
    std::binary_semaphore turn(1);
    turn.acquire();
    turn.acquire();  // waits for itself
  });
}

}  // namespace chaos
