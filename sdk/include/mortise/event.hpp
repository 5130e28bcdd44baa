// Events: what a plugin tells whoever wants to hear it. The header of an event belongs to the team that publishes it.
//
//   struct OrderPlaced {                                           // boutique.order-placed/1
//     std::int64_t order;
//     mortise::Str customer;
//   };
//   MORTISE_EVENT(OrderPlaced, "boutique.order-placed", 1, order)  // in the order of their `order`
//
// An event is an aggregate of what may cross a contract (contract.hpp). Its form never changes: another one is a new
// version, with a topic of its own.
#pragma once

#include <mortise/abi/events.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <mortise/contract.hpp>
#include <mortise/value_types.hpp>
#include <mortise/values.hpp>

namespace mortise {

/// What is told with an event; the layout of mortise_event_info. Valid while the handler runs. since 1.1
struct EventInfo {
  std::uint64_t id_high;  // both together: no other event has the same, and a repeated delivery has
  std::uint64_t id_low;
  std::int64_t published_ms;  // since 1970, of the publisher's clock
  std::uint32_t attempt;      // 1: the first delivery
  Str publisher;              // the plugin's name
  Str key;                    // as MORTISE_EVENT names it; empty: none
};
static_assert(sizeof(EventInfo) == sizeof(mortise_event_info));

namespace detail {

/// The contract that subscribers of an event provide.
template <class E>
struct Topic {
  Method<void(EventInfo info, E event)> deliver;
};

template <class E>
concept IsEvent = IsContract<Topic<E>>;

/// What orders an event, as text. A number, or a text of the event's own.
class EventKey {
 public:
  EventKey() noexcept = default;
  explicit EventKey(std::string_view text) noexcept : text_(text) {}
  template <class Number>
  requires(std::is_integral_v<Number> && !std::is_same_v<Number, bool>) explicit EventKey(Number number) noexcept
      : size_(static_cast<std::size_t>(std::to_chars(digits_, digits_ + sizeof digits_, number).ptr - digits_)) {}

  [[nodiscard]] std::string_view view() const noexcept { return size_ == 0 ? text_ : std::string_view(digits_, size_); }

 private:
  std::string_view text_;
  char digits_[20]{};
  std::size_t size_ = 0;
};

}  // namespace detail
}  // namespace mortise

/// Makes an aggregate an event: its topic's name without the version, the version, and, if the order of some matters,
/// the member that these have in common: a whole number or a text. In the struct's own namespace, once. since 1.1
#define MORTISE_EVENT(type, name, version, ...)                                                                      \
  inline constexpr auto mortise_contract_of(const ::mortise::detail::Topic<type>*) {                                 \
    using MortiseTopic = ::mortise::detail::Topic<type>;                                                             \
    return ::mortise::detail::describe<MortiseTopic, name, version>(MORTISE_CONTRACT_MEMBER(MortiseTopic, deliver)); \
  }                                                                                                                  \
  inline ::mortise::detail::EventKey mortise_key_of([[maybe_unused]] const type& event) {                            \
    return ::mortise::detail::EventKey(__VA_OPT__(event.) __VA_ARGS__);                                              \
  }                                                                                                                  \
  [[gnu::used, gnu::section(MORTISE_NOTE_CONTRACT_SECTION), gnu::aligned(4)]] static constexpr auto MORTISE_JOIN(    \
      mortise_event_note_of_, type) = ::mortise::detail::make_contract_note<::mortise::detail::Topic<type>>();
