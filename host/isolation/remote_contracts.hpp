// What a worker's plugin calls of others through contracts: the worker's side of outgoing_calls.hpp.
#pragma once

#include <mortise/abi/types.h>

#include <cstdint>
#include <string_view>

#include "isolation/entered.hpp"
#include "isolation/host_link.hpp"
#include "isolation/outgoing_places.hpp"

namespace mortise::isolation {

/// One per worker, which never ends. Any thread.
class RemoteContracts {
 public:
  /// Both outlive it.
  RemoteContracts(HostLink& link, OutgoingPlaces& places) : link_(link), places_(places) {}

  /// Memory for a request that call() need not copy; null: there is none.
  std::uint8_t* reserve(std::uint64_t size) { return size > kDirectCallBytes ? link_.heap().allocate(size) : nullptr; }
  /// As `call` of a channel. [in-scope]
  mortise_status call(std::uint32_t requirement, std::uint32_t provider, std::uint32_t method, mortise_bytes request,
                      mortise_bytes* reply);

 private:
  mortise_status call_from(std::uint32_t number, Wanted wanted, mortise_bytes request, std::uint8_t*& block,
                           mortise_bytes* reply);
  static mortise_status fail(mortise_status status, std::string_view why);
  bool say(const Entered& entered, std::uint32_t place);
  mortise_status take_outcome(std::uint32_t place, const Outcome& outcome, mortise_bytes* reply);

  HostLink& link_;
  OutgoingPlaces& places_;
};

}  // namespace mortise::isolation
