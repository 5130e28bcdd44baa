// What planning has to know beside the files: who runs, what was tried in vain, and what a rollback holds back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/persistent_set.hpp"
#include "catalog/catalog.hpp"

namespace mortise::release {

/// What makes two members the same: nothing needs to be done to get from one to the other.
struct Identity {
  std::string sha256;
  std::string config_text;  // as settings_text() has it

  bool operator==(const Identity&) const = default;
};

/// One plugin as it runs, ran, or is to run.
struct Member {
  catalog::RecordPtr record;  // with manifest, image and digest
  std::string config_text;    // as settings_text() has it

  [[nodiscard]] Identity identity() const { return {record->sha256, config_text}; }
  /// Of the same record; members of other records may have one identity.
  bool operator==(const Member&) const = default;
};

/// By the plugin's name.
using Members = base::PersistentMap<Member>;

/// A member that did not get to run. It is not tried again by itself while it is wanted just as it was.
struct Failure {
  Member member;
  std::string reason;
  std::vector<std::string> against;  // plugins that it did not fit: once one of them changes, it is worth another try
  bool is_marked = false;            // it ran, and did not do: only an admin's pardon has it tried again

  /// It has crashed the host: it is not tried again whatever its config, which is empty here.
  [[nodiscard]] bool is_quarantined() const { return is_marked && member.config_text.empty(); }
};

/// A crash of the host that counts for a plugin.
struct StoredCrash {
  std::string plugin;
  std::string sha256;
  std::int64_t time_ms = 0;  // since 1970
  std::int64_t host = 0;     // pid of the process that it ended
  std::string signal;        // "SIGSEGV", "exit"
  std::string route;         // empty: in no request
  std::string evidence;      // as people read it
};

/// An image that has crashed the host, and runs in a process of its own for it.
struct Isolation {
  std::string sha256;
  std::string reason;    // "it crashed the host: SIGSEGV at 0x8, at 2026-11-26T09:20:31.004Z"
  bool has_run = false;  // there, so that nothing keeps it from that
};

/// After a rollback: who runs instead of what is desired, as long as just that is desired.
struct Hold {
  std::optional<Member> member;  // none: the plugin does not run
  Identity instead_of;           // empty: the plugin is not enabled
  std::string reason;            // "release 7 was rolled back to release 6 by root (uid 0)"
  std::string together{};        // a plugin: once its own hold is over, so is this one; empty: it stands for itself
};

struct Memory {
  Members running;
  std::map<std::string, std::vector<Failure>> failures;
  std::map<std::string, Hold> holds;
  std::vector<StoredCrash> crashes;                          // the eldest first
  std::map<std::string, std::vector<Isolation>> isolations;  // by plugin; none is empty
  std::map<std::string, std::set<std::string>> passed;       // by plugin: images that have passed their probation

  /// Null when it has not failed.
  [[nodiscard]] const Failure* find_failure(const std::string& plugin, const Identity& identity) const;
  [[nodiscard]] bool is_quarantined(const std::string& plugin, const Identity& identity) const;
  /// Null when it has not crashed the host.
  [[nodiscard]] const Isolation* find_isolation(const std::string& plugin, const std::string& sha256) const;
  [[nodiscard]] bool has_passed(const std::string& plugin, const std::string& sha256) const;
  /// Those of an image since `since_ms`, the eldest first.
  [[nodiscard]] std::vector<const StoredCrash*> crashes_of(const std::string& plugin, const std::string& sha256,
                                                           std::int64_t since_ms = 0) const;
};

}  // namespace mortise::release
