// Publishing and hearing events.
//
//   mortise::Publisher<OrderPlaced> orders = ctx.publisher<OrderPlaced>();    // in the constructor
//   orders.publish({.order = 17, .customer = "Ada"});
//
//   ctx.subscribe<OrderPlaced>([this](const OrderPlaced& order) { greet(order.customer); });
#pragma once

#include <mortise/abi/events.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mortise/contracts.hpp>
#include <mortise/error.hpp>
#include <mortise/event.hpp>
#include <mortise/interface.hpp>
#include <mortise/text.hpp>
#include <mortise/wire.hpp>

namespace mortise {

/// Tells subscribers of one kind of event. A value; valid until the plugin is destroyed. since 1.1
template <class E>
class Publisher {
 public:
  /// For Context.
  Publisher(const mortise_events_v1& table, mortise_event_topic* topic) noexcept : table_(&table), topic_(topic) {}

  /// Each subscriber hears it soon, or not at all: when the host ends before, or the subscriber's queue is full, which
  /// the host counts. Waits for none. Throws `invalid_argument` when it has more than 1 MiB, or its key more than 1,024
  /// bytes, `resource_exhausted` when there is no memory for it. [any-thread]
  void publish(const E& event) const {
    const auto key = mortise_key_of(event);
    with_bytes(event, [&](mortise_bytes bytes) {
      detail::Message message;
      detail::check(table_->publish(topic_, detail::borrow(key.view()), bytes, message.out()), message);
    });
  }

 private:
  /// Small events need no memory but the stack's.
  template <class Use>
  static void with_bytes(const E& event, const Use& use) {
    std::array<std::uint8_t, 512>
        small;  // NOLINT(cppcoreguidelines-pro-type-member-init): written as far as it is used
    const auto size = detail::message_size(event);
    std::unique_ptr<std::uint8_t[]> large;
    if (size > small.size()) large = std::make_unique<std::uint8_t[]>(size);
    auto* const memory = large ? large.get() : small.data();
    detail::write_message(memory, event);
    use(mortise_bytes{memory, size});
  }

  const mortise_events_v1* table_;
  mortise_event_topic* topic_;
};

namespace detail {

/// What a topic's contract is bound to: a handler that takes the event and, if it wants, what is told with it.
template <class E, class Handler>
class Subscriber {
 public:
  explicit Subscriber(Handler handler) : handler_(std::move(handler)) {}

  void deliver(const EventInfo& info, const E& event) {
    if constexpr (std::is_invocable_v<Handler&, const E&, const EventInfo&>) {
      handler_(event, info);
    } else {
      static_cast<void>(info);
      handler_(event);
    }
  }

 private:
  Handler handler_;
};

}  // namespace detail

/// Part of the plugin's Context, whose functions are documented there. since 1.1
class Events {
 public:
  explicit Events(const mortise_host_v1& host)
      : table_(*detail::find_interface<mortise_events_v1>(host, MORTISE_EVENTS_V1)), host_(host.host) {}
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  template <class E>
  Publisher<E> publisher() {
    static_assert(detail::IsEvent<E>, "this struct is no event: MORTISE_EVENT(...) is missing beside it");
    using Topic = detail::Topic<E>;
    mortise_event_topic* topic = nullptr;
    detail::Message message;
    detail::check(table_.open(host_, detail::borrow(detail::contract_id<Topic>()),
                              detail::borrow(detail::contract_methods<Topic>()), &topic, message.out()),
                  message);
    return {table_, topic};
  }

  template <class E, class Handler>
  void subscribe(Contracts& contracts, Handler handler) {
    static_assert(detail::IsEvent<E>, "this struct is no event: MORTISE_EVENT(...) is missing beside it");
    static_assert(std::is_invocable_v<Handler&, const E&, const EventInfo&> || std::is_invocable_v<Handler&, const E&>,
                  "a subscriber's handler takes (const E&) or (const E&, const mortise::EventInfo&)");
    auto subscriber = std::make_shared<detail::Subscriber<E, Handler>>(std::move(handler));
    subscribers_.push_back(subscriber);  // before the host knows of it
    contracts.provide<detail::Topic<E>>(*subscriber, {});
  }

 private:
  const mortise_events_v1& table_;
  mortise_host* host_;
  std::vector<std::shared_ptr<void>> subscribers_;
};

}  // namespace mortise
