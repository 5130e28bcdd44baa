// What answers calls through contracts in a worker: the worker's side of contract_calls.hpp. Who calls waits, so that
// there are as many threads as calls; a plugin's limit is for its requests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "isolation/bindings.hpp"
#include "isolation/host_link.hpp"
#include "isolation/ring_crew.hpp"
#include "runtime/contract_registry.hpp"

namespace mortise::isolation {

/// One per worker; its threads end with the process, so that it is never destroyed.
class ContractCrew {
 public:
  /// All of them outlive it; `bindings` are what methods can reach, `registered` what the plugin provides, `tasks`
  /// what its tasks run over.
  ContractCrew(HostLink& link, const runtime::Registered& registered, const mortise_channel_v1& tasks,
               Bindings& bindings);

  /// From here on calls are taken.
  void start() { crew_.start(); }
  /// Until no method runs. No call is posted any more.
  void wait_until_idle() { crew_.wait_until_idle(); }

  /// Gives the turn to the host with what is said, as kHost or, where the thread will look for the next call, kSeated.
  /// False: nobody waits for it.
  static bool say(ContractCallMemory& place, const Said& said, std::uint32_t to);

 private:
  /// What the calls at a place are bound to: mostly the same, one after the other.
  struct Bound {
    std::string described;
    runtime::ConePtr cone;
  };

  void run(std::uint32_t number);
  bool answer(std::uint32_t number, ContractCallMemory& place, Bound& bound);
  bool tell(ContractCallMemory& place, mortise_status status, std::string_view text, std::string_view rest);
  static void wait_until_taken(ContractCallMemory& place, std::uint32_t before);
  static bool sit(ContractCallMemory& place);

  HostLink& link_;
  const runtime::Registered& registered_;
  const mortise_channel_v1& tasks_;
  Bindings& bindings_;
  RingCrew crew_;
};

}  // namespace mortise::isolation
