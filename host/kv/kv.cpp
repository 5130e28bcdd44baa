#include "kv/kv.hpp"

#include <array>

#include "kv/kv_table.hpp"
#include "sql/sql_table.hpp"

namespace mortise::kv {

Kv::Kv() noexcept : Kv(kv_table<&sql::sql_table>()) {}

std::span<const runtime::Offer> Kv::offers() noexcept {
  static const std::array kOffers{runtime::Offer{MORTISE_KV_V1, &kv_table<&sql::sql_table>()}};
  return kOffers;
}

const void* Kv::interface(std::string_view id) const noexcept { return id == MORTISE_KV_V1 ? &table_ : nullptr; }

}  // namespace mortise::kv
