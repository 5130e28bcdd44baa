// A plugin's contracts with others: what it requires and what it provides, agreed with the host while it is
// constructed.
#pragma once

#include <mortise/abi/contracts.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <mortise/contract.hpp>
#include <mortise/dispatcher.hpp>
#include <mortise/error.hpp>
#include <mortise/interface.hpp>
#include <mortise/provide.hpp>
#include <mortise/proxy.hpp>
#include <mortise/slot.hpp>
#include <mortise/text.hpp>
#include <mortise/time_limit.hpp>

namespace mortise {

/// Part of the plugin's Context, whose functions of the same names are documented there. since 1.0
class Contracts {
 public:
  explicit Contracts(const mortise_host_v1& host) : table_(find_table(host)), host_(host.host) {
    detail::contracts_link.set(table_, host_);
  }
  Contracts(const Contracts&) = delete;
  Contracts& operator=(const Contracts&) = delete;

  /// Takes a slot; `flags` are MORTISE_REQUIREMENT_*.
  template <class C>
  std::uint32_t require(std::uint32_t flags, std::string_view provider) {
    static_assert(detail::IsContract<C>, "this struct is no contract: MORTISE_CONTRACT(...) is missing beside it");
    const mortise_requirement_v1 requirement{sizeof(mortise_requirement_v1),
                                             flags,
                                             detail::borrow(detail::contract_id<C>()),
                                             detail::borrow(detail::contract_methods<C>()),
                                             detail::borrow(provider),
                                             &detail::fill_proxy<C>};
    std::uint32_t slot = 0;
    detail::Message message;
    detail::check(table_->require(host_, &requirement, &slot, message.out()), message);
    return slot;
  }

  template <class C, class Implementation>
  void provide(Implementation& implementation, std::string_view name) {
    static_assert(detail::IsContract<C>, "this struct is no contract: MORTISE_CONTRACT(...) is missing beside it");
    auto provided = std::make_shared<const C>(detail::bind_contract<C>(implementation));
    const mortise_provision_v1 provision{sizeof(mortise_provision_v1),
                                         0,
                                         detail::borrow(detail::contract_id<C>()),
                                         detail::borrow(detail::contract_methods<C>()),
                                         detail::borrow(name),
                                         provided.get(),
                                         &detail::dispatch<C>};
    provided_.push_back(std::move(provided));  // before the host knows of it
    detail::Message message;
    detail::check(table_->provide(host_, &provision, message.out()), message);
  }

 private:
  static const mortise_contracts_v1* find_table(const mortise_host_v1& host) {
    return detail::find_interface<mortise_contracts_v1>(host, MORTISE_CONTRACTS_V1);
  }

  const mortise_contracts_v1* table_;
  mortise_host* host_;
  std::vector<std::shared_ptr<const void>> provided_;
};

}  // namespace mortise
