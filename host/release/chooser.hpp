// What one plugin's file in plugins.d and its files in the drop directory come to, beside what is remembered of it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "config/config.hpp"
#include "release/desired.hpp"
#include "release/memory.hpp"
#include "release/placement.hpp"
#include "release/remote_record.hpp"

namespace mortise::release {

struct Choice {
  std::optional<Wanted> choice;  // what is asked for; none: there is nothing that will do
  std::optional<Wanted> wanted;  // what is to run
  std::vector<Unmet> unmet{};
  std::vector<config::Diagnostic> diagnostics{};  // the faults behind `unmet` that have a place in a file
  bool is_lifted = false;                         // a hold is over
  // It hangs on the config and the candidates alone, and nothing is amiss. While these stay as they are, and nothing is
  // remembered of the plugin but that it runs, it comes to the same.
  bool is_plain = false;
};

/// Lives no longer than what it is given.
class Chooser {
 public:
  Chooser(const std::filesystem::path& drop_directory, const Memory& memory, IsolatedConfigs& isolated,
          RemoteRecords& remote, const CheckAhead& check_ahead)
      : drop_directory_(drop_directory),
        memory_(memory),
        isolated_(isolated),
        remote_(remote),
        check_ahead_(check_ahead) {}

  /// `candidates` are the records that name the plugin.
  [[nodiscard]] Choice choose(const config::PluginConfigPtr& config, const catalog::RecordSet& candidates) const;
  /// Of a file of plugins.d that cannot be read.
  [[nodiscard]] Choice pass_on(const config::Diagnostic& problem) const;
  /// Of one that a rollback brought back although nothing asks for it.
  [[nodiscard]] Choice stay(const std::string& name, const Hold& hold) const;

 private:
  [[nodiscard]] bool may_run(const std::string& name, const Hold& hold) const;
  [[nodiscard]] std::optional<Wanted> find_best(const config::PluginConfigPtr& plugin,
                                                const catalog::RecordSet& candidates,
                                                const manifest::VersionRange& range, std::vector<Unmet>& unmet) const;
  [[nodiscard]] base::Result<void> check_ahead(const catalog::Record& record) const;
  [[nodiscard]] const Failure* find_mark_as_asked(const config::PluginConfig& plugin, const std::string& sha256) const;
  [[nodiscard]] bool is_held(const Hold& hold, const Wanted& asked_for, const config::PluginConfig& plugin) const;
  void take(const Wanted& asked_for, const config::PluginConfig& plugin, Choice& choice) const;
  [[nodiscard]] Wanted go_on(const std::string& name, const Member& member, const std::string& why) const;
  [[nodiscard]] std::optional<Wanted> keep(const std::string& name) const;
  void refuse(const config::PluginConfig& plugin, std::string pointer, std::string message, Choice& choice) const;

  const std::filesystem::path& drop_directory_;
  const Memory& memory_;
  IsolatedConfigs& isolated_;
  RemoteRecords& remote_;
  const CheckAhead& check_ahead_;
};

}  // namespace mortise::release
