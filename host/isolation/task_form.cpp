#include "isolation/task_form.hpp"

#include <cstring>

#include "runtime/abi_values.hpp"

namespace mortise::isolation {
namespace {

/// Followed by the three texts.
struct Head {
  std::uint64_t tag = 0;
  std::uint64_t delay_ms = 0;
  std::uint64_t every_ms = 0;
  std::uint32_t name_size = 0;
  std::uint32_t cron_size = 0;
  std::uint32_t time_zone_size = 0;
  std::uint32_t reserved = 0;
};

/// Followed by the payload.
struct DurableHead {
  std::int64_t id = 0;
  std::int64_t due_ms = 0;
  std::uint32_t handler = 0;
  std::uint32_t attempt = 0;
};

}  // namespace

std::string to_request(std::uint32_t handler, const mortise_durable_task_v1& task) {
  const DurableHead head{.id = task.id, .due_ms = task.due_ms, .handler = handler, .attempt = task.attempt};
  std::string request(reinterpret_cast<const char*>(&head), sizeof head);
  return request.append(reinterpret_cast<const char*>(task.payload.data), task.payload.size);
}

std::optional<DurableTaskView> DurableTaskView::read(std::string_view request) {
  DurableHead head;
  if (request.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, request.data(), sizeof head);
  request.remove_prefix(sizeof head);
  DurableTaskView view;
  view.handler = head.handler;
  view.task.struct_size = sizeof view.task;
  view.task.attempt = head.attempt;
  view.task.id = head.id;
  view.task.due_ms = head.due_ms;
  view.task.payload = {reinterpret_cast<const std::uint8_t*>(request.data()), request.size()};
  return view;
}

std::string to_payload(const mortise_task_v1& task) {
  const auto name = runtime::to_view(task.name);
  const auto cron = runtime::to_view(task.cron);
  const auto time_zone = runtime::to_view(task.time_zone);
  const Head head{.tag = task.tag,
                  .delay_ms = task.delay_ms,
                  .every_ms = task.every_ms,
                  .name_size = static_cast<std::uint32_t>(name.size()),
                  .cron_size = static_cast<std::uint32_t>(cron.size()),
                  .time_zone_size = static_cast<std::uint32_t>(time_zone.size())};
  std::string payload(reinterpret_cast<const char*>(&head), sizeof head);
  return payload.append(name).append(cron).append(time_zone);
}

std::optional<TaskView> TaskView::read(std::string_view payload) {
  Head head;
  if (payload.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, payload.data(), sizeof head);
  payload.remove_prefix(sizeof head);
  const auto size = std::uint64_t{head.name_size} + head.cron_size + head.time_zone_size;
  if (payload.size() != size) return std::nullopt;
  TaskView view;
  view.task.struct_size = sizeof view.task;
  view.task.tag = head.tag;
  view.task.delay_ms = head.delay_ms;
  view.task.every_ms = head.every_ms;
  view.task.name = runtime::to_abi(payload.substr(0, head.name_size));
  view.task.cron = runtime::to_abi(payload.substr(head.name_size, head.cron_size));
  view.task.time_zone = runtime::to_abi(payload.substr(head.name_size + head.cron_size));
  return view;
}

}  // namespace mortise::isolation
