#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/commands.hpp"
#include "cli/plugin_changes.hpp"

namespace mortise::cli {
namespace {

using nlohmann::ordered_json;

/// All that the command says.
struct Report {
  const manifest::Manifest& before;
  const manifest::Manifest& after;
  std::vector<Change> changes;
  std::string version_step;  // what is wrong with it
};

void print_text(const Report& report, std::ostream& out) {
  out << report.after.name << ' ' << report.before.version.to_string() << " -> " << report.after.version.to_string()
      << ": " << (is_breaking(report.changes) ? "breaking" : "compatible") << '\n';
  for (const auto& change : report.changes) {
    out << "[" << to_string(change.effect) << "] " << change.message << '\n';
    if (change.difference) out << change.difference->side_by_side("old", "new");
  }
  if (!report.version_step.empty()) out << "[version] " << report.version_step << '\n';
}

ordered_json to_json(const Report& report) {
  ordered_json document{{"name", report.after.name},
                        {"old_version", report.before.version.to_string()},
                        {"new_version", report.after.version.to_string()},
                        {"compatible", !is_breaking(report.changes)},
                        {"version_step", report.version_step},
                        {"changes", ordered_json::array()}};
  for (const auto& change : report.changes) {
    ordered_json one{{"effect", to_string(change.effect)}, {"message", change.message}};
    if (const auto& difference = change.difference) {
      one["method"] = {{"number", difference->number},
                       {"name", difference->name},
                       {"kind", to_string(difference->kind)},
                       {"old", difference->needed},
                       {"new", difference->provided}};
    }
    document["changes"].push_back(std::move(one));
  }
  return document;
}

}  // namespace

int diff(const std::filesystem::path& before, const std::filesystem::path& after, bool as_json, const Parts& parts) {
  const auto old_manifest = read_plugin(before, parts);
  const auto new_manifest = read_plugin(after, parts);
  if (!old_manifest || !new_manifest) return kUsage;
  if (old_manifest->name != new_manifest->name) {
    parts.err << "'" << before.string() << "' is plugin '" << old_manifest->name << "', '" << after.string()
              << "' is plugin '" << new_manifest->name << "'; give two builds of one plugin\n";
    return kUsage;
  }
  Report report{.before = *old_manifest,
                .after = *new_manifest,
                .changes = find_changes(*old_manifest, *new_manifest),
                .version_step = {}};
  report.version_step = judge_version_step(report.before, report.after, report.changes);
  if (as_json) {
    parts.out << to_json(report).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    print_text(report, parts.out);
  }
  return is_breaking(report.changes) ? kFailed : kDone;
}

}  // namespace mortise::cli
