#include "isolation/crew.hpp"

#include <array>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "isolation/futex.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"
#include "telemetry/crash_handler.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

// Of a plugin that has no limit of its own.
constexpr std::uint32_t kMostThreads = 32;

}  // namespace

Crew::Crew(HostLink& link, const RemoteHttp& http, runtime::ConePtr cone)
    : link_(link), http_(http), cone_(std::move(cone)), submissions_(link.area().memory().submissions) {
  for (std::uint32_t i = 0; i < kCallCount; ++i) exchanges_[i].attach(link, i);
}

void Crew::start() {
  {
    const std::lock_guard lock(mutex_);
    ++threads_;
  }
  add_thread();
  std::thread([this] { tell_of_gone_clients(); }).detach();
}

/// It is counted already.
void Crew::add_thread() {
  try {
    std::thread([this] { work(); }).detach();
  } catch (const std::system_error& error) {
    telemetry::log(telemetry::Level::error, "isolation", "no thread is to be had", {{"reason", error.what()}});
    const std::lock_guard lock(mutex_);
    --threads_;
  }
}

void Crew::work() {
  const telemetry::CrashStack stack;
  for (;;) {
    run(exchanges_[take()]);
    const std::lock_guard lock(mutex_);
    if (--at_work_ == 0) idle_.notify_all();
  }
}

/// A call that was submitted. Who takes one sees to it that somebody else is there for the next.
std::uint32_t Crew::take() {
  auto& memory = link_.area().memory();
  auto& ring = memory.submissions;
  std::unique_lock lock(mutex_);
  ++taking_;
  for (;;) {
    if (const auto call = submissions_.pop()) {
      --taking_;
      ++at_work_;
      const auto limit = memory.most_threads.load(std::memory_order_relaxed);
      const bool is_to_grow = taking_ == 0 && threads_ < (limit == 0 ? kMostThreads : limit);
      if (is_to_grow) ++threads_;
      const bool has_more = !submissions_.is_empty();
      lock.unlock();
      if (is_to_grow) {
        add_thread();
      } else if (has_more && ring.sleepers.load() != 0) {
        futex_wake(ring.tail, 1);
      }
      return *call;
    }
    lock.unlock();
    ring.sleepers.fetch_add(1);
    const auto seen = ring.tail.load();
    lock.lock();
    const bool is_empty = submissions_.is_empty();
    lock.unlock();
    if (is_empty) futex_wait(ring.tail, seen);
    ring.sleepers.fetch_sub(1);
    lock.lock();
  }
}

void Crew::run(RemoteExchange& exchange) const {
  const auto& route = http_.route(exchange.begin());
  const auto& generation = *cone_->entry;
  std::array<char, 1024> text{};
  mortise_error error{.struct_size = sizeof(mortise_error),
                      .capacity = static_cast<std::uint32_t>(text.size()),
                      .size = 0,
                      .reserved = 0,
                      .message = text.data()};
  mortise_status status = MORTISE_INTERNAL;
  std::string_view message;
  const auto id = exchange.request().id;
  const std::string request_id(id.data, id.size);  // the request may be gone before the last line is logged
  const telemetry::LogScope log_scope(generation.name(), generation.number_text(), request_id, route.pattern);
  try {
    const runtime::Scope scope(cone_, &exchange.deadline());
    status = route.handle(route.self, exchange.handle(), &exchange.request(), &error);
    message = {text.data(), std::min<std::size_t>(error.size, text.size())};
  } catch (...) {
    message = "the handler let an exception out";
  }
  exchange.settle(status, message);
}

void Crew::wait_until_idle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return at_work_ == 0 && submissions_.is_empty(); });
}

void Crew::tell_of_gone_clients() {
  const telemetry::CrashStack stack;
  auto& count = link_.area().memory().gone_count;
  const auto& generation = *cone_->entry;
  const telemetry::LogScope log_scope(generation.name(), generation.number_text(), {});
  for (;;) {
    const auto seen = count.load(std::memory_order_acquire);
    for (auto& exchange : exchanges_) exchange.look_whether_gone();
    futex_wait(count, seen);
  }
}

}  // namespace mortise::isolation
