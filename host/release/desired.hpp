// The desired state: which image of which plugin should run with which config, from plugins.d and the catalogue.
// Pure functions; what cannot be satisfied is said in words, never dropped silently, and costs nobody who runs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/persistent_set.hpp"
#include "catalog/catalog.hpp"
#include "config/config.hpp"
#include "release/memory.hpp"
#include "release/settings_text.hpp"

namespace mortise::release {

/// An enabled plugin and the verified file that will serve it.
struct Wanted {
  config::PluginConfigPtr config;  // never null
  catalog::RecordPtr record;
  std::string why{};     // it is not what plugins.d and the catalogue ask for; empty: it is
  std::string placed{};  // why it is isolated, of which plugins.d says nothing; empty: it is placed as that says

  [[nodiscard]] const std::string& name() const { return config->name; }
  [[nodiscard]] Identity identity() const { return {record->sha256, settings_text(*config)}; }
  /// Whether nothing needs to be done to get from that member to this.
  [[nodiscard]] bool is_as(const Member& member) const {
    return record->sha256 == member.record->sha256 && settings_text(*config) == member.config_text;
  }
  [[nodiscard]] Member member() const { return {.record = record, .config_text = settings_text(*config)}; }
  /// The very same: of one config and one record.
  bool operator==(const Wanted&) const = default;
};

struct NameOfWanted {
  std::string_view operator()(const Wanted& wanted) const { return wanted.name(); }
};
using WantedSet = base::PersistentSet<Wanted, NameOfWanted>;

/// Who of a set starts when: providers before their consumers. Immutable.
class StartOrder {
 public:
  explicit StartOrder(std::vector<std::string> names);
  StartOrder(const StartOrder&) = delete;
  StartOrder& operator=(const StartOrder&) = delete;

  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
  /// Of one that is among them.
  [[nodiscard]] std::size_t place_of(const std::string& name) const { return places_.at(name); }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string_view, std::size_t> places_;
};
using StartOrderPtr = std::shared_ptr<const StartOrder>;

/// An enabled plugin that cannot run as things are, or not as it is asked for.
struct Unmet {
  std::string name;
  // waiting: a file is missing; refused: a fault to mend; failed: it was tried
  enum class Kind { waiting, refused, failed } kind = Kind::waiting;
  std::string reason;           // what is wrong and what to do
  std::string exhibit{};        // whole lines that show it, or empty: two signatures, one below the other
  catalog::RecordPtr record{};  // the file that will not do; null: there is none
};

/// Copies cost little.
struct Desired {
  WantedSet wanted;
  StartOrderPtr order = std::make_shared<StartOrder>(std::vector<std::string>());  // of `wanted`
  std::vector<Unmet> unmet;
  std::vector<config::Diagnostic> diagnostics;  // the faults behind `unmet` that have a place in a file
  WantedSet choices;                            // what plugins.d and the catalogue ask for
  config::PluginConfigSet enabled;              // those whose file in plugins.d can be read
  std::vector<std::string> lifted;              // plugins whose hold is over: something else is asked for now

  /// In the order of start.
  void set_wanted(std::vector<Wanted> ordered);
  /// Likewise; good while this is.
  [[nodiscard]] std::vector<const Wanted*> wanted_in_order() const;
};

/// Asked before a plugin is to start that does not run from that file already: an error where it is known that it
/// cannot.
using CheckAhead = std::function<base::Result<void>(const manifest::Manifest&)>;

/// Chooses for each enabled plugin the highest verified version that its range allows, that has not failed and that
/// nothing is known against, checks its config against the schema, and orders by contracts. Plugins whose required
/// contracts nobody provides, or that require each other in a circle, are refused with the names of all concerned.
///
/// Who runs goes on as it is while its own file or config is at fault, and while a change, its own or of a provider,
/// would leave it without a contract: then the change is refused. To take a provider away is the admin's right.
Desired desire(const config::LoadedPlugins& plugins, const catalog::RecordSet& records,
               const std::filesystem::path& drop_directory, const Memory& memory = {},
               const CheckAhead& check_ahead = {});

/// desire(), again and again: its time follows what has changed since the last time, in the files and in the memory.
/// What is chosen once is not checked ahead again, and what was refused is each time. One thread. Holds what it was
/// given last.
class Desiring {
 public:
  Desiring();
  Desiring(Desiring&&) noexcept;
  Desiring& operator=(Desiring&&) noexcept;
  ~Desiring();

  /// As the one above, of always the same drop directory.
  Desired desire(const config::LoadedPlugins& plugins, const catalog::RecordSet& records,
                 const std::filesystem::path& drop_directory, const Memory& memory, const CheckAhead& check_ahead = {});

 private:
  class Known;
  std::unique_ptr<Known> known_;
};

/// The choices by plugin.
std::map<std::string, Identity> identities_of(const WantedSet& choices);

/// For `serve --check`: the faults that an admin should mend, each with its place. Files that are just missing count.
std::vector<config::Diagnostic> check_desired(const config::LoadedPlugins& plugins, const catalog::RecordSet& records,
                                              const std::filesystem::path& drop_directory);

}  // namespace mortise::release
