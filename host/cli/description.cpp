#include "cli/description.hpp"

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

namespace mortise::cli {
namespace {

using nlohmann::ordered_json;

void print_methods(const manifest::Manifest& manifest, const std::string& contract, std::ostream& out) {
  for (const auto& method : manifest.methods_of(contract)) {
    out << "            " << method.text << (method.is_idempotent ? " (idempotent)" : "") << '\n';
  }
}

/// What is not as it is by default, in brackets.
std::string remarks(const manifest::ProvidedContract& provided, const std::string& plugin) {
  std::string text;
  if (provided.name != plugin) text += " as '" + provided.name + "'";
  if (provided.rank != 0) text += " (rank " + std::to_string(provided.rank) + ")";
  return text;
}
std::string remarks(const manifest::RequiredContract& required) {
  std::string text;
  if (!required.name.empty()) text += " named '" + required.name + "'";
  if (required.provider.text() != "*") text += " from version " + required.provider.text();
  if (required.all) return text + " (all providers)";
  return text + (required.optional ? " (optional)" : "");
}

ordered_json list_methods(const manifest::Manifest& manifest, const std::string& contract) {
  auto list = ordered_json::array();
  for (const auto& method : manifest.methods_of(contract)) list.push_back(method.text);
  return list;
}

/// The names of those that may be called once more.
ordered_json list_idempotent(const manifest::Manifest& manifest, const std::string& contract) {
  auto list = ordered_json::array();
  for (const auto& method : manifest.methods_of(contract)) {
    if (method.is_idempotent) list.push_back(method.name);
  }
  return list;
}

ordered_json describe_topic(const manifest::Manifest& manifest, const std::string& topic) {
  return {{"topic", topic}, {"methods", list_methods(manifest, topic)}};
}

}  // namespace

void print_description(const manifest::Manifest& manifest, std::ostream& out) {
  out << "plugin    " << manifest.name << ' ' << manifest.version.to_string() << ": " << manifest.summary << '\n';
  for (const auto& provided : manifest.provides) {
    out << (provided.is_topic ? "hears     " : "provides  ") << provided.contract << remarks(provided, manifest.name)
        << '\n';
    print_methods(manifest, provided.contract, out);
  }
  for (const auto& required : manifest.requires_) {
    out << "requires  " << required.contract << remarks(required) << '\n';
    print_methods(manifest, required.contract, out);
  }
  for (const auto& published : manifest.publishes) {
    out << "publishes " << published.topic << (published.is_durable ? " (durable)" : "") << '\n';
    print_methods(manifest, published.topic, out);
  }
  for (const auto& task : manifest.durable_tasks) out << "handles   durable task " << task << '\n';
  for (const auto& interface : manifest.interfaces) out << "uses      " << interface << '\n';
}

ordered_json describe_contracts(const manifest::Manifest& manifest) {
  ordered_json document{{"provides", ordered_json::array()},
                        {"requires", ordered_json::array()},
                        {"publishes", ordered_json::array()},
                        {"subscribes", ordered_json::array()}};
  for (const auto& published : manifest.publishes) {
    auto& described = document["publishes"].emplace_back(describe_topic(manifest, published.topic));
    described["durable"] = published.is_durable;
  }
  for (const auto& provided : manifest.provides) {
    if (provided.is_topic) {
      document["subscribes"].push_back(describe_topic(manifest, provided.contract));
      continue;
    }
    document["provides"].push_back({{"contract", provided.contract},
                                    {"name", provided.name},
                                    {"rank", provided.rank},
                                    {"methods", list_methods(manifest, provided.contract)},
                                    {"idempotent", list_idempotent(manifest, provided.contract)}});
  }
  for (const auto& required : manifest.requires_) {
    document["requires"].push_back({{"contract", required.contract},
                                    {"provider", required.provider.text()},
                                    {"name", required.name},
                                    {"all", required.all},
                                    {"optional", required.optional},
                                    {"methods", list_methods(manifest, required.contract)},
                                    {"idempotent", list_idempotent(manifest, required.contract)}});
  }
  return document;
}

ordered_json describe_plugin(const manifest::Manifest& manifest) {
  ordered_json document{{"name", manifest.name},
                        {"version", manifest.version.to_string()},
                        {"summary", manifest.summary},
                        {"abi", manifest.abi_major},
                        {"interfaces", manifest.interfaces}};
  document["durable_tasks"] = manifest.durable_tasks;
  document.update(describe_contracts(manifest));
  return document;
}

}  // namespace mortise::cli
