// Both sides of a worker in one process: the crew and the attendant, and between them the shared memory.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/make_generation.hpp"
#include "isolation/calls.hpp"
#include "isolation/crew.hpp"
#include "isolation/fake_edge.hpp"
#include "isolation/fake_socket.hpp"
#include "isolation/remote_contracts.hpp"

namespace mortise::isolation::testing {

/// A worker without a process, and the attendant of its calls.
class BothSidesTest : public ::testing::Test {
 protected:
  using Handle = decltype(RemoteRoute::handle);
  static constexpr std::chrono::seconds kPatience{45};

  /// `handle` is the plugin: the handler of its only route.
  explicit BothSidesTest(Handle handle) {
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK), 0);
    called_ = base::Descriptor(pipe[0]);
    calling_ = base::Descriptor(pipe[1]);
    // Of a worker nothing is ever taken down but by the end of its process: it is left here as well.
    auto* const link = new HostLink(Talk(base::Descriptor()), area_, base::Descriptor(::dup(calling_.get())));
    link_ = link;
    auto* const http = new Routes(*link, handle);
    auto* const contracts = new RemoteContracts(*link, *new OutgoingPlaces(*link));
    auto* const bindings = new Bindings(cone_->entry, registered_, *contracts, 1 << 20);
    auto* const crew = new Crew(*link, *http, *bindings);
    crew->start();
    crew_ = crew;
    attendant_ = std::thread([this] { attend(); });
  }
  /// Every call has been given back by then.
  ~BothSidesTest() override {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (calls_->is_anybody_inside() && std::chrono::steady_clock::now() < until) wake();
    EXPECT_FALSE(calls_->is_anybody_inside());
    is_over_ = true;
    wake();
    attendant_.join();
    crew_->wait_until_idle();
    EXPECT_EQ(end_.breach->what(), "");
  }

  struct Routes final : RemoteHttp {
    Routes(HostLink& link, Handle handle) : RemoteHttp(link) {
      keep({.handle = handle, .self = const_cast<void*>(interface(MORTISE_HTTP_V1)), .pattern = "/"});
    }
  };

  /// As the worker does for what cannot wait.
  void wake() {
    static_cast<void>(!::write(calling_.get(), "", 1));  // full: it is awake
    std::this_thread::yield();
  }
  void attend() {
    while (!is_over_) {
      if (calls_->take_some() || !calls_->prepare_to_sleep()) continue;
      pollfd wait{.fd = called_.get(), .events = POLLIN, .revents = 0};
      ::poll(&wait, 1, -1);
      calls_->wake_up();
      std::array<char, 256> ignored;
      static_cast<void>(!::read(called_.get(), ignored.data(), ignored.size()));
    }
    while (calls_->take_some()) continue;
  }
  void ask(FakeExchange& exchange, const std::string& how, const std::string& body) {
    submit(exchange, how, body);
    exchange.wait();
  }
  void submit(FakeExchange& exchange, const std::string& how, const std::string& body) {
    ASSERT_EQ(calls_->submit(route_, exchange.handle(), make_request(how, body)), MORTISE_OK);
  }

  /// What the host says to a task; the attendant's.
  virtual mortise_status add_task(const mortise_task_v1&) { return MORTISE_UNIMPLEMENTED; }

  base::Descriptor called_;
  base::Descriptor calling_;
  std::shared_ptr<Area> area_ = *Area::make();
  HostEnd end_ = HostEnd::make(area_, [] {});
  std::vector<ForwardedSlot> slots_;
  runtime::Registered registered_;
  GrowingPool pool_{4};
  runtime::ConePtr cone_ = http::testing::make_cone(http::testing::make_generation("mirror"));
  std::shared_ptr<Calls> calls_ =
      std::make_shared<Calls>(end_, std::make_shared<OutgoingCalls>(end_, slots_), *cone_->entry, FakeExchange::table(),
                              Means{.waiting = pool_,
                                    .calling = pool_,
                                    .note_providers_failure = [](mortise_http_exchange*) {},
                                    .sockets = FakeSocket::edge(),
                                    .add_task = [this](const mortise_task_v1& task) { return add_task(task); }});
  ForwardedRoute route_{.text = "GET /"};
  HostLink* link_ = nullptr;
  Crew* crew_ = nullptr;
  std::atomic<bool> is_over_{false};
  std::thread attendant_;
};

}  // namespace mortise::isolation::testing
