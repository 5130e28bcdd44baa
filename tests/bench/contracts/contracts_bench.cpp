// Calls through contracts beside other ways of calling, each in the same loop of the same plugin. Every benchmark
// counts calls as its items, so that items per second compare.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "http_caller.hpp"
#include "runtime/scope.hpp"
#include "world.hpp"

namespace bench {
namespace {

using benchmark::State;
using mortise::runtime::Scope;

constexpr std::int64_t kBatch = 65536;

const World& world() {
  static const World made(std::filesystem::path(MORTISE_BENCH_PLUGINS));
  return made;
}

/// Runs batches of a loop inside a scope, as a request would.
template <class Loop>
void in_scope(State& state, Loop loop) {
  const Scope scope(world().cone());
  for (auto _ : state) benchmark::DoNotOptimize(loop());
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kBatch);
}

/// The same while calls are observed; each batch in a scope of its own, as the replies take memory of it.
template <class Loop>
void observed(State& state, Loop loop) {
  for (auto _ : state) {
    const Scope scope(world().observed_cone());
    benchmark::DoNotOptimize(loop());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kBatch);
}

void register_loops() {
  const auto& loops = world().loops();
  const auto& bare = world().bare();
  const auto add = [](const char* name, auto loop, int threads = 1) {
    benchmark::RegisterBenchmark(name, [loop](State& state) { in_scope(state, loop); })
        ->Threads(threads)
        ->UseRealTime();
  };
  add("typed-add", [&] { return loops.typed_add(kBatch); });
  add("bare-add", [&] { return loops.bare_add(bare, kBatch); });
  add("typed-length", [&] { return loops.typed_length(kBatch); });
  add("bare-length", [&] { return loops.bare_length(bare, kBatch); });
  add("typed-convert", [&] { return loops.typed_convert(kBatch); });
  add("bare-convert", [&] { return loops.bare_convert(bare, kBatch); });
  add("proxied-convert", [&] { return loops.proxied_convert(bare, kBatch); });
  add(
      "typed-add-two-threads", [&] { return loops.typed_add(kBatch); }, 2);
  add(
      "bare-add-two-threads", [&] { return loops.bare_add(bare, kBatch); }, 2);
  const auto add_observed = [](const char* name, auto loop) {
    benchmark::RegisterBenchmark(name, [loop](State& state) { observed(state, loop); });
  };
  add_observed("observed-add", [&] { return loops.typed_add(kBatch); });
  add_observed("observed-convert", [&] { return loops.typed_convert(kBatch); });
  add("virtual-add", [&] { return loops.virtual_add(bare, kBatch); });
  add("function-add", [&] { return loops.function_add(bare, kBatch); });
  add("shared-add", [&] { return loops.shared_add(bare, kBatch); });
  add("registry-add", [&] { return loops.registry_add(bare, kBatch); });
}

/// Passes of the sum over `bytes`; items are passes.
template <class Sum>
void sum(State& state, Sum sum_of) {
  const std::vector<std::uint64_t> values(static_cast<std::size_t>(state.range(0)) / sizeof(std::uint64_t), 3);
  const Scope scope(world().cone());
  for (auto _ : state) benchmark::DoNotOptimize(sum_of(1, values.data(), values.size()));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * state.range(0));
}

void typed_span(State& state) { sum(state, world().loops().typed_sum); }
void bare_span(State& state) { sum(state, world().loops().bare_sum); }
// Fits the first-level cache, is what the target speaks of, fits the second, fits none.
BENCHMARK(typed_span)->Name("typed-span")->Arg(16 << 10)->Arg(64 << 10)->Arg(256 << 10)->Arg(256 << 20);
BENCHMARK(bare_span)->Name("bare-span")->Arg(16 << 10)->Arg(64 << 10)->Arg(256 << 10)->Arg(256 << 20);

/// A request's hold on what it enters, and the scope itself.
void scope_only(State& state) {
  const auto own = std::make_shared<const mortise::runtime::ConePtr>(world().cone());
  const mortise::runtime::ConePtr published(own, own->get());
  for (auto _ : state) {
    const auto held = published;
    const Scope scope(held);
    benchmark::DoNotOptimize(Scope::current());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(scope_only)->Name("scope");

void http_json(State& state) {
  HttpCaller caller(world().port());
  for (auto _ : state) benchmark::DoNotOptimize(caller.add(1, 7));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(http_json)->Name("http-json-add")->UseRealTime();

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  bench::register_loops();
  benchmark::RunSpecifiedBenchmarks();
}
