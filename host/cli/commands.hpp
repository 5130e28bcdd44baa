// One function for each subcommand; each prints through Parts and returns the exit code.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "catalog/gate.hpp"
#include "cli/command_line.hpp"

namespace mortise::cli {

/// Loads mortise.json and prints its faults; nullopt when there are any.
std::optional<config::HostConfig> load_or_complain(const std::filesystem::path& file, const Parts& parts);

int serve(const std::filesystem::path& config_file, const Parts& parts);
/// `serve --check`: looks at the files in the drop directory themselves, so it needs no catalogue and no state.
int check_config(const std::filesystem::path& config_file, const Parts& parts);
int set_enabled(const std::filesystem::path& config_file, const std::string& name, bool value, const Parts& parts);
int list(const std::filesystem::path& config_file, bool as_json, const Parts& parts);
int check_file(const std::filesystem::path& config_file, const std::filesystem::path& plugin, bool as_json,
               const Parts& parts);
int describe(const std::filesystem::path& plugin, bool as_json, const Parts& parts);
/// Exit codes: kDone the new build is compatible, kFailed it breaks other plugins, kUsage the files cannot be compared.
int diff(const std::filesystem::path& before, const std::filesystem::path& after, bool as_json, const Parts& parts);
int version(const Parts& parts);

// --- On a plugin's database, whether or not a host runs.
int back_up_database(const std::filesystem::path& config_file, const std::string& name,
                     const std::filesystem::path& target, const Parts& parts);
int restore_database(const std::filesystem::path& config_file, const std::string& name,
                     const std::filesystem::path& source, const Parts& parts);
/// kFailed, too, when it has faults, which are printed.
int check_database(const std::filesystem::path& config_file, const std::string& name, const Parts& parts);
/// Becomes the distribution's `sqlite3`; returns only when there is none.
int open_database_shell(const std::filesystem::path& config_file, const std::string& name, const Parts& parts);

// --- Of the running host, asked over its control socket; kFailed when none runs.
int plan(const std::filesystem::path& config_file, bool as_json, const Parts& parts);
/// kFailed, too, when the release failed, and everything runs on as before.
int apply(const std::filesystem::path& config_file, bool as_json, const Parts& parts);
/// Likewise; without a release: to the one before the current.
int rollback(const std::filesystem::path& config_file, std::optional<std::uint64_t> release, bool as_json,
             const Parts& parts);
/// Likewise; of a plugin whose versions are marked.
int pardon(const std::filesystem::path& config_file, const std::string& name, bool as_json, const Parts& parts);
/// kFailed, too, when it failed, and the host serves on as before.
int upgrade_host(const std::filesystem::path& config_file, bool as_json, const Parts& parts);
int history(const std::filesystem::path& config_file, unsigned limit, bool as_json, const Parts& parts);
/// That one subscriber has failed with, or any when the name is empty.
int dead_events(const std::filesystem::path& config_file, const std::string& name, bool as_json, const Parts& parts);
/// One of these by its id, or all of the subscriber's when that is empty.
int replay_events(const std::filesystem::path& config_file, const std::string& name, const std::string& id,
                  bool as_json, const Parts& parts);
int discard_events(const std::filesystem::path& config_file, const std::string& name, const std::string& id,
                   bool as_json, const Parts& parts);
/// Of one plugin.
int show_tasks(const std::filesystem::path& config_file, const std::string& name, bool as_json, const Parts& parts);
/// One of its dead ones, or all of them.
int replay_tasks(const std::filesystem::path& config_file, const std::string& name, std::optional<std::int64_t> id,
                 bool as_json, const Parts& parts);
int discard_task(const std::filesystem::path& config_file, const std::string& name, std::int64_t id, bool as_json,
                 const Parts& parts);
/// Of one plugin, or of all when the name is empty: what moving it would cost, as its calls of the next while have it.
int advise(const std::filesystem::path& config_file, const std::string& name, std::chrono::milliseconds duration,
           bool as_json, const Parts& parts);
/// Of one plugin, or of all when the name is empty.
int status(const std::filesystem::path& config_file, const std::string& name, bool as_json, const Parts& parts);

/// The manifest of a file that passes the gate as far as the file alone tells; otherwise prints why not and returns
/// null.
std::shared_ptr<const manifest::Manifest> read_plugin(const std::filesystem::path& plugin, const Parts& parts);

/// What `check_file` prints of the gate's answer.
void print_verdict(const catalog::Verdict& verdict, const std::filesystem::path& plugin, bool as_json,
                   std::ostream& out);

}  // namespace mortise::cli
