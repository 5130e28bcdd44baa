// Plans, outcomes and history of releases as people read them: from the objects of docs/control-api.md.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace mortise::cli {

/// One line for each step, like a diff: "^ hello 1.0.0 -> 1.1.0: REASON", with what it touches below; refusals with
/// '!'. Last a line that sums up.
void print_plan(const nlohmann::ordered_json& plan, std::ostream& out);

/// The steps of an outcome in the same form and, when it did not fail, what came of them.
void print_outcome(const nlohmann::ordered_json& outcome, std::ostream& out);
/// What failed; empty when nothing did.
std::string describe_failure(const nlohmann::ordered_json& outcome);

/// A table, the newest last, with the changes of each attempt below it.
void print_history(const nlohmann::ordered_json& history, std::ostream& out);

/// "^ hello 1.0.0 -> 1.1.0", of a step or of a change in the history.
std::string describe_change(const nlohmann::ordered_json& change);

}  // namespace mortise::cli
