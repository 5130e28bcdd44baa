#include "isolation/worker.hpp"

#include <fcntl.h>
#include <mortise/abi/health.h>
#include <mortise/abi/state.h>
#include <mortise/abi/tasks.h>
#include <sys/prctl.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "isolation/bindings.hpp"
#include "isolation/contract_crew.hpp"
#include "isolation/crew.hpp"
#include "isolation/fork_server.hpp"
#include "isolation/host_link.hpp"
#include "isolation/remote_contracts.hpp"
#include "isolation/remote_events.hpp"
#include "isolation/remote_http.hpp"
#include "isolation/remote_sql.hpp"
#include "isolation/remote_tasks.hpp"
#include "kv/kv.hpp"
#include "kv/kv_table.hpp"
#include "manifest/binary.hpp"
#include "runtime/contracts.hpp"
#include "runtime/generation.hpp"
#include "runtime/offers.hpp"
#include "sandbox/control_group.hpp"
#include "sandbox/sandbox.hpp"
#include "telemetry/crash_handler.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;
using runtime::Generation;
using runtime::StatePart;

// Of one line: what is longer is cut, since the host takes no longer ones from anybody.
constexpr std::size_t kMostLogBytes = std::size_t{64} << 10U;

json done(const base::Result<void>& result) {
  if (result) return {{"say", say::kDone}, {"status", MORTISE_OK}};
  return {{"say", say::kDone}, {"status", static_cast<int>(result.error().code)}, {"message", result.error().message}};
}

StatePart part_of(const Message& hook) { return hook.text("part") == "rest" ? StatePart::rest : StatePart::snapshot; }

/// The process's plugin and all that it works with. Main thread.
class Worker {
 public:
  explicit Worker(HostLink& link)
      : link_(link),
        http_(link),
        tasks_(link),
        places_(link),
        sql_(link, places_),
        events_(link, sql_),
        remote_contracts_(link, places_) {}

  /// Never returns: with the host the process ends.
  [[noreturn]] void serve() {
    for (std::string bytes;;) {
      auto message = link_.wait();
      if (message.said() == say::kPiece) {
        bytes += message.bytes;
      } else {
        run(message, std::exchange(bytes, {}));
      }
    }
  }

 private:
  void run(const Message& hook, std::string bytes) {
    const auto name = hook.text("name");
    if (name == "init") return link_.say(init(hook));
    if (name == "check") return link_.say(done(runtime::check_health(*generation_)));
    if (name == "export") return export_state(part_of(hook));
    if (name == "import") return link_.say(done(import_state(hook, std::move(bytes))));
    if (name == "stop") {
      generation_->stop();
      return link_.say(done({}));
    }
    destroy();
  }

  /// Before anything of the plugin's is looked at.
  base::Result<void> enter_sandbox(const Message& hook) {
    const auto memory = static_cast<std::uint64_t>(hook.number("memory_bytes"));
    auto measures = sandbox::enter({.image = hook.text("image"),
                                    .data_directory = hook.text("data_directory"),
                                    .last_descriptor = kWakeDescriptor,
                                    .may_connect = hook.number("may_connect") != 0,
                                    .max_memory_bytes = memory});
    const bool has_cpu_limit = hook.number("cpu_percent") != 0;
    if (memory != 0 || has_cpu_limit) {
      measures.push_back({std::string(sandbox::kControlGroup), hook.text("unlimited")});
    }
    auto told = json::array();
    std::string missing;
    for (const auto& measure : measures) {
      told.push_back({{"name", measure.name}, {"missing", measure.missing}});
      // Memory is bounded by another measure as well; a processor's time is not.
      const bool is_asked_for = measure.name == sandbox::kMemory         ? memory != 0
                                : measure.name == sandbox::kControlGroup ? !hook.text("unlimited_cpu").empty()
                                                                         : true;
      if (is_asked_for && !measure.missing.empty()) missing += "; " + measure.name + ": " + measure.missing;
    }
    link_.say({{"say", say::kSandbox}, {"sandbox", std::move(told)}});
    if (missing.empty() || hook.number("sandbox_is_required") == 0) return {};
    return Error{ErrorCode::failed_precondition,
                 "its sandbox is not complete" + missing + "; mend that, or allow it with \"sandbox\": \"prefer\""};
  }

  json init(const Message& hook) {
    telemetry::forward_lines(
        static_cast<telemetry::Level>(hook.number("level")),
        [this](telemetry::Level level, std::string_view message, const telemetry::Field* fields, std::size_t count) {
          forward(level, message, {fields, count});
        });
    const auto image = hook.text("image");
    if (const auto confined = enter_sandbox(hook); !confined) return done(confined);
    auto manifest = manifest::inspect(image, image).manifest;
    if (!manifest) return done(Error{ErrorCode::not_found, "'" + image + "' cannot be read by its worker"});
    const auto arena_max_bytes = static_cast<std::uint64_t>(hook.number("arena_max_bytes"));
    contracts_.emplace(arena_max_bytes);
    generation_ = std::make_shared<Generation>(
        static_cast<std::uint64_t>(hook.number("generation")),
        runtime::GenerationSpec{.manifest = std::move(manifest),
                                .image = image,
                                .sha256 = hook.text("sha256"),
                                .config_text = hook.text("config"),
                                .data_directory = hook.text("data_directory")},
        std::vector<runtime::Service*>{&*contracts_, &http_, &events_, &tasks_, &sql_, &kv_});
    generation_->containment().set({.log_lines = 0});  // the host counts, and knows the admin's limit
    if (const auto begun = generation_->init(); !begun) return done(begun);
    static const runtime::Registered kNothing;
    const auto* const found = contracts_->registry().find(*generation_);
    const auto& registered = found == nullptr ? kNothing : *found;
    if (const auto known = tell_of(registered); !known) return done(known);
    bindings_.emplace(generation_, registered, remote_contracts_, arena_max_bytes);
    crew_ = new Crew(link_, http_, *bindings_);
    crew_->start();
    const bool has_tasks = generation_->spec().manifest->names_interface(MORTISE_TASKS_V1);
    if (has_tasks || !registered.provisions.empty()) {
      contract_crew_ = new ContractCrew(link_, registered, tasks_.channel(), *bindings_);
      contract_crew_->start();
    }
    return describe();
  }

  /// Has the host register in the plugin's name what it has registered here.
  base::Result<void> tell_of(const runtime::Registered& registered) {
    const auto& manifest = *generation_->spec().manifest;
    for (const auto& provision : registered.provisions) {
      const auto& declared = *provision.declared;
      auto known = link_.ask({{"what", "provision"},
                              {"contract", declared.contract},
                              {"name", declared.name},
                              {"methods", manifest::to_text(manifest.methods_of(declared.contract))},
                              {"can_be_called", provision.channel != nullptr ? 1 : 0}});
      if (!known) return known;
    }
    for (const auto& requirement : registered.requirements) {
      const auto& declared = *requirement.declared;
      const auto flags =
          (declared.optional ? MORTISE_REQUIREMENT_OPTIONAL : 0U) | (declared.all ? MORTISE_REQUIREMENT_ALL : 0U);
      auto known = link_.ask({{"what", "requirement"},
                              {"contract", declared.contract},
                              {"provider", declared.name},
                              {"methods", manifest::to_text(manifest.methods_of(declared.contract))},
                              {"flags", flags},
                              {"can_cross", requirement.can_cross ? 1 : 0}});
      if (!known) return known;
    }
    return {};
  }

  /// What the plugin offers to the host.
  json describe() {
    auto answer = done({});
    answer["health"] = generation_->offered(MORTISE_HEALTH_V1) != nullptr ? 1 : 0;
    const auto* const state = static_cast<const mortise_state_v1*>(generation_->offered(MORTISE_STATE_V1));
    if (state == nullptr) return answer;
    answer["state"] = 1;
    answer["state_version"] = state->version;
    answer["exports_rest"] = MORTISE_HAS(mortise_state_v1, state, export_rest) && state->export_rest != nullptr ? 1 : 0;
    answer["imports_rest"] = MORTISE_HAS(mortise_state_v1, state, import_rest) && state->import_rest != nullptr ? 1 : 0;
    return answer;
  }

  void export_state(StatePart part) {
    // Who has answered may still be at work.
    if (part == StatePart::rest) wait_until_idle();
    const auto exported = runtime::export_state(*generation_, part);
    if (!exported) return link_.say(done(exported.error()));
    link_.say_all(done({}), *exported ? (*exported)->bytes : std::string());
  }

  base::Result<void> import_state(const Message& hook, std::string bytes) {
    const auto imported = runtime::import_state(
        *generation_, part_of(hook),
        {.version = static_cast<std::uint32_t>(hook.number("version")), .bytes = std::move(bytes)});
    return imported ? base::Result<void>() : base::Result<void>(imported.error());
  }

  void wait_until_idle() {
    if (crew_ != nullptr) crew_->wait_until_idle();
    if (contract_crew_ != nullptr) contract_crew_->wait_until_idle();
  }

  /// The end of the process: nothing of the plugin is unmapped under threads that are still there.
  [[noreturn]] void destroy() {
    wait_until_idle();
    generation_->retire();
    link_.say(done({}));
    telemetry::expect_exit();
    std::_Exit(0);
  }

  void forward(telemetry::Level level, std::string_view message, std::span<const telemetry::Field> fields) {
    json told = json::object();
    std::size_t room = kMostLogBytes;
    const auto cut = [&room](std::string_view text) {
      const auto piece = text.substr(0, room);
      room -= piece.size();
      return piece;
    };
    message = cut(message);
    for (const auto& field : fields) {
      if (!field.value.empty()) told[std::string(cut(field.key))] = cut(field.value);
    }
    const auto* const scope = telemetry::LogScope::current();
    if (scope != nullptr && scope->trace != nullptr) told["trace_id"] = scope->trace->trace_id();
    link_.say({{"say", say::kLog},
               {"level", static_cast<int>(level) + 1},  // as the ABI counts them
               {"message", message},
               {"request_id", scope == nullptr ? std::string_view() : scope->request_id},
               {"fields", std::move(told)}});
  }

  HostLink& link_;
  RemoteHttp http_;
  RemoteTasks tasks_;
  OutgoingPlaces places_;
  RemoteSql sql_;
  RemoteEvents events_;
  kv::Kv kv_{kv::kv_table<&RemoteSql::table>()};
  std::optional<runtime::Contracts> contracts_;
  runtime::GenerationPtr generation_;
  RemoteContracts remote_contracts_;
  std::optional<Bindings> bindings_;
  // These live as long as the process; null: there is nothing for them to do.
  Crew* crew_ = nullptr;
  ContractCrew* contract_crew_ = nullptr;
};

}  // namespace

int worker_main() {
  for (const int descriptor : {kTalkDescriptor, kAreaDescriptor, kWakeDescriptor}) {
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);  // what the plugin starts gets none of them
  }
  auto area = Area::adopt(base::Descriptor(kAreaDescriptor));
  if (!area) return 1;
  ::prctl(PR_SET_NAME, "mortise-worker");
  HostLink link(Talk(base::Descriptor(kTalkDescriptor)), std::move(*area), base::Descriptor(kWakeDescriptor));
  Worker(link).serve();
}

}  // namespace mortise::isolation
