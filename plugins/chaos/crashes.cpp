// For this the process must die whatever it was built with.
#undef NDEBUG
#include <cassert>
#include <csignal>
#include <cstdint>
#include <cstdlib>

#include "faults.hpp"

namespace chaos {
namespace {

using mortise::Request;
using mortise::Response;

// Beside null, at which a sanitizer looks first.
volatile std::uintptr_t nowhere = 8;
volatile int zero = 0;
volatile int hundred = 100;  // of 1 the compiler knows the quotient
void* volatile freed = nullptr;

int overflow_stack(int depth) {  // NOLINT(misc-no-recursion)
  volatile char room[4096];
  room[0] = static_cast<char>(depth % 100);
  return zero == 1 ? 0 : overflow_stack(depth + 1) + room[0];
}

/// A sanitizer would only tell of it.
__attribute__((no_sanitize("undefined"))) int divide_by_zero() { return hundred / zero; }

void free_twice() {
  freed = std::malloc(24);
  std::free(freed);
  std::free(freed);
}

/// GET of /chaos/NAME ends the process by `act`.
void add(mortise::Http& http, const char* path, void (*act)()) {
  http.get(path, [act](const Request&, Response& res) {
    act();
    res.text("survived");
  });
}

}  // namespace

void add_crashes(mortise::Context& ctx) {
  auto& http = ctx.http();
  add(http, "/chaos/writes-to-nowhere", [] { *reinterpret_cast<volatile int*>(nowhere) = 1; });
  add(http, "/chaos/aborts", [] { std::abort(); });
  add(http, "/chaos/asserts", [] { assert(zero == 1); });
  add(http, "/chaos/divides-by-zero", [] { zero = divide_by_zero(); });
  add(http, "/chaos/overflows-the-stack", [] { zero = overflow_stack(0); });
  add(http, "/chaos/frees-twice", [] { free_twice(); });
  add(http, "/chaos/exits", [] { std::exit(0); });
  add(http, "/chaos/exits-quickly", [] { std::quick_exit(0); });
  add(http, "/chaos/kills-itself", [] { std::raise(SIGKILL); });
}

}  // namespace chaos
