#include <mortise/mortise.hpp>

#include <mutex>
#include <numeric>
#include <string>
#include <unordered_map>

#include "work.hpp"

namespace {

using bench::Bare;

mortise::Slot<bench::Work> work(0);  // taken by the constructor

// Calls whose results are in the arena free it as often as a long loop should.
constexpr std::int64_t kCallsPerArenaScope = 256;

template <class Call>
std::int64_t repeat(std::int64_t count, Call call) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += call(i);
  return sum;
}

template <class Call>
std::int64_t repeat_with_arena(std::int64_t count, Call call) {
  std::int64_t sum = 0;
  for (std::int64_t done = 0; done < count; done += kCallsPerArenaScope) {
    const mortise::ArenaScope arena;
    sum += repeat(kCallsPerArenaScope, call);
  }
  return sum;
}

std::int64_t typed_convert(std::int64_t count) {
  return repeat_with_arena(count, [](std::int64_t i) { return work->convert({i, "USD"}, "EUR").units; });
}

/// What a channel's two ends are: the provider's contract and its dispatcher, in the same process.
struct Ends {
  const bench::Work* provided;
  const Bare* bare;
};

std::int64_t proxied_convert(const Bare& bare, std::int64_t count) {
  Ends ends{&*work, &bare};
  const mortise_channel_v1 channel{
      .struct_size = sizeof(mortise_channel_v1),
      .reserved = 0,
      .self = &ends,
      .call =
          [](void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply) {
            const auto& to = *static_cast<const Ends*>(self);
            return to.bare->dispatch(to.provided, method, request, reply);
          },
      .reserve = nullptr};
  bench::Work proxy;
  mortise::detail::fill_proxy<bench::Work>(&proxy, &channel);
  return repeat_with_arena(count, [&](std::int64_t i) { return proxy.convert({i, "USD"}, "EUR").units; });
}

std::uint64_t typed_sum(std::int64_t count, const std::uint64_t* values, std::size_t size) {
  std::uint64_t sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += work->sum({values, size});
  return sum;
}

std::uint64_t bare_sum(std::int64_t count, const std::uint64_t* values, std::size_t size) {
  std::uint64_t sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    sum += std::accumulate(values, values + size, std::uint64_t{0});
    __asm__ volatile("" ::: "memory");  // or one pass would do for all
  }
  return sum;
}

/// A registry as hosts have them: who calls looks the service up, each time.
std::int64_t registry_add(const Bare& bare, std::int64_t count) {
  static std::mutex mutex;
  static std::unordered_map<std::string, const bench::VirtualWork*> services;
  services = {{"bench.work/1", bare.object}, {"bench.other/1", nullptr}};
  const std::string name = "bench.work/1";
  return repeat(count, [&](std::int64_t i) {
    const std::lock_guard lock(mutex);
    return services.find(name)->second->add(i, 7);
  });
}

constexpr bench::Loops kLoops{
    .typed_add = [](std::int64_t count) { return repeat(count, [](std::int64_t i) { return work->add(i, 7); }); },
    .typed_length =
        [](std::int64_t count) { return repeat(count, [](std::int64_t) { return work->length("hello"); }); },
    .typed_convert = &typed_convert,
    .typed_sum = &typed_sum,
    .bare_add = [](const Bare& bare,
                   std::int64_t count) { return repeat(count, [f = bare.add](std::int64_t i) { return f(i, 7); }); },
    .bare_length =
        [](const Bare& bare, std::int64_t count) {
          return repeat(count, [f = bare.length](std::int64_t) { return f("hello"); });
        },
    .bare_convert =
        [](const Bare& bare, std::int64_t count) {
          return repeat(count, [f = bare.convert](std::int64_t i) { return f({i, "USD"}, "EUR").units; });
        },
    .bare_sum = &bare_sum,
    .virtual_add =
        [](const Bare& bare, std::int64_t count) {
          return repeat(count, [object = bare.object](std::int64_t i) { return object->add(i, 7); });
        },
    .shared_add =
        [](const Bare& bare, std::int64_t count) {
          return repeat(count, [&](std::int64_t i) {
            const auto held = bare.shared;
            return held->add(i, 7);
          });
        },
    .function_add =
        [](const Bare& bare, std::int64_t count) {
          return repeat(count, [&](std::int64_t i) { return bare.function(i, 7); });
        },
    .proxied_convert = &proxied_convert,
    .registry_add = &registry_add};

}  // namespace

class Consumer : public mortise::Plugin {
 public:
  explicit Consumer(mortise::Context& ctx) { work = ctx.require<bench::Work>(); }
};
MORTISE_PLUGIN(Consumer)

extern "C" MORTISE_EXPORT const bench::Loops* bench_loops() { return &kLoops; }
