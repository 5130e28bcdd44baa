#include "http/server.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <iterator>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "base/process.hpp"
#include "base/strings.hpp"
#include "http/assets.hpp"
#include "http/connection.hpp"
#include "http/exchange_table.hpp"
#include "http/listener.hpp"
#include "http/listening_sockets.hpp"
#include "http/loop.hpp"
#include "http/route_registry.hpp"
#include "http/shared.hpp"
#include "http/tls_context.hpp"
#include "http/websocket_table.hpp"
#include "runtime/generation.hpp"

namespace mortise::http {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// Requests that may wait for a thread of the blocking pool.
constexpr std::size_t kMaxQueued = 1024;
// What a cut connection gets to wind up, and a stuck thread to come back.
constexpr std::chrono::milliseconds kPatience{1000};

std::string random_prefix() {
  std::random_device device;
  std::array<std::uint8_t, 5> bytes{};
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::uint8_t>(device()); });
  return base::to_hex(bytes) + "-";
}

}  // namespace

Shared::Shared(ServerSettings given)
    : settings(std::move(given)),
      id_prefix(random_prefix()),
      pool(settings.blocking_threads, kMaxQueued),
      watch(settings.blocking_threads) {}

class Server::Impl {
 public:
  explicit Impl(ServerSettings settings) : shared_(std::make_shared<Shared>(std::move(settings))) {}
  ~Impl() { stop(0ms); }

  base::Result<void> start(base::InheritedSockets& inherited) {
    const auto& settings = shared_->settings;
    const unsigned count = settings.threads != 0 ? settings.threads : base::usable_cores();
    for (unsigned i = 0; i < count; ++i) shared_->loops.push_back(std::make_unique<Loop>(i, *shared_));
    auto given = match(inherited);
    for (std::size_t i = 0; i < settings.listen.size(); ++i) {
      if (auto opened = open(settings.listen[i], std::move(given[i])); !opened) return opened;
    }
    std::vector<Loop*> loops;
    for (auto& loop : shared_->loops) {
      loop->start(shared_);
      loops.push_back(loop.get());
    }
    shared_->watch.start(std::move(loops));
    is_running_ = true;
    return {};
  }

  /// Nothing, once it has stopped accepting: after a crash of the host process the release thread calls it.
  void accept() {
    const std::lock_guard lock(listeners_mutex_);
    for (auto& listener : listeners_) listener->start();
  }

  [[nodiscard]] std::vector<std::uint16_t> ports() const { return ports_; }
  [[nodiscard]] std::vector<int> listening_sockets() const {
    std::vector<int> descriptors;
    for (const auto& socket : sockets_) descriptors.push_back(socket.get());
    return descriptors;
  }
  void set_ready(bool ready) { shared_->is_ready.store(ready, std::memory_order_relaxed); }

  void retire(std::chrono::milliseconds patience) {
    stop_accepting();
    wait_for_end(Clock::now() + patience, [](Connection&) {});
  }

  void drain() {
    stop_accepting();
    shared_->is_closing_idle.store(true, std::memory_order_relaxed);
    for_each_connection([](Connection& connection) { connection.drain(); });
  }

  std::size_t stop(std::chrono::milliseconds grace) {
    if (!is_running_) return 0;
    is_running_ = false;
    drain();
    wait_for_end(Clock::now() + grace, [](Connection& connection) { connection.drain(); });
    std::size_t cut = 0;
    for_each_connection([&](Connection& connection) {
      cut += connection.is_in_request() ? 1 : 0;
      connection.cut();
    });
    // More than once: two reads of one TLS stream end one after the other, and Asio has the second wait for a word from
    // the kernel that the first has had.
    wait_for_end(Clock::now() + kPatience, [](Connection& connection) { connection.cut(); });
    publish(nullptr);
    shared_->watch.stop();
    std::size_t stuck = shared_->pool.stop(kPatience);
    for (auto& loop : shared_->loops) stuck += loop->stop(kPatience);
    return std::max(cut, stuck);
  }

  void publish(std::shared_ptr<const RouteTable> table) {
    table_ = std::move(table);
    switch_to([this](const Pin* former) { return table_ ? std::make_shared<const Pin>(table_, former) : nullptr; });
  }

  void publish_canary(const std::shared_ptr<const RouteTable>& table, const CanaryDraw& draw) {
    switch_to([&](const Pin* former) { return std::make_shared<const Pin>(table_, table, draw, former); });
  }

  void cut(const runtime::Generation& generation) {
    for_each_connection([&](Connection& connection) {
      if (connection.generation() == &generation) connection.evict();
    });
  }

  RouteRegistry registry;

 private:
  /// The inherited sockets of each address. Those who name a port come first: who leaves it to the kernel takes any.
  std::vector<std::vector<base::Descriptor>> match(base::InheritedSockets& inherited) {
    const auto& listen = shared_->settings.listen;
    std::vector<std::vector<base::Descriptor>> given(listen.size());
    for (const bool has_port : {true, false}) {
      for (std::size_t i = 0; i < listen.size(); ++i) {
        if ((listen[i].port != 0) == has_port) given[i] = inherited.take(listen[i].address, listen[i].port);
      }
    }
    return given;
  }

  base::Result<void> open(const Listen& listen, std::vector<base::Descriptor> sockets) {
    TlsContextPtr tls;
    if (listen.tls) {
      auto made = make_tls_context(*listen.tls);
      if (!made) return made.error();
      tls = std::move(*made);
    }
    auto& loops = shared_->loops;
    if (sockets.empty()) {
      auto fresh = listen_on(listen.address, listen.port, loops.size());
      if (!fresh) return fresh.error();
      sockets = std::move(*fresh);
    }
    const auto own = sockets.size();
    // Each socket is kept beside its acceptor, which belongs to a loop.
    if (auto shared = share_out(sockets, own + std::max(own, loops.size())); !shared) return shared;
    for (std::size_t i = own; i < sockets.size(); ++i) {
      auto& loop = *loops[(i - own) % loops.size()];
      auto acceptor = make_acceptor(loop.io(), std::move(sockets[i]));
      if (!acceptor) return acceptor.error();
      if (i == own) ports_.push_back(acceptor->local_endpoint().port());
      listeners_.push_back(std::make_shared<Listener>(loop, shared_, std::move(*acceptor), tls));
    }
    sockets.resize(own);
    std::move(sockets.begin(), sockets.end(), std::back_inserter(sockets_));
    return {};
  }

  void stop_accepting() {
    shared_->is_draining.store(true, std::memory_order_relaxed);
    const std::lock_guard lock(listeners_mutex_);
    for (auto& listener : listeners_) listener->close();
    listeners_.clear();
    sockets_.clear();
  }

  /// All loops switch as one: who was answered from the next table on one connection gets nothing from the former one
  /// on another.
  void switch_to(const std::function<std::shared_ptr<const Pin>(const Pin* former)>& make_pin) {
    {
      std::vector<std::shared_ptr<const Pin>> next;
      for (const auto& loop : shared_->loops) next.push_back(make_pin(loop->pin().get()));
      std::vector<std::unique_lock<std::mutex>> locks;
      for (auto& loop : shared_->loops) locks.push_back(loop->lock_pin());
      for (std::size_t i = 0; i < next.size(); ++i) next[i] = shared_->loops[i]->swap_pin(std::move(next[i]));
      locks.clear();  // the former pins go outside the locks
    }
    if (table_) for_each_connection([](Connection& connection) { connection.follow_release(); });
  }

  void for_each_connection(const std::function<void(Connection&)>& visit) {
    for (auto& loop : shared_->loops) loop->connections().for_each(visit);
  }

  /// Until no connection is left; meanwhile `urge` is called for each, again and again.
  void wait_for_end(Clock::time_point deadline, const std::function<void(Connection&)>& urge) {
    while (shared_->connection_count.load(std::memory_order_relaxed) > 0 && Clock::now() < deadline) {
      for_each_connection(urge);
      std::this_thread::sleep_for(5ms);
    }
  }

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<const RouteTable> table_;  // the control thread's
  std::mutex listeners_mutex_;
  std::vector<std::shared_ptr<Listener>> listeners_;  // guarded by listeners_mutex_ once it is running
  std::vector<base::Descriptor> sockets_;
  std::vector<std::uint16_t> ports_;
  bool is_running_ = false;
};

Server::Server(ServerSettings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
Server::~Server() = default;
base::Result<void> Server::start(base::InheritedSockets& inherited) { return impl_->start(inherited); }
void Server::accept() { impl_->accept(); }
std::vector<int> Server::listening_sockets() const { return impl_->listening_sockets(); }
void Server::retire(std::chrono::milliseconds patience) { impl_->retire(patience); }
std::vector<std::uint16_t> Server::ports() const { return impl_->ports(); }
void Server::set_ready(bool ready) { impl_->set_ready(ready); }
void Server::drain() { impl_->drain(); }
std::size_t Server::stop(std::chrono::milliseconds grace) { return impl_->stop(grace); }

std::span<const runtime::Offer> Server::offers() noexcept {
  static const std::array kOffers{runtime::Offer{MORTISE_HTTP_V1, &http_table()},
                                  runtime::Offer{MORTISE_ASSETS_V1, &assets_table()},
                                  runtime::Offer{MORTISE_WEBSOCKET_V1, &websocket_table()}};
  return kOffers;
}

const void* Server::interface(std::string_view id) const noexcept { return runtime::find_offer(offers(), id); }

std::vector<Server::Conflict> Server::check(const runtime::GenerationSet& next) {
  return impl_->registry.conflicts(next);
}

void Server::publish(const runtime::ReleasePtr& next) { impl_->publish(impl_->registry.build(*next)); }
void Server::publish_canary(const runtime::ReleasePtr& canary, const runtime::CanaryShare& share) {
  impl_->publish_canary(impl_->registry.build(*canary), CanaryDraw(share));
}
void Server::cut(const runtime::Generation& generation) { impl_->cut(generation); }
void Server::forget(const runtime::Generation& generation) { impl_->registry.forget(generation); }

RouteRegistry* RouteRegistry::of(const runtime::Generation& generation) {
  auto* server = dynamic_cast<Server*>(generation.service_of(MORTISE_HTTP_V1));
  return server == nullptr ? nullptr : &server->impl_->registry;
}

}  // namespace mortise::http
