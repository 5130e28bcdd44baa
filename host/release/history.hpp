// The releases that were tried, and the one that runs, across restarts: a SQLite file of the host. A release is begun,
// and then applied or failed; one that is neither when the file is opened was interrupted by the host's end, and
// counts as not applied. So whatever moment the host ends at, the file tells of the former release or of the next.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "release/control.hpp"
#include "release/memory.hpp"
#include "release/plan.hpp"
#include "storage/session.hpp"

namespace mortise::release {

/// What has to be known of a plugin to run it again.
using Identities = std::map<std::string, Identity>;

/// A hold as it is kept: the member by its identity.
struct StoredHold {
  std::optional<Identity> member;
  Identity instead_of;
  std::string reason;
  std::string together{};
};

/// A release on trial, or a canary, as it is kept.
struct StoredTrial {
  struct Plugin {
    std::uint64_t generation = 0;      // that is on trial, of the process `host`; 0: it is not on trial itself
    std::int64_t until_ms = 0;         // since 1970
    std::optional<Identity> former{};  // none: it did not run
    Identity identity{};               // which the release has given it; the attempt tells of it
  };
  std::uint64_t release = 0;
  std::int64_t host = 0;                    // pid of the process whose generations these are
  bool is_canary = false;                   // the release was not switched to; the attempt tells of that
  std::map<std::string, Plugin> plugins{};  // that the release has changed, and no later one
};

/// A member that ran, and did not do.
struct StoredMark {
  std::string plugin;
  Identity identity;
  std::string reason;
};

/// Where an image may run, as it is kept.
struct StoredPlacement {
  enum class Kind {
    isolated,  // in a process of its own: it has crashed the host
    passed,    // inline: it has passed its probation
  };
  std::string plugin;
  std::string sha256;
  Kind kind = Kind::isolated;
  std::string reason;
  bool has_run = false;  // isolated: it has run so
};

/// "2026-11-26T09:20:31.004Z".
std::string to_time(std::int64_t ms_since_1970);

std::map<std::string, StoredHold> to_stored(const std::map<std::string, Hold>& holds);

/// One thread. Errors: `unavailable` when it cannot be written as things are (full disk), `data_loss` when the file is
/// broken.
class History {
 public:
  static base::Result<History> open(const std::filesystem::path& file);
  /// What stands in the file, which is left as it is: what is written then is in memory alone.
  static base::Result<History> open_copy(const std::filesystem::path& file);
  History(History&&) noexcept;
  History& operator=(History&&) noexcept;
  ~History();

  /// Writes the attempt down before anything is done; its number, which is higher than all before. `config_texts` are
  /// those of the plugins that the plan has run.
  base::Result<std::uint64_t> begin(const std::string& who, const std::string& what, const Plan& plan,
                                    const std::map<std::string, std::string>& config_texts);
  /// From here on a restart brings this release back. `holds` replace those before it; its plugins leave the trials
  /// before it.
  base::Result<void> apply(std::uint64_t release, const std::map<std::string, StoredHold>& holds,
                           const StoredTrial& trial = {});
  base::Result<void> fail(std::uint64_t release, const std::string& reason);
  base::Result<void> set_holds(const std::map<std::string, StoredHold>& holds);

  // --- history_trials.cpp
  /// Beside those before it: of a canary.
  base::Result<void> begin_trial(const StoredTrial& trial);
  base::Result<void> end_trial(std::uint64_t release);
  /// Those that had not ended, the eldest first.
  base::Result<std::vector<StoredTrial>> trials();
  /// In place of all before them.
  base::Result<void> set_trials(const std::vector<StoredTrial>& trials);
  base::Result<void> mark(const StoredMark& mark);
  /// In place of what was kept of the same image and kind.
  base::Result<void> add_placement(const StoredPlacement& placement);
  base::Result<std::vector<StoredPlacement>> placements();
  /// Takes the marks of a plugin off, and forgets its crashes and that they have isolated it.
  base::Result<void> pardon(const std::string& plugin);
  base::Result<std::vector<StoredMark>> marks();
  /// Once, however often it is told; those of more than a month ago are forgotten.
  base::Result<void> add_crash(const StoredCrash& crash);
  /// The eldest first.
  base::Result<std::vector<StoredCrash>> crashes();

  /// Of the last release that was applied; 0 and empty when there was none.
  struct Last {
    std::uint64_t release = 0;
    Identities members;
    std::map<std::string, StoredHold> holds;
  };
  base::Result<Last> last();
  /// What ran in a release that was applied; `not_found` for any other number.
  base::Result<Identities> members_of(std::uint64_t release);
  /// The one that was applied before it; none for the first.
  base::Result<std::optional<std::uint64_t>> before(std::uint64_t release);
  /// What the last two attempts were about, when both were interrupted in the same: it is to blame, more likely than
  /// not.
  base::Result<Identities> interrupted_twice();
  base::Result<std::vector<HistoryEntry>> list(std::size_t limit);

 private:
  explicit History(std::unique_ptr<Poco::Data::Session> session);
  static base::Result<History> prepare(Poco::Data::Session session, const std::filesystem::path& file);
  void write_trial(const StoredTrial& trial);
  std::unique_ptr<Poco::Data::Session> session_;
};

}  // namespace mortise::release
