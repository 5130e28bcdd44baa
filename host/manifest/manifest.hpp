// What a plugin says of itself: the JSON in its ELF note, as values. Reading it runs nothing of the file.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "manifest/signature.hpp"
#include "manifest/version.hpp"

namespace mortise::manifest {

/// A contract that the plugin offers. One may be offered several times, under different names.
struct ProvidedContract {
  std::string contract;   // "boutique.currency/1"
  std::string name;       // which provider of it this is; the plugin's name by default
  std::int32_t rank = 0;  // who asks for any provider is given the highest
  bool is_topic = false;  // to which it subscribes: the contract is what events are delivered through
};

/// A topic of events that the plugin tells others of.
struct PublishedTopic {
  std::string topic;        // "boutique.order-placed/1"
  bool is_durable = false;  // its events are written to the plugin's database before anybody hears them
};

/// A contract that the plugin wants from others.
struct RequiredContract {
  std::string contract;
  VersionRange provider;  // which versions of a providing plugin will do
  std::string name;       // the provider of that name only; empty: any
  bool all = false;       // every provider there is
  bool optional = false;  // starts without it, too; true of `all`
};

/// A step of the schema of the plugin's database, which is run once.
struct Migration {
  std::uint32_t number = 0;
  std::string name;
  std::string sql;
  bool is_compatible = false;  // versions of the plugin that do not know it can go on without it
};

/// The methods of contracts, by their ids.
using ContractMethods = std::map<std::string, Methods>;

/// Immutable once the file was read; copied freely.
struct Manifest {
  std::string name;
  Version version;
  std::string summary;
  std::uint32_t abi_major = 0;
  std::vector<std::string> interfaces;  // ids that the host must have: "mortise.http/1"
  std::vector<ProvidedContract> provides;
  std::vector<RequiredContract> requires_;
  std::vector<PublishedTopic> publishes;
  std::vector<std::string> durable_tasks;               // names of those that it handles: rows of its database
  std::shared_ptr<const nlohmann::json> config_schema;  // JSON Schema of the plugin's config; null: takes none
  std::vector<Migration> migrations;                    // by rising numbers
  bool unloadable = true;                               // may be dlclosed
  bool asks_for_network = false;                        // as a client; matters where it is isolated

  /// The text that was parsed.
  std::string text;

  /// Of each contract that is provided or required, and of each topic, as the plugin was built with it. Not from the
  /// text: from notes of their own in the file (contract_notes.hpp).
  ContractMethods contracts;

  /// Whether `interfaces` has it.
  [[nodiscard]] bool names_interface(std::string_view id) const;
  /// Whether it publishes durably on that topic.
  [[nodiscard]] bool is_durable(std::string_view topic) const;
  /// None when the contract is none of these.
  [[nodiscard]] const Methods& methods_of(const std::string& contract) const;
};

/// Parses and checks a manifest: syntax, required fields (name, version, abi), types, unknown keys. The error
/// names the JSON pointer of the fault and what is expected there. Of a manifest for another ABI major only name,
/// version and abi are read: the rest is in a form that this host does not know.
base::Result<Manifest> parse_manifest(std::string_view text);

}  // namespace mortise::manifest
