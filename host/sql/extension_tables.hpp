// Tables in a plugin's database for interfaces that stand on it. The host makes them; what of their rows is the
// plugin's to read and write they say, and no other rows of tables whose names begin with "mortise_" are.
#pragma once

#include <span>

#include "manifest/manifest.hpp"

namespace mortise::sql {

/// What a plugin's statements may do with rows.
enum class RowsFor {
  everything,
  inserting,  // and nothing else, not even reading
};

struct ExtensionTable {
  bool (*is_for)(const manifest::Manifest&);  // whether a plugin is to have it
  const char* name;
  RowsFor rows;
  const char* schema;  // the statements that make it, with all that belongs to it, whose names begin with its own
};

std::span<const ExtensionTable> extension_tables() noexcept;

/// Of which a connection notes that rows were inserted: nobody wants to know that of another one.
inline constexpr const char* kOutbox = "mortise_outbox";

}  // namespace mortise::sql
