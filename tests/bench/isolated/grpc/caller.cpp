// Calls the addition of bench_grpc_server, one call after the other over one channel. Prints nanoseconds a call. Usage:
// bench_grpc_caller SOCKET BATCHES CALLS
#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "../../batches.hpp"
#include "add.grpc.pb.h"

namespace {

std::int64_t add(bench::Adder::Stub& adder, std::int64_t a, std::int64_t b) {
  grpc::ClientContext context;
  bench::Pair pair;
  pair.set_a(a);
  pair.set_b(b);
  bench::Sum sum;
  const auto status = adder.Add(&context, pair, &sum);
  if (status.ok()) return sum.sum();
  std::fprintf(stderr, "bench: the call has failed: %s\n", status.error_message().c_str());
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: bench_grpc_caller SOCKET BATCHES CALLS\n", stderr);
    return 2;
  }
  const auto channel = grpc::CreateChannel(std::string("unix:") + argv[1], grpc::InsecureChannelCredentials());
  const auto adder = bench::Adder::NewStub(channel);
  const auto ns = bench::median_ns(std::stoul(argv[2]), std::stoul(argv[3]), [&] {
    if (add(*adder, 1, 7) == 8) return;
    std::fputs("bench: the sum that came back is wrong\n", stderr);
    std::exit(1);
  });
  std::printf("%.1f\n", ns);
}
