#include "cli/release_text.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>
#include <string_view>
#include <vector>

#include "cli/json_fields.hpp"
#include "cli/table.hpp"

namespace mortise::cli {
namespace {

using Document = nlohmann::ordered_json;

constexpr std::string_view kIndent = "    ";

/// How a kind of change looks, and how the summary counts it.
struct Kind {
  std::string_view name;
  char sign;
  std::string_view remark;  // where the versions do not tell
  std::string_view one;
  std::string_view many;
};
constexpr std::array kKinds{
    Kind{"start", '+', "", "start", "starts"},
    Kind{"upgrade", '^', "", "upgrade", "upgrades"},
    Kind{"downgrade", 'v', "", "downgrade", "downgrades"},
    Kind{"rebuild", '~', " rebuilt", "rebuild", "rebuilds"},
    Kind{"reconfigure", '~', " reconfigured", "reconfiguration", "reconfigurations"},
    Kind{"stop", '-', "", "stop", "stops"},
};
constexpr Kind kUnknownKind{"", '?', "", "change of another kind", "changes of another kind"};

const Kind& kind_of(const Document& change) {
  const auto name = text_of(change, "kind");
  const auto* const found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) { return kind.name == name; });
  return found == kKinds.end() ? kUnknownKind : *found;
}

/// Every line of `text` by itself, indented.
void print_indented(const std::string& text, std::ostream& out) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out << kIndent << line << '\n';
}

std::string count(std::size_t number, std::string_view one, std::string_view many) {
  return std::to_string(number) + " " + std::string(number == 1 ? one : many);
}

void print_step(const Document& step, std::ostream& out) {
  out << describe_change(step);
  if (const auto reason = text_of(step, "reason"); !reason.empty()) out << ": " << reason;
  out << '\n';
  if (const auto contracts = joined_texts_of(step, "contracts"); !contracts.empty()) {
    out << kIndent << "contracts: " << contracts << '\n';
  }
  if (const auto affected = joined_texts_of(step, "affected"); !affected.empty()) {
    out << kIndent << "affects: " << affected << '\n';
  }
}

void print_refusal(const Document& refusal, std::ostream& out) {
  out << "! " << text_of(refusal, "plugin") << ": " << text_of(refusal, "reason") << '\n';
  auto exhibit = text_of(refusal, "exhibit");  // indented by whoever made it
  if (!exhibit.empty() && exhibit.back() != '\n') exhibit += '\n';
  out << exhibit;
  out << kIndent << (is_set(refusal, "keeps_running") ? "what ran of it runs on as it was" : "it will not run") << '\n';
}

void print_changes(const Document& plan, std::ostream& out) {
  for (const auto& step : objects_of(plan, "steps")) print_step(step, out);
  for (const auto& refusal : objects_of(plan, "refusals")) print_refusal(refusal, out);
}

/// "3 changes (1 start, 2 upgrades), 1 refusal".
std::string sum_up(const Document& plan) {
  const auto steps = objects_of(plan, "steps");
  const auto refusals = objects_of(plan, "refusals");
  std::string kinds;
  std::size_t known = 0;
  const auto add = [&](const Kind& kind, std::size_t number) {
    if (number > 0) kinds += (kinds.empty() ? "" : ", ") + count(number, kind.one, kind.many);
  };
  for (const auto& kind : kKinds) {
    const auto is_it = [&](const Document& step) { return &kind_of(step) == &kind; };
    const auto number = static_cast<std::size_t>(std::count_if(steps.begin(), steps.end(), is_it));
    add(kind, number);
    known += number;
  }
  add(kUnknownKind, steps.size() - known);
  auto text = steps.empty() ? "no changes" : count(steps.size(), "change", "changes") + " (" + kinds + ")";
  if (!refusals.empty()) text += ", " + count(refusals.size(), "refusal", "refusals");
  return text;
}

}  // namespace

std::string describe_change(const Document& change) {
  const auto& kind = kind_of(change);
  const auto from = text_of(change, "from_version");
  const auto to = text_of(change, "to_version");
  std::string text = std::string(1, kind.sign) + " " + text_of(change, "plugin") + " ";
  text += from.empty() || to.empty() || from == to ? (to.empty() ? from : to) : from + " -> " + to;
  return text + std::string(kind.remark);
}

void print_plan(const Document& plan, std::ostream& out) {
  print_changes(plan, out);
  out << sum_up(plan) << "; nothing was changed"
      << (objects_of(plan, "steps").empty() ? "" : ", `mortise apply` does it") << '\n';
}

void print_outcome(const Document& outcome, std::ostream& out) {
  const auto plan = outcome.find("plan");
  if (plan != outcome.end() && plan->is_object()) print_changes(*plan, out);
  const auto result = text_of(outcome, "result");
  const auto release = std::to_string(number_of(outcome, "release"));
  if (result == "applied") out << "release " << release << " applied\n";
  if (result == "canary")
    out << "release " << release << " gets " << text_of(outcome, "reason") << "; `mortise apply` switches to it now\n";
  if (result != "unchanged") return;
  out << "nothing to do; release " << release << " runs on\n";
  if (const auto reason = text_of(outcome, "reason"); !reason.empty()) out << reason << '\n';
}

std::string describe_failure(const Document& outcome) {
  const auto result = text_of(outcome, "result");
  if (result == "applied" || result == "unchanged" || result == "canary") return {};
  return "release " + std::to_string(number_of(outcome, "release")) + " failed: " + text_of(outcome, "reason") +
         "; everything runs on as before";
}

void print_history(const Document& history, std::ostream& out) {
  const auto entries = objects_of(history, "entries");
  if (entries.empty()) {
    out << "no release has been tried yet\n";
    return;
  }
  std::vector<std::vector<std::string>> table{{"RELEASE", "TIME", "WHO", "WHAT", "RESULT"}};
  for (const auto& entry : entries) {
    table.push_back({std::to_string(number_of(entry, "release")), text_of(entry, "time"), text_of(entry, "who"),
                     text_of(entry, "what"), text_of(entry, "result")});
  }
  const auto lines = align_columns(table);
  out << lines.front() << '\n';
  for (std::size_t i = 0; i < entries.size(); ++i) {
    out << lines[i + 1] << '\n';
    for (const auto& change : objects_of(entries[i], "changes")) out << kIndent << describe_change(change) << '\n';
    print_indented(text_of(entries[i], "reason"), out);
  }
}

}  // namespace mortise::cli
