// The functions of mortise.kv/1, over those of mortise.sql/1 wherever its statements run.
#pragma once

#include <mortise/abi/kv.h>

#include <cstdint>

#include "kv/store.hpp"

namespace mortise::kv {

/// `sql` names the table of mortise.sql/1; a function, so that there is one table of this for each, and no state.
template <const mortise_sql_v1& (*sql)() noexcept>
const mortise_kv_v1& kv_table() noexcept {
  static constexpr mortise_kv_v1 kTable{
      .struct_size = sizeof(mortise_kv_v1),
      .reserved = 0,
      .open = [](mortise_host* host, mortise_kv_store** store, mortise_error* error) -> mortise_status {
        return open(sql(), host, store, error);
      },
      .get = [](mortise_kv_store* store, mortise_sql_transaction* transaction, mortise_bytes key,
                const mortise_kv_entries* entries, mortise_error* error) -> mortise_status {
        return get({sql(), store, transaction}, key, entries, error);
      },
      .put = [](mortise_kv_store* store, mortise_sql_transaction* transaction, mortise_bytes key, mortise_bytes value,
                const mortise_kv_terms* terms, std::int64_t* version, mortise_error* error) -> mortise_status {
        return put({sql(), store, transaction}, key, value, terms, version, error);
      },
      .remove = [](mortise_kv_store* store, mortise_sql_transaction* transaction, mortise_bytes key,
                   const mortise_kv_terms* terms, mortise_error* error) -> mortise_status {
        return remove({sql(), store, transaction}, key, terms, error);
      },
      .scan = [](mortise_kv_store* store, mortise_sql_transaction* transaction, mortise_bytes prefix,
                 mortise_bytes after, std::uint32_t limit, const mortise_kv_entries* entries,
                 mortise_error* error) -> mortise_status {
        return scan({sql(), store, transaction}, prefix, after, limit, entries, error);
      }};
  return kTable;
}

}  // namespace mortise::kv
