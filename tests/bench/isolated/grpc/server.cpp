// Serves the addition behind a unix socket until it is ended, and prints a line when it does. Usage: bench_grpc_server
// SOCKET
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <string>

#include "add.grpc.pb.h"

namespace {

class Adder final : public bench::Adder::Service {
 public:
  grpc::Status Add(grpc::ServerContext*, const bench::Pair* pair, bench::Sum* sum) override {
    sum->set_sum(pair->a() + pair->b());
    return grpc::Status::OK;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bench_grpc_server SOCKET\n", stderr);
    return 2;
  }
  Adder adder;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(std::string("unix:") + argv[1], grpc::InsecureServerCredentials());
  builder.RegisterService(&adder);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) {
    std::fprintf(stderr, "bench: cannot listen at %s\n", argv[1]);
    return 1;
  }
  std::puts("ready");
  std::fflush(stdout);
  server->Wait();
}
