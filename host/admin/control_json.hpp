// The JSON objects of the control API, as docs/control-api.md describes them. Stable: keys are added, never renamed or
// removed, and none is ever left out.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "admin/events_control.hpp"
#include "admin/host_control.hpp"
#include "admin/tasks_control.hpp"
#include "release/control.hpp"

namespace mortise::admin {

nlohmann::ordered_json to_json(const release::Plan& plan);
nlohmann::ordered_json to_json(const release::Outcome& outcome);
nlohmann::ordered_json to_json(const std::vector<release::HistoryEntry>& history);
nlohmann::ordered_json to_json(const release::LeftMappedStatus& left_mapped);
nlohmann::ordered_json to_json(const release::Status& status);
nlohmann::ordered_json to_json(const release::ObservationReport& report);
nlohmann::ordered_json to_json(const UpgradeOutcome& outcome);
nlohmann::ordered_json to_json(const std::vector<SubscriptionStatus>& subscriptions);
nlohmann::ordered_json to_json(const std::vector<TaskCounts>& counts);
nlohmann::ordered_json to_json(const DeadEvents& dead);
nlohmann::ordered_json to_json(const TasksStatus& tasks);

}  // namespace mortise::admin
