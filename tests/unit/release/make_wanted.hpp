// Builds records and wanted plugins out of manifest text, without files.
#pragma once

#include <memory>
#include <string>

#include "catalog/catalog.hpp"
#include "manifest/manifest.hpp"
#include "release/desired.hpp"

namespace mortise::release::testing {

/// A verified record of a plugin; `extra` is more JSON for its manifest, beginning with a comma. The methods of its
/// contracts are as it was built.
inline catalog::RecordPtr make_record(const std::string& name, const std::string& version,
                                      const std::string& extra = "", const manifest::ContractMethods& contracts = {}) {
  auto parsed =
      manifest::parse_manifest(R"({"name":")" + name + R"(","version":")" + version + R"(","abi":1)" + extra + "}");
  parsed->contracts = contracts;
  catalog::Record record;
  record.path = "/drop/" + name + "-" + version + ".so";
  record.state = catalog::FileState::verified;
  record.sha256 = name + version;
  record.manifest = std::make_shared<const manifest::Manifest>(std::move(parsed).value());
  return std::make_shared<const catalog::Record>(std::move(record));
}

inline std::shared_ptr<config::PluginConfig> make_config(const std::string& name, const std::string& range = "*") {
  auto plugin = std::make_shared<config::PluginConfig>();
  plugin->name = name;
  plugin->file = "/plugins.d/" + name + ".json";
  plugin->version = range;
  plugin->config_text = "{}";
  return plugin;
}

inline Wanted make_wanted(const std::string& name, const std::string& extra = "",
                          const manifest::ContractMethods& contracts = {}) {
  return {make_config(name), make_record(name, "1.0.0", extra, contracts)};
}

/// Pieces of `extra`; `more` begins with a comma, too.
inline std::string provides(const std::string& contract, const std::string& more = "") {
  return R"(,"provides":[{"contract":")" + contract + "\"" + more + "}]";
}
inline std::string needs(const std::string& contract, const std::string& more = "") {
  return R"(,"requires":[{"contract":")" + contract + "\"" + more + "}]";
}

}  // namespace mortise::release::testing
