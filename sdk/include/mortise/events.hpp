// Publishing and hearing events.
//
//   mortise::Publisher<OrderPlaced> orders = ctx.publisher<OrderPlaced>();    // in the constructor
//   orders.publish({.order = 17, .customer = "Ada"});
//
//   ctx.subscribe<OrderPlaced>([this](const OrderPlaced& order) { greet(order.customer); });
//
// Durable ones (abi/events.h), with the rows that they go with:
//
//   sql.transaction([&](mortise::SqlTransaction& tx) {
//     tx.execute("INSERT INTO orders (id) VALUES (?)", 17);
//     orders.publish(tx, {.order = 17, .customer = "Ada"});
//   });
//
//   ctx.subscribe<OrderPlaced>([](mortise::SqlTransaction& tx, const OrderPlaced& order) {
//     tx.execute("INSERT INTO parcels (order_id) VALUES (?)", order.order);    // once, however often it comes
//   });
#pragma once

#include <mortise/abi/events.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mortise/contracts.hpp>
#include <mortise/error.hpp>
#include <mortise/event.hpp>
#include <mortise/interface.hpp>
#include <mortise/sql.hpp>
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
  /// bytes, `resource_exhausted` when there is no memory for it.
  ///
  /// On a durable topic: waits for the disk, and throws what statements do; each subscriber hears it at least once from
  /// then on. [any-thread]
  void publish(const E& event) const { publish(nullptr, event); }
  /// On a durable topic: each subscriber hears it if the transaction is committed, and none if it is not.
  void publish(SqlTransaction& transaction, const E& event) const { publish(transaction.handle(), event); }

 private:
  void publish(mortise_sql_transaction* transaction, const E& event) const {
    const auto key = mortise_key_of(event);
    with_bytes(event, [&](mortise_bytes bytes) {
      detail::Message message;
      detail::check(table_->publish(topic_, transaction, detail::borrow(key.view()), bytes, message.out()), message);
    });
  }
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

/// Whether a handler wants to be run in a transaction of the plugin's database.
template <class E, class Handler>
inline constexpr bool kIsInTransaction = std::is_invocable_v<Handler&, SqlTransaction&, const E&> ||
                                         std::is_invocable_v<Handler&, SqlTransaction&, const E&, const EventInfo&>;

/// What a topic's contract is bound to: a handler that takes the event and, if it wants, what is told with it; and
/// before these a transaction, in which the event is noted as handled.
template <class E, class Handler>
class Subscriber {
 public:
  Subscriber(Handler handler, std::optional<Sql> sql) : handler_(std::move(handler)), sql_(sql) {}

  void deliver(const EventInfo& info, const E& event) {
    if constexpr (kIsInTransaction<E, Handler>) {
      sql_->transaction([&](SqlTransaction& transaction) {
        const auto noted =
            transaction.execute("INSERT OR IGNORE INTO mortise_inbox (high, low) VALUES (?, ?)",
                                static_cast<std::int64_t>(info.id_high), static_cast<std::int64_t>(info.id_low));
        if (noted == 0) return;  // it was handled
        if constexpr (std::is_invocable_v<Handler&, SqlTransaction&, const E&, const EventInfo&>) {
          handler_(transaction, event, info);
        } else {
          handler_(transaction, event);
        }
      });
    } else if constexpr (std::is_invocable_v<Handler&, const E&, const EventInfo&>) {
      handler_(event, info);
    } else {
      static_cast<void>(info);
      handler_(event);
    }
  }

 private:
  Handler handler_;
  std::optional<Sql> sql_;  // where the handler wants one
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

  /// Whether a handler wants `sql`.
  template <class E, class Handler>
  static constexpr bool is_in_transaction() {
    return detail::kIsInTransaction<E, Handler>;
  }
  template <class E, class Handler>
  void subscribe(Contracts& contracts, Handler handler, std::optional<Sql> sql) {
    static_assert(detail::IsEvent<E>, "this struct is no event: MORTISE_EVENT(...) is missing beside it");
    static_assert(
        std::is_invocable_v<Handler&, const E&, const EventInfo&> || std::is_invocable_v<Handler&, const E&> ||
            detail::kIsInTransaction<E, Handler>,
        "a subscriber's handler takes (const E&) or (const E&, const mortise::EventInfo&), and before these, if "
        "it wants, a mortise::SqlTransaction&");
    auto subscriber = std::make_shared<detail::Subscriber<E, Handler>>(std::move(handler), sql);
    subscribers_.push_back(subscriber);  // before the host knows of it
    contracts.provide<detail::Topic<E>>(*subscriber, {});
  }

 private:
  const mortise_events_v1& table_;
  mortise_host* host_;
  std::vector<std::shared_ptr<void>> subscribers_;
};

}  // namespace mortise
