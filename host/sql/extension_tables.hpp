// Tables in a plugin's database for interfaces that stand on it. The host makes them; their rows, and no other rows of
// tables whose names begin with "mortise_", are the plugin's to read and write.
#pragma once

#include <span>

#include "manifest/manifest.hpp"

namespace mortise::sql {

struct ExtensionTable {
  const char* interface;  // a plugin whose manifest names it has the table
  const char* name;
  const char* schema;  // the statements that make it, with all that belongs to it, whose names begin with its own
};

std::span<const ExtensionTable> extension_tables() noexcept;

/// Whether a plugin is to have that table.
bool asks_for(const ExtensionTable& table, const manifest::Manifest& manifest);

}  // namespace mortise::sql
