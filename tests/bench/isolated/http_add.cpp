// The same addition as a request: JSON over loopback HTTP, one call after the other over a keep-alive connection.
// Prints nanoseconds a call. Usage: bench_http_add PORT BATCHES CALLS
#include <cstdio>
#include <cstdlib>
#include <string>

#include "../batches.hpp"
#include "../contracts/http_caller.hpp"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: bench_http_add PORT BATCHES CALLS\n", stderr);
    return 2;
  }
  bench::HttpCaller caller(static_cast<std::uint16_t>(std::stoul(argv[1])));
  const auto ns = bench::median_ns(std::stoul(argv[2]), std::stoul(argv[3]), [&] {
    if (caller.add(1, 7) == 8) return;
    std::fputs("bench: the sum that came back is wrong\n", stderr);
    std::exit(1);
  });
  std::printf("%.1f\n", ns);
}
