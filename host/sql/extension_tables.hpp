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
  inserting,  // and nothing else, not even reading
};

struct ExtensionTable {
  bool (*is_for)(const manifest::Manifest&);  // whether a plugin is to have it
  const char* name;
  RowsFor rows;
  // Statements, each of which brings it and all that belongs to it, with names that begin with its own, to the next
  // version: the first makes it. One that was released stays as it is, and what is to change is one more.
  std::span<const char* const> steps;
};

std::span<const ExtensionTable> extension_tables() noexcept;

/// What a connection notes of what comes into a database: nobody wants to know more.
enum class News : unsigned { events, tasks };
/// The tables into which rows were inserted, by their kinds of news.
inline constexpr std::array kNewsTables{"mortise_outbox", "mortise_tasks"};
using NewsSet = std::bitset<kNewsTables.size()>;

}  // namespace mortise::sql
