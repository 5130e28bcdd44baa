// What mortise.kv/1 does, each as one statement of mortise.sql/1 on the table that sql/extension_tables.cpp describes.
// Nothing is kept here, and every argument is a plugin's.
#pragma once

#include <mortise/abi/kv.h>

#include <cstdint>

namespace mortise::kv {

/// Where the statements go.
struct Store {
  const mortise_sql_v1& sql;
  mortise_kv_store* handle;              // the plugin's: its database, under another name
  mortise_sql_transaction* transaction;  // null: each statement by itself
};

/// All as the functions of mortise_kv_v1.
mortise_status open(const mortise_sql_v1& sql, mortise_host* host, mortise_kv_store** store, mortise_error* error);
mortise_status get(const Store& store, mortise_bytes key, const mortise_kv_entries* entries, mortise_error* error);
mortise_status put(const Store& store, mortise_bytes key, mortise_bytes value, const mortise_kv_terms* terms,
                   std::int64_t* version, mortise_error* error);
mortise_status remove(const Store& store, mortise_bytes key, const mortise_kv_terms* terms, mortise_error* error);
mortise_status scan(const Store& store, mortise_bytes prefix, mortise_bytes after, std::uint32_t limit,
                    const mortise_kv_entries* entries, mortise_error* error);

}  // namespace mortise::kv
