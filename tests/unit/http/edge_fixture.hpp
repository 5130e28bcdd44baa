// A real server on a port of the kernel's choice, and real generations of the zoo's plugin "hooked" whose routes are
// the test's lambdas.
#pragma once

#include <gtest/gtest.h>
#include <mortise/abi/http.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "../../zoo/zoo_hooks.h"
#include "base/process.hpp"
#include "base/temporary_directory.hpp"
#include "client.hpp"
#include "http/server.hpp"
#include "manifest/manifest.hpp"
#include "runtime/contracts.hpp"
#include "runtime/generation.hpp"

namespace mortise::http::testing {

using namespace std::chrono_literals;

/// How long a test waits for what must happen at all.
inline constexpr std::chrono::seconds kLong{45};

inline mortise_str str(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(mortise_str text) { return {text.data, static_cast<std::size_t>(text.size)}; }
inline std::string_view view(mortise_bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data), static_cast<std::size_t>(bytes.size)};
}
inline mortise_bytes bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Something that happens once, on another thread.
class Event {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    changed_.notify_all();
  }
  /// False when it did not happen in a long time.
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLong, [this] { return is_set_; });
  }
  bool is_set() {
    const std::lock_guard lock(mutex_);
    return is_set_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_set_ = false;
};

/// A plugin made of lambdas. Routes are added before it is started; the object is its instance and outlives it.
class TestPlugin {
 public:
  using Handler = std::function<mortise_status(mortise_http_exchange*, const mortise_http_request_v1&)>;
  using Init = std::function<mortise_status(const mortise_host_v1&, mortise_error*)>;

  explicit TestPlugin(const std::string& name)
      : manifest_(manifest::parse_manifest(R"({"name":")" + name + R"(","version":"1.0.0","abi":1})").value()) {}
  TestPlugin(const TestPlugin&) = delete;
  TestPlugin& operator=(const TestPlugin&) = delete;

  /// A route; `flags` are MORTISE_HTTP_ROUTE_*.
  TestPlugin& on(std::string method, std::string pattern, Handler handler, std::uint32_t flags = 0,
                 std::uint64_t body_limit = 0, std::chrono::milliseconds deadline = {}) {
    routes_.push_back({std::move(method), std::move(pattern), std::move(handler), flags, body_limit, deadline});
    return *this;
  }
  /// A GET route that answers with a text.
  TestPlugin& says(std::string pattern, std::string text) {
    return on("GET", std::move(pattern),
              [this, text = std::move(text)](auto* exchange, const auto&) { return respond(exchange, text); });
  }
  /// What its manifest says of contracts; in_init() registers them.
  TestPlugin& provides(const std::string& contract, std::string_view methods) {
    manifest_.provides.push_back({.contract = contract, .name = manifest_.name});
    manifest_.contracts[contract] = manifest::parse_methods(methods).value();
    return *this;
  }
  TestPlugin& requires_(const std::string& contract, std::string_view methods) {
    manifest_.requires_.emplace_back().contract = contract;
    manifest_.contracts[contract] = manifest::parse_methods(methods).value();
    return *this;
  }
  /// Runs in init, before the routes are registered: for other interfaces.
  TestPlugin& in_init(Init init) {
    init_ = std::move(init);
    return *this;
  }
  /// Runs in destroy, when nobody may call the plugin any more.
  TestPlugin& in_destroy(std::function<void()> destroy) {
    destroy_ = std::move(destroy);
    return *this;
  }

  /// The table of mortise.http/1 that the host gave to this plugin.
  [[nodiscard]] const mortise_http_v1& http() const { return *http_; }
  mortise_status respond(mortise_http_exchange* exchange, std::string_view text, std::uint32_t status = 200) const {
    const auto response = head(status, text);
    return http_->respond(exchange, &response);
  }
  /// An answer, or the head of a streamed one, without headers of its own.
  static mortise_http_response_v1 head(std::uint32_t status, std::string_view body = {}) {
    return {.struct_size = sizeof(mortise_http_response_v1),
            .status = status,
            .headers = nullptr,
            .header_count = 0,
            .body = bytes(body)};
  }

  [[nodiscard]] const manifest::Manifest& manifest() const { return manifest_; }
  const zoo_hooks* hooks() const { return &hooks_; }

 private:
  struct Route {
    std::string method;
    std::string pattern;
    Handler handler;
    std::uint32_t flags;
    std::uint64_t body_limit;
    std::chrono::milliseconds deadline;
  };

  mortise_status start(const mortise_host_v1& host, mortise_error* error) {
    http_ = static_cast<const mortise_http_v1*>(host.get_interface(host.host, str(MORTISE_HTTP_V1)));
    if (init_) {
      if (const auto status = init_(host, error); status != MORTISE_OK) return status;
    }
    for (auto& route : routes_) {
      const mortise_http_route_v1 added{
          .struct_size = sizeof(mortise_http_route_v1),
          .flags = route.flags,
          .method = str(route.method),
          .pattern = str(route.pattern),
          .body_limit_bytes = route.body_limit,
          .self = &route,
          .handle = [](void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                       mortise_error*) { return static_cast<Route*>(self)->handler(exchange, *request); },
          .deadline_ms = static_cast<std::uint32_t>(route.deadline.count()),
          .reserved = 0};
      if (const auto status = http_->add_route(host.host, &added, error); status != MORTISE_OK) return status;
    }
    return MORTISE_OK;
  }

  manifest::Manifest manifest_;
  const mortise_http_v1* http_ = nullptr;
  std::deque<Route> routes_;
  Init init_;
  std::function<void()> destroy_ = [] {};
  const zoo_hooks hooks_{
      .self = this,
      .init = [](void* self, const mortise_host_v1* host,
                 mortise_error* error) { return static_cast<TestPlugin*>(self)->start(*host, error); },
      .stop = [](void*) {},
      .destroy = [](void* self) { static_cast<TestPlugin*>(self)->destroy_(); }};
};

/// Owns a server, the plugins that ran in it, and their generations' ends.
class EdgeTest : public ::testing::Test {
 protected:
  EdgeTest() : undertaker_([this] { bury(); }) {
    base::raise_open_file_limit();  // both ends of each connection are this process's
  }
  /// Before the members of the test's own fixture go: handlers may use them until then.
  void TearDown() override { shut_down(0ms); }
  ~EdgeTest() override {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
      changed_.notify_all();
    }
    undertaker_.join();
  }

  /// Starts the server, by default on one address with two loops.
  void start(ServerSettings settings = {}) {
    if (settings.listen.empty()) settings.listen.push_back({.address = "127.0.0.1", .port = 0, .tls = {}});
    if (settings.threads == 0) settings.threads = 2;
    server_ = std::make_unique<Server>(std::move(settings));
    base::InheritedSockets none;
    const auto started = server_->start(none);
    ASSERT_TRUE(started) << started.error().message;
    server_->accept();
  }

  /// A plugin to give routes to; lives as long as the test.
  TestPlugin& plugin(const std::string& name = "test") { return plugins_.emplace_back(name); }

  /// A generation of the plugin, initialised. Whoever lets go of it last has it buried, as in the host.
  base::Result<runtime::GenerationPtr> init(const TestPlugin& plugin) {
    runtime::GenerationSpec spec;
    spec.manifest = std::make_shared<const manifest::Manifest>(plugin.manifest());
    spec.image = std::filesystem::path(MORTISE_ZOO) / "hooked.so";
    spec.config_text = std::to_string(reinterpret_cast<std::uintptr_t>(plugin.hooks()));
    const std::array<runtime::Service*, 2> services{&contracts_, server_.get()};
    const std::lock_guard life(life_mutex_);
    runtime::GenerationPtr generation(new runtime::Generation(next_number(), std::move(spec), services),
                                      [this](runtime::Generation* gone) {
                                        const std::lock_guard lock(mutex_);
                                        gone_.push_back(gone);
                                        changed_.notify_all();
                                      });
    const auto initialised = generation->init();
    if (!initialised) return initialised.error();
    return generation;
  }
  /// The same, and nothing else is published.
  runtime::GenerationPtr publish(const TestPlugin& plugin) {
    auto generation = init(plugin).value();
    publish_release({&generation, 1});
    return generation;
  }
  void publish_release(std::span<const runtime::GenerationPtr> generations) {
    server_->publish(contracts_.build(++last_release_, set_of(generations)).release);
  }
  static runtime::GenerationSet set_of(std::span<const runtime::GenerationPtr> generations) {
    return runtime::GenerationSet(std::vector<runtime::GenerationRef>(generations.begin(), generations.end()));
  }

  [[nodiscard]] std::uint16_t port() const { return server_->ports().front(); }
  [[nodiscard]] Client connect() const { return Client(port()); }
  /// Sends one request on a connection of its own.
  [[nodiscard]] Answer ask(std::string_view request) const {
    return connect().send(request).read(request.starts_with("HEAD "));
  }
  [[nodiscard]] Answer get(const std::string& path) const {
    return ask("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
  }

  Server& server() { return *server_; }
  /// Waits until all generations that were ever made are gone but so many.
  bool wait_for_generations_left(std::uint64_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLong, [&] { return buried_ + count == last_number_; });
  }
  bool wait_for_no_generation() { return wait_for_generations_left(0); }
  /// Stops the server and lets its generations end. Returns the number of requests that were cut.
  std::size_t shut_down(std::chrono::milliseconds grace) {
    if (!server_) return 0;
    const auto cut = server_->stop(grace);
    EXPECT_TRUE(wait_for_no_generation()) << "a generation is held by somebody";
    server_.reset();
    return cut;
  }

 private:
  std::uint64_t next_number() {
    const std::lock_guard lock(mutex_);
    return ++last_number_;
  }
  void bury() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return is_ending_ || !gone_.empty(); });
      if (gone_.empty()) return;
      const std::unique_ptr<runtime::Generation> generation(gone_.front());
      gone_.pop_front();
      lock.unlock();
      {
        const std::lock_guard life(life_mutex_);
        generation->stop();
        server_->forget(*generation);
        contracts_.forget(*generation);
        EXPECT_TRUE(generation->retire());
      }
      lock.lock();
      ++buried_;
      changed_.notify_all();
    }
  }

  std::deque<TestPlugin> plugins_;
  runtime::Contracts contracts_{std::uint64_t{1} << 20};
  std::unique_ptr<Server> server_;
  std::mutex life_mutex_;  // one life-cycle hook at a time
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::deque<runtime::Generation*> gone_;
  std::uint64_t last_number_ = 0;
  std::uint64_t last_release_ = 0;
  std::uint64_t buried_ = 0;
  bool is_ending_ = false;
  std::thread undertaker_;
};

}  // namespace mortise::http::testing
