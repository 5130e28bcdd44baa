// The host's function tables by their ids. Nothing here is for plugins: Context::find() is.
#pragma once

#include <mortise/abi/contracts.h>
#include <mortise/abi/host.h>
#include <mortise/abi/http.h>

#include <cstddef>
#include <string>
#include <string_view>

#include <mortise/error.hpp>
#include <mortise/text.hpp>

namespace mortise::detail {

/// What every host's form of a table has: its members since 1.0. Who uses a younger one looks for it first.
template <class Table>
inline constexpr std::size_t first_size = sizeof(Table);
template <>
inline constexpr std::size_t first_size<mortise_http_v1> = offsetof(mortise_http_v1, time_left_ms);
template <>
inline constexpr std::size_t first_size<mortise_contracts_v1> = offsetof(mortise_contracts_v1, time_left_ms);

/// Throws `unimplemented` when the host does not have the interface, or not all that it had from the first.
template <class Table>
const Table* find_interface(const mortise_host_v1& host, std::string_view id) {
  const auto* table = static_cast<const Table*>(host.get_interface(host.host, borrow(id)));
  if (table == nullptr || table->struct_size < first_size<Table>) {
    throw Error(Status::unimplemented, "this host " +
                                           std::string(table == nullptr ? "does not have" : "has an older form of") +
                                           " the interface '" + std::string(id) + "'; use a newer host");
  }
  return table;
}

/// The same for what a plugin can do without: null then.
template <class Table>
const Table* find_optional_interface(const mortise_host_v1& host, std::string_view id) {
  const auto* table = static_cast<const Table*>(host.get_interface(host.host, borrow(id)));
  return table == nullptr || table->struct_size < first_size<Table> ? nullptr : table;
}

}  // namespace mortise::detail
