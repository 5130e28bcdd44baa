#include "manifest/manifest.hpp"

#include <mortise/abi/manifest_note.h>
#include <mortise/abi/tasks.h>
#include <mortise/abi/types.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "base/strings.hpp"
#include "manifest/contract_id.hpp"
#include "manifest/object_fields.hpp"

namespace mortise::manifest {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;
using Presence = ObjectFields::Presence;

constexpr std::size_t kMaxDepth = 64;       // so that nothing that walks a manifest can overflow the stack
constexpr std::size_t kMaxSummary = 500;    // it is one line of a list
constexpr std::size_t kMaxComplaint = 300;  // the parser quotes what it last read, which may be long

/// Builds the value and refuses what it would no longer show: nesting too deep, a key written twice.
class StrictBuilder : public nlohmann::detail::json_sax_dom_parser<json> {
 public:
  struct Refusal {
    std::string message;
  };

  explicit StrictBuilder(json& value) : json_sax_dom_parser(value) {}

  bool start_object(std::size_t size) {
    open();
    return json_sax_dom_parser::start_object(size);
  }
  bool start_array(std::size_t size) {
    open();
    return json_sax_dom_parser::start_array(size);
  }
  bool end_object() {
    open_.pop_back();
    return json_sax_dom_parser::end_object();
  }
  bool end_array() {
    open_.pop_back();
    return json_sax_dom_parser::end_array();
  }
  bool key(std::string& name) {
    if (!open_.back().insert(name).second) {
      throw Refusal{"has a key twice in one object: " + shown(json(name)) + "; remove one"};
    }
    return json_sax_dom_parser::key(name);
  }

 private:
  void open() {
    if (open_.size() == kMaxDepth) throw Refusal{"is nested deeper than " + std::to_string(kMaxDepth) + " levels"};
    open_.emplace_back();
  }

  std::vector<std::set<std::string>> open_;  // the keys so far of every object around
};

base::Result<json> parse_json(std::string_view text) {
  if (text.size() > MORTISE_MANIFEST_MAX_BYTES) {
    return Error{ErrorCode::invalid_argument, "manifest: has " + std::to_string(text.size()) + " bytes, the limit is " +
                                                  std::to_string(MORTISE_MANIFEST_MAX_BYTES) + "; shorten it"};
  }
  try {
    json value;
    StrictBuilder builder(value);
    json::sax_parse(text.begin(), text.end(), &builder);
    return base::Result<json>(boost::system::in_place_value, std::move(value));
  } catch (const StrictBuilder::Refusal& refusal) {
    return Error{ErrorCode::invalid_argument, "manifest: " + refusal.message};
  } catch (const json::exception& exception) {
    return Error{ErrorCode::invalid_argument,
                 "manifest: is not valid JSON: " + base::printable(exception.what(), kMaxComplaint) +
                     "; mend the file that MANIFEST names"};
  }
}

/// Reads the parts of one manifest; the first fault ends the reading.
class ManifestReader {
 public:
  explicit ManifestReader(const json& value) : fields_(value, "", fault_) {}

  base::Result<Manifest> read() {
    read_identity();
    if (!fault_.is_set() && manifest_.abi_major == MORTISE_ABI_MAJOR) {
      read_summary();
      read_interfaces();
      read_provides();
      read_requires();
      read_topics();
      if (const auto* schema = fields_.object("config", "a JSON Schema, an object in braces")) {
        manifest_.config_schema = std::make_shared<const json>(*schema);
      }
      if (const auto* unload = fields_.boolean("unload")) manifest_.unloadable = *unload;
      read_network();
      read_durable_tasks();
      read_migrations();
      fields_.finish();
    }
    if (fault_.is_set()) return fault_.error();
    return std::move(manifest_);
  }

 private:
  void read_identity() {
    static constexpr std::string_view kName =
        "the plugin's name: a lower-case letter, then lower-case letters, digits and '-', at most 64";
    if (const auto* name = fields_.text("name", Presence::required, kName)) {
      if (!base::is_plugin_name(*name)) fields_.mismatch("name", kName, *name);
      manifest_.name = *name;
    }
    if (const auto* text = fields_.text("version", Presence::required, "a version like \"1.4.0\" (semver.org)")) {
      auto version = Version::parse(*text);
      if (version) {
        manifest_.version = std::move(*version);
      } else {
        fields_.mismatch("version", "a version like \"1.4.0\" (semver.org)", *text);
      }
    }
    static const std::string kAbi =
        "the major version of the ABI, a whole number; this host's is " + std::to_string(MORTISE_ABI_MAJOR);
    if (const auto* abi = fields_.number("abi", Presence::required, kAbi)) {
      const auto major = abi->get<std::uint64_t>();
      if (major == 0 || major > UINT32_MAX) fields_.mismatch("abi", kAbi, *abi);
      manifest_.abi_major = static_cast<std::uint32_t>(major);
    }
  }

  void read_summary() {
    static const std::string kExpected = "one line of text, at most " + std::to_string(kMaxSummary) + " bytes";
    const auto* summary = fields_.text("summary", Presence::optional, kExpected);
    if (summary == nullptr) return;
    // It is printed to terminals.
    const bool has_control =
        std::any_of(summary->begin(), summary->end(), [](char c) { return (c >= 0 && c < 32) || c == 127; });
    if (has_control || summary->size() > kMaxSummary) return fields_.mismatch("summary", kExpected, *summary);
    manifest_.summary = *summary;
  }

  void read_network() {
    static constexpr std::string_view kExpected = "\"client\"";
    const auto* network = fields_.text("network", Presence::optional, kExpected);
    if (network == nullptr) return;
    if (*network != "client") return fields_.mismatch("network", kExpected, *network);
    manifest_.asks_for_network = true;
  }

  void read_interfaces() {
    static constexpr std::string_view kExpected = "a list of interface ids like [\"mortise.http/1\"]";
    const auto* list = fields_.list("interfaces", kExpected);
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const auto& id = (*list)[i];
      if (!id.is_string() || !is_contract_id(id.get_ref<const std::string&>())) {
        return fault_.set(fields_.pointer_to("interfaces") + "/" + std::to_string(i),
                          "must be an interface id like \"mortise.http/1\", is " + shown(id));
      }
      manifest_.interfaces.push_back(id.get<std::string>());
    }
  }

  /// The contract id of one element of "provides" or "requires"; empty when it is missing or wrong.
  static std::string read_contract(ObjectFields& fields) {
    static constexpr std::string_view kExpected = "a contract id like \"greeting/1\"";
    const auto* id = fields.text("contract", Presence::required, kExpected);
    if (id == nullptr) return {};
    if (!is_contract_id(*id)) fields.mismatch("contract", kExpected, *id);
    return *id;
  }

  /// The provider's name in such an element; empty when it has none.
  static std::string read_provider_name(ObjectFields& fields) {
    static constexpr std::string_view kExpected =
        "a provider's name: a lower-case letter, then lower-case letters, digits and '-', at most 64";
    const auto* name = fields.text("name", Presence::optional, kExpected);
    if (name == nullptr) return {};
    if (!base::is_plugin_name(*name)) fields.mismatch("name", kExpected, *name);
    return *name;
  }

  template <class Read>
  void read_elements(std::string_view key, std::string_view expected, const Read& read) {
    const auto* list = fields_.list(key, expected);
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->size() && !fault_.is_set(); ++i) {
      ObjectFields element((*list)[i], fields_.pointer_to(key) + "/" + std::to_string(i), fault_);
      read(element);
      element.finish();
    }
  }

  void read_provides() {
    std::set<std::pair<std::string, std::string>> seen;
    read_elements("provides", "a list like [{\"contract\": \"greeting/1\"}]", [&](ObjectFields& element) {
      ProvidedContract provided;
      provided.contract = read_contract(element);
      provided.name = read_provider_name(element);
      if (provided.name.empty()) provided.name = manifest_.name;
      provided.rank = element.int32("rank", 0);
      if (!seen.emplace(provided.contract, provided.name).second) {
        element.refuse("contract", "names '" + provided.contract + "' a second time under the name '" + provided.name +
                                       "'; remove one, or give it another name");
      }
      manifest_.provides.push_back(std::move(provided));
    });
  }

  void read_requires() {
    std::set<std::tuple<std::string, std::string, bool>> seen;
    read_elements("requires", "a list like [{\"contract\": \"greeting/1\"}]", [&](ObjectFields& element) {
      RequiredContract required;
      required.contract = read_contract(element);
      required.provider = read_range(element);
      required.name = read_provider_name(element);
      if (const auto* all = element.boolean("all")) required.all = *all;
      if (const auto* is_optional = element.boolean("optional")) required.optional = *is_optional;
      required.optional = required.optional || required.all;
      if (required.all && !required.name.empty()) {
        element.refuse("all", "asks for every provider, but name for that of one name; remove one of the two");
      }
      if (!seen.emplace(required.contract, required.name, required.all).second) {
        element.refuse("contract", "names '" + required.contract + "' a second time; remove one");
      }
      manifest_.requires_.push_back(std::move(required));
    });
  }

  /// To subscribe is to provide the contract that events are delivered through.
  void read_topics() {
    read_ids("publishes",
             [this](const PublishedTopic& one, const std::string&) { manifest_.publishes.push_back(one); });
    read_ids("subscribes", [this](const PublishedTopic& one, const std::string& pointer) {
      const auto& topic = one.topic;
      if (one.is_durable)
        return fault_.set(pointer, "says \"durable\", which is for who publishes to say; remove that");
      const auto is_it = [&](const auto& provided) {
        return provided.contract == topic && provided.name == manifest_.name;
      };
      if (std::any_of(manifest_.provides.begin(), manifest_.provides.end(), is_it)) {
        return fault_.set(pointer,
                          "names '" + topic + "', which \"provides\" has as a contract; remove one of the two");
      }
      manifest_.provides.push_back({.contract = topic, .name = manifest_.name, .rank = 0, .is_topic = true});
    });
  }

  /// `use` is given each topic of a list, and where it stands. One is its id, or an object with that and what is to be
  /// so of it.
  template <class Use>
  void read_ids(const char* key, const Use& use) {
    const auto* list = fields_.list(key, "a list of topics like [\"boutique.order-placed/1\"]");
    if (list == nullptr) return;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < list->size() && !fault_.is_set(); ++i) {
      const auto pointer = fields_.pointer_to(key) + "/" + std::to_string(i);
      const auto published = read_topic((*list)[i], pointer);
      if (fault_.is_set()) return;
      if (!seen.insert(published.topic).second) {
        return fault_.set(pointer, "names '" + published.topic + "' a second time; remove one");
      }
      use(published, pointer);
    }
  }

  PublishedTopic read_topic(const json& element, const std::string& pointer) {
    static constexpr std::string_view kExpected = "a topic like \"boutique.order-placed/1\"";
    PublishedTopic read;
    if (!element.is_object()) {
      if (element.is_string() && is_contract_id(element.get_ref<const std::string&>())) {
        read.topic = element.get<std::string>();
      } else {
        fault_.set(pointer, "must be " + std::string(kExpected) + ", is " + shown(element));
      }
      return read;
    }
    ObjectFields fields(element, pointer, fault_);
    const auto* const topic = fields.text("topic", Presence::required, kExpected);
    if (topic != nullptr && !is_contract_id(*topic)) fields.mismatch("topic", kExpected, *topic);
    if (topic != nullptr) read.topic = *topic;
    if (const auto* is_durable = fields.boolean("durable")) read.is_durable = *is_durable;
    fields.finish();
    return read;
  }

  void read_durable_tasks() {
    const auto* list = fields_.list("durable_tasks", "a list of names like [\"send-mail\"]");
    if (list == nullptr) return;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const auto& element = (*list)[i];
      const auto pointer = fields_.pointer_to("durable_tasks") + "/" + std::to_string(i);
      const auto* const name = element.get_ptr<const std::string*>();
      if (name == nullptr || !base::is_plugin_name(*name)) {
        return fault_.set(pointer,
                          "must be a name like \"send-mail\": a lower-case letter, then lower-case letters, digits "
                          "and '-', at most 64, is " +
                              shown(element));
      }
      if (!seen.insert(*name).second) return fault_.set(pointer, "names '" + *name + "' a second time; remove one");
      manifest_.durable_tasks.push_back(*name);
    }
    const auto& interfaces = manifest_.interfaces;
    const bool has_tasks = std::find(interfaces.begin(), interfaces.end(), MORTISE_TASKS_V1) != interfaces.end();
    if (!seen.empty() && !has_tasks) {
      fields_.refuse("durable_tasks", "needs \"" MORTISE_TASKS_V1 "\" in \"interfaces\"; name that there");
    }
  }

  void read_migrations() {
    static constexpr std::string_view kNumber = "a number from 1 upwards, higher than that of the one before";
    read_elements("migrations", "a list, which mortise_add_plugin() makes of MIGRATIONS", [&](ObjectFields& element) {
      Migration migration;
      if (const auto* number = element.number("number", Presence::required, kNumber)) {
        const auto found = number->get<std::uint64_t>();
        const auto least = manifest_.migrations.empty() ? 1 : std::uint64_t{manifest_.migrations.back().number} + 1;
        if (found < least || found > UINT32_MAX) element.mismatch("number", kNumber, *number);
        migration.number = static_cast<std::uint32_t>(found);
      }
      if (const auto* name = element.text("name", Presence::required, "what it does, in a few words")) {
        migration.name = *name;
      }
      if (const auto* sql = element.text("sql", Presence::required, "SQL statements")) migration.sql = *sql;
      if (const auto* is_compatible = element.boolean("compatible")) migration.is_compatible = *is_compatible;
      manifest_.migrations.push_back(std::move(migration));
    });
  }

  static VersionRange read_range(ObjectFields& element) {
    const auto* text = element.text("provider", Presence::optional, "a version range like \">=1.0 <2\"");
    if (text == nullptr) return {};
    auto range = VersionRange::parse(*text);
    if (range) return std::move(*range);
    element.refuse("provider", range.error().message);
    return {};
  }

  FirstFault fault_;
  ObjectFields fields_;
  Manifest manifest_;
};

}  // namespace

bool Manifest::names_interface(std::string_view id) const {
  return std::find(interfaces.begin(), interfaces.end(), id) != interfaces.end();
}

bool Manifest::is_durable(std::string_view topic) const {
  return std::any_of(publishes.begin(), publishes.end(),
                     [&](const PublishedTopic& one) { return one.topic == topic && one.is_durable; });
}

const Methods& Manifest::methods_of(const std::string& contract) const {
  static const Methods kNone;
  const auto found = contracts.find(contract);
  return found == contracts.end() ? kNone : found->second;
}

base::Result<Manifest> parse_manifest(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return value.error();
  auto manifest = ManifestReader(*value).read();
  if (manifest) manifest->text = std::string(text);
  return manifest;
}

}  // namespace mortise::manifest
