// What an administrator does with a plugin's database: with its files alone, whether or not a host runs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace mortise::sql {

/// Where those of all plugins lie, under the host's state directory.
std::filesystem::path database_directory(const std::filesystem::path& state_directory);
/// Of a plugin, in there.
std::filesystem::path database_file(const std::filesystem::path& directory, const std::string& plugin);

/// Writes a copy of it as it is at one moment, on the disk when this returns; who writes to it goes on.
/// `already_exists`: there is a file at `target`, which is left as it is.
base::Result<void> back_up(const std::filesystem::path& database, const std::filesystem::path& target);

/// Puts a copy of `source`, a whole database, in its place. Nobody may have it open (`failed_precondition`). Returns
/// the name beside it under which is now what was there; empty when there was nothing. Where it fails, that is as it
/// was, or the error says what is not; a process that is killed meanwhile leaves it under one of both names, or both.
base::Result<std::filesystem::path> restore(const std::filesystem::path& database, const std::filesystem::path& source);

/// Every fault that SQLite finds in it, up to a hundred, as sentences; none: it is whole.
base::Result<std::vector<std::string>> check(const std::filesystem::path& database);

}  // namespace mortise::sql
