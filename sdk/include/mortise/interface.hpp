// The host's function tables by their ids. Nothing here is for plugins: Context::find() is.
#pragma once

#include <mortise/abi/host.h>

#include <string>
#include <string_view>

#include <mortise/error.hpp>
#include <mortise/text.hpp>

namespace mortise::detail {

/// Throws `unimplemented` when the host does not have the interface, or has less of it than these headers know.
template <class Table>
const Table* find_interface(const mortise_host_v1& host, std::string_view id) {
  const auto* table = static_cast<const Table*>(host.get_interface(host.host, borrow(id)));
  if (table == nullptr || table->struct_size < sizeof(Table)) {
    throw Error(Status::unimplemented, "this host " +
                                           std::string(table == nullptr ? "does not have" : "has an older form of") +
                                           " the interface '" + std::string(id) + "'; use a newer host");
  }
  return table;
}

}  // namespace mortise::detail
