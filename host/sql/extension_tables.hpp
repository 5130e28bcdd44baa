// Tables in a plugin's database for interfaces that stand on it. The host makes them; what of their rows is the
// plugin's to read and write they say, and no other rows of tables whose names begin with "mortise_" are.
#pragma once

#include <array>
#include <bitset>
#include <span>

#include "manifest/manifest.hpp"

namespace mortise::sql {

/// What a plugin's statements may do with rows.
enum class RowsFor {
  everything,
  all_but_updates,
  inserting,  // and nothing else, not even reading, but for columns that are open
};

struct ExtensionTable {
  bool (*is_for)(const manifest::Manifest&);  // whether a plugin is to have it
  const char* name;
  const char* brought_by;  // what the manifest lacks where it is missing
  RowsFor rows;
  // Statements, each of which brings it and all that belongs to it, with names that begin with its own, to the next
  // version: the first makes it. One that was released stays as it is, and what is to change is one more.
  std::span<const char* const> steps;
  // Where rows are for inserting: the trigger of the host's that deletes some, which nothing else may; and the columns
  // that it reads ("": that there are rows). These are open to every statement of the plugin's, as SQLite tells a
  // trigger that reads from no query of its name.
  const char* sweep = nullptr;
  std::span<const char* const> open_columns{};
};

std::span<const ExtensionTable> extension_tables() noexcept;

/// What a connection notes of what comes into a database: nobody wants to know more.
enum class News : unsigned { events, tasks };
/// The tables into which rows were inserted, by their kinds of news.
inline constexpr std::array kNewsTables{"mortise_outbox", "mortise_tasks"};
using NewsSet = std::bitset<kNewsTables.size()>;

}  // namespace mortise::sql
