#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ostream>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/strings.hpp"
#include "cli/commands.hpp"
#include "sql/maintenance.hpp"
#include "sql/use_lock.hpp"

namespace mortise::cli {
namespace {

namespace fs = std::filesystem;

int complain(const std::string& what, const base::Error& error, const std::string& remedy, const Parts& parts) {
  parts.err << "cannot " << what << ": " << error.message << remedy << '\n';
  return kFailed;
}

/// The names of the plugins that have a database there.
std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& file : fs::directory_iterator(directory, ignored)) {
    if (file.path().extension() == ".sqlite") names.push_back(file.path().stem().string());
  }
  return names;
}

/// Of the plugin, whether or not it is there; nullopt, and it is said why, where it could be none.
std::optional<fs::path> place_of(const fs::path& config_file, const std::string& name, const Parts& parts) {
  const auto host = load_or_complain(config_file, parts);
  if (!host) return std::nullopt;
  if (!base::is_plugin_name(name)) {
    parts.err << "'" << name << "' is no plugin name\n";
    return std::nullopt;
  }
  return sql::database_file(sql::database_directory(host->state_directory), name);
}

/// Likewise, that is there.
std::optional<fs::path> find(const fs::path& config_file, const std::string& name, const Parts& parts) {
  auto file = place_of(config_file, name, parts);
  std::error_code ignored;
  if (!file || fs::exists(*file, ignored)) return file;
  const auto names = names_in(file->parent_path());
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const auto near = base::nearest(name, candidates);
  parts.err << "plugin '" << name << "' has no database: there is no '" << file->string() << "'"
            << (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?") << '\n';
  return std::nullopt;
}

}  // namespace

int back_up_database(const fs::path& config_file, const std::string& name, const fs::path& target, const Parts& parts) {
  const auto file = find(config_file, name, parts);
  if (!file) return kFailed;
  if (const auto written = sql::back_up(*file, target); !written) {
    const bool is_there = written.error().code == base::ErrorCode::already_exists;
    return complain("back up the database of '" + name + "'", written.error(),
                    is_there ? "; give the copy another name" : "", parts);
  }
  parts.out << "the database of '" << name << "' is copied to '" << target.string() << "'\n";
  return kDone;
}

int restore_database(const fs::path& config_file, const std::string& name, const fs::path& source, const Parts& parts) {
  const auto file = place_of(config_file, name, parts);
  if (!file) return kFailed;
  const auto aside = sql::restore(*file, source);
  if (!aside) {
    const bool is_in_use = aside.error().code == base::ErrorCode::failed_precondition;
    return complain("restore the database of '" + name + "'", aside.error(),
                    is_in_use ? "; `mortise disable " + name + "` first, and enable it again afterwards" : "", parts);
  }
  parts.out << "the database of '" << name << "' is now the copy '" << source.string() << "'\n";
  if (!aside->empty()) parts.out << "what it was before is kept as '" << aside->string() << "'\n";
  return kDone;
}

int check_database(const fs::path& config_file, const std::string& name, const Parts& parts) {
  const auto file = find(config_file, name, parts);
  if (!file) return kFailed;
  const auto faults = sql::check(*file);
  if (!faults) return complain("check the database of '" + name + "'", faults.error(), "", parts);
  for (const auto& fault : *faults) parts.out << fault << '\n';
  parts.out << file->string()
            << (faults->empty() ? ": is whole\n"
                                : ": has faults; `mortise db " + name + " restore FILE` puts a backup in its place\n");
  return faults->empty() ? kDone : kFailed;
}

int open_database_shell(const fs::path& config_file, const std::string& name, const Parts& parts) {
  const auto file = find(config_file, name, parts);
  if (!file) return kFailed;
  const auto in_use = sql::UseLock::share(*file);
  if (!in_use) return complain("open the database of '" + name + "'", in_use.error(), "", parts);
  in_use->keep_over_exec();
  parts.out.flush();
  ::execlp("sqlite3", "sqlite3", file->c_str(), nullptr);
  parts.err << "cannot start 'sqlite3': " << std::strerror(errno)
            << (errno == ENOENT ? "; install the package sqlite3" : "") << '\n';
  return kFailed;
}

}  // namespace mortise::cli
