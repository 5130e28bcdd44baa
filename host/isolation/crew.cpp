#include "isolation/crew.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <thread>

#include "isolation/calling.hpp"
#include "isolation/entered.hpp"
#include "isolation/futex.hpp"
#include "isolation/remote_socket.hpp"
#include "isolation/worker_trace.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"
#include "telemetry/crash_handler.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

constexpr std::string_view kTooLate = "its deadline had passed before there was a thread for it";

}  // namespace

Crew::Crew(HostLink& link, const RemoteHttp& http, Bindings& bindings)
    : link_(link),
      http_(http),
      bindings_(bindings),
      crew_(
          link.area().memory().submissions, [this](std::uint32_t number) { run(number); },
          [this] { return most_threads(); }) {
  for (std::uint32_t i = 0; i < kCallCount; ++i) exchanges_[i].attach(link, i);
}

std::uint32_t Crew::most_threads() const {
  const auto limit = link_.area().memory().most_threads.load(std::memory_order_relaxed);
  return limit == 0 ? kMostThreads : limit;
}

void Crew::start() {
  crew_.start();
  std::thread([this] { tell_of_gone_clients(); }).detach();
}

void Crew::run(std::uint32_t number) {
  if (link_.area().memory().calls[number].route == kSocketRoute) return RemoteSocket::hear(link_, bindings_, number);
  auto& exchange = exchanges_[number];
  const auto& route = http_.route(exchange.begin());
  // Its client has been answered, and nobody waits for what the handler would do. One that has only gone is not told
  // so.
  const bool is_unheard = exchange.deadline().load(std::memory_order_relaxed) == runtime::Scope::kUnheard;
  if (!is_unheard && exchange.time_left_ms() == 0) return exchange.settle(MORTISE_DEADLINE_EXCEEDED, kTooLate, false);
  const auto& generation = bindings_.generation();
  std::array<char, 1024> text{};
  mortise_error error{.struct_size = sizeof(mortise_error),
                      .capacity = static_cast<std::uint32_t>(text.size()),
                      .size = 0,
                      .reserved = 0,
                      .message = text.data()};
  mortise_status status = MORTISE_INTERNAL;
  std::string_view message;
  bool is_through_contract = false;
  const auto id = exchange.request().id;
  const std::string request_id(id.data, id.size);  // the request may be gone before the last line is logged
  const auto trace = trace_of(exchange.traceparent());
  const telemetry::LogScope log_scope(generation.name(), generation.number_text(), request_id, route.pattern,
                                      trace ? &*trace : nullptr);
  try {
    const auto cone = bindings_.find(exchange.bindings());
    const Entered entered(Entered::Way::request, number);
    const calling::Handler handler(link_.area().memory().calls[number]);
    runtime::Scope scope(cone, &exchange.deadline());
    status = route.handle(route.self, exchange.handle(), &exchange.request(), &error);
    is_through_contract = status != MORTISE_OK && scope.table().failure.status == status;
    message = {text.data(), std::min<std::size_t>(error.size, text.size())};
  } catch (...) {
    message = "the handler let an exception out";
  }
  exchange.settle(status, message, is_through_contract);
}

void Crew::tell_of_gone_clients() {
  const telemetry::CrashStack stack;
  auto& count = link_.area().memory().gone_count;
  const auto& generation = bindings_.generation();
  const telemetry::LogScope log_scope(generation.name(), generation.number_text(), {});
  for (;;) {
    const auto seen = count.load(std::memory_order_acquire);
    for (auto& exchange : exchanges_) exchange.look_whether_gone();
    futex_wait(count, seen);
  }
}

}  // namespace mortise::isolation
