// The parts of a host, built in their order and taken down in the reverse one, and what of them it lends to the host
// that replaces it. Who owns what at which moment of that stands in docs/architecture.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "admin/control_server.hpp"
#include "base/instance_lock.hpp"
#include "config/config.hpp"
#include "events/events.hpp"
#include "events_control.hpp"
#include "http/server.hpp"
#include "isolation/stand_in.hpp"
#include "kv/kv.hpp"
#include "release/runner.hpp"
#include "remote/exposed_contracts.hpp"
#include "runtime/contracts.hpp"
#include "sql/sql.hpp"
#include "start.hpp"
#include "status_file.hpp"
#include "takeover/host_upgrade.hpp"
#include "takeover/next_host.hpp"
#include "tasks/tasks.hpp"
#include "tasks_control.hpp"

namespace mortise {

/// Owned by the application; main's thread, but for what Outgoing has.
class ServingHost final : public takeover::Outgoing {
 public:
  /// All outlive it.
  ServingHost(const config::HostConfig& config, const std::vector<std::string>& interfaces, base::Files& files,
              Start& start);

  /// Everything that can fail, and no plugin yet.
  base::Result<void> open();
  /// Starts the plugins and, where there is no former host, does not wait for them; takes the place of a former one.
  /// From here on this is the host.
  void serve();
  /// Takes everything down; returns how many requests and generations had to be left in the middle.
  std::size_t stop();

  release::Runner& runner() { return *runner_; }
  takeover::HostUpgrade& upgrade() { return *upgrade_; }

  // --- From Outgoing.
  [[nodiscard]] int lock() const override { return lock_->descriptor(); }
  [[nodiscard]] std::vector<int> listening_sockets() const override { return server_->listening_sockets(); }
  base::Result<std::vector<std::string>> lend_state(std::chrono::steady_clock::time_point deadline,
                                                    const std::stop_token& giving_up) override;
  void take_state_back() override;
  void on_upgrading(pid_t next) override;
  void on_kept() override;
  void on_replaced(pid_t next) override;

 private:
  base::Result<void> prepare_directories();
  base::Result<void> get_lock();
  base::Result<void> start_server();
  /// Of a plugin that runs in a process of its own, or in another host.
  [[nodiscard]] std::unique_ptr<loader::Code> stand_in_for(const runtime::GenerationSpec& spec) const;
  std::chrono::milliseconds take_over();
  void tell_pids() const;
  void announce();
  void announce_ready(std::chrono::milliseconds others_write_for);

  const config::HostConfig& config_;
  const std::vector<std::string>& interfaces_;
  base::Files& files_;
  Start& start_;

  std::optional<base::InstanceLock> lock_;  // none: replaced
  isolation::ForkServer fork_server_;
  isolation::Settings isolation_;
  std::optional<runtime::Contracts> contracts_;
  std::optional<sql::Sql> sql_;
  std::optional<events::Events> events_;
  std::optional<tasks::Tasks> tasks_;
  std::optional<http::Server> server_;
  kv::Kv kv_;
  std::optional<remote::ExposedContracts> exposed_;
  std::optional<StatusFile> status_file_;
  std::optional<release::Runner> runner_;
  std::optional<takeover::HostUpgrade> upgrade_;
  std::optional<EventsControl> events_control_;
  std::optional<TasksControl> tasks_control_;
  std::optional<admin::ControlServer> control_;
};

}  // namespace mortise
