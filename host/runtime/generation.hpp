// One running instance of one image: the plugin's identity towards the host's tables, its instance, its state.
// Who holds a GenerationPtr may call into the plugin; when the last one goes, its deleter hands the generation to
// the release thread, which has the instance destroyed and the image unloaded.
#pragma once

#include <mortise/abi/host.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "loader/code.hpp"
#include "manifest/manifest.hpp"
#include "runtime/containment.hpp"
#include "runtime/memory_account.hpp"
#include "runtime/service.hpp"
#include "runtime/traffic.hpp"
#include "telemetry/code_owners.hpp"

namespace mortise::runtime {

/// What a process of its own may do, beyond the little that any may.
struct Confinement {
  bool is_required = false;  // all that confines it; else what cannot be had is done without
  bool may_connect = false;
  std::uint64_t memory_bytes = 0;  // 0: no limit
  unsigned cpu_percent = 0;        // of one processor; 0: no limit
};

/// What a generation is made from.
struct GenerationSpec {
  std::shared_ptr<const manifest::Manifest> manifest;
  std::string image;  // in the store
  std::string sha256;
  std::string config_text;          // JSON
  std::string data_directory;       // exists
  std::set<std::string> exposed{};  // of the contracts that it provides, those that are called over HTTP
  Confinement confinement{};        // where another process runs it
  unsigned workers = 1;             // how many processes do
  std::string remote{};             // the URL of the host that runs it; empty: this one does
  /// What stands in for the image, which another process or host runs; empty: it is mapped into this process.
  /// [control thread]
  std::function<std::unique_ptr<loader::Code>(const GenerationSpec& spec)> stand_in{};
};

/// State        | entered by                           | next
/// initialising | construction                         | active, failed
/// active       | init() succeeded                     | stopping
/// stopping     | stop(): out of every publication     | retired
/// retired      | retire(): destroyed and unloaded     |
/// failed       | init() failed or was given up        | retired
enum class GenerationState { initialising, active, stopping, retired, failed };
const char* to_string(GenerationState state);

/// Identity and config are immutable; state is atomic; hooks run on the control thread only.
class Generation {
 public:
  /// `services` outlive every generation.
  Generation(std::uint64_t number, GenerationSpec spec, std::span<Service* const> services);
  ~Generation() = default;
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return spec_.manifest->name; }
  [[nodiscard]] const std::string& version_text() const noexcept { return version_text_; }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] const std::string& number_text() const noexcept { return number_text_; }
  [[nodiscard]] const GenerationSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] GenerationState state() const noexcept { return state_.load(std::memory_order_acquire); }

  /// Loads the image and runs the plugin's init; an exception that the plugin lets out is a failure like another.
  /// When give_up() came first, the late success is undone at once. [control thread]
  base::Result<void> init();
  /// initialising -> failed, from the thread that waited for init() in vain; false when init() was just in time.
  bool give_up() noexcept;
  /// A hook of the plugin's, given its instance: OK, or why it failed.
  using Hook = std::function<mortise_status(void* self, mortise_error* error)>;
  /// Runs one of an active generation; an exception that it lets out is a failure like another. `name` is what messages
  /// call it. [control thread]
  base::Result<void> call(const char* name, const Hook& hook);
  /// What the active plugin offers under an interface's id, or null. [control thread]
  [[nodiscard]] const void* offered(std::string_view id);

  /// Has something live until nothing of the plugin runs any more, its destroy hook included. In a service's prepare().
  void keep(std::shared_ptr<const void> thing) { kept_.push_back(std::move(thing)); }

  /// Runs the plugin's stop hook. [control thread]
  void stop();
  /// Runs the plugin's destroy and unloads; false when the image stays mapped. [control thread]
  bool retire();

  /// Has what comes of its requests counted from now on, once and for all. [release thread]
  /// Returns the counts, which may outlive it.
  std::shared_ptr<const Traffic> watch(Traffic::Duration slow_after);
  /// The counts; null while nobody wants to know. Any thread.
  [[nodiscard]] Traffic* traffic() const noexcept { return traffic_.load(std::memory_order_acquire); }

  /// Its code; from the beginning of init() to the end of retire(). [control thread]
  [[nodiscard]] loader::Code& code() const noexcept { return *code_; }
  /// Of the process that runs it elsewhere; none: it runs here, or not yet, or not any more. [release thread]
  [[nodiscard]] std::optional<loader::ProcessReport> process() const;
  /// Of the host that runs it elsewhere; none: this one does, or it does not run. [release thread]
  [[nodiscard]] std::optional<loader::HostReport> remote_host() const;

  /// What limits and counts the requests to its routes. Any thread.
  [[nodiscard]] Containment& containment() const noexcept { return containment_; }

  /// What its plugin has of this process's memory. Any thread.
  [[nodiscard]] MemoryAccount& memory() const noexcept { return memory_; }

  /// The function table of an interface for this generation, or null.
  [[nodiscard]] const void* interface(std::string_view id) const noexcept;

  /// The service that offers an interface, or null.
  [[nodiscard]] Service* service_of(std::string_view id) const noexcept;

  /// The generation behind the handle that the plugin passes to interface functions.
  static Generation& from(mortise_host* host) noexcept { return *reinterpret_cast<Generation*>(host); }

 private:
  base::Result<void> run_init();
  base::Result<void> call_init();
  void destroy_instance() noexcept;
  [[nodiscard]] bool has_code() const noexcept;

  std::uint64_t number_;
  GenerationSpec spec_;
  std::vector<Service*> services_;
  std::string number_text_;
  std::string version_text_;
  mortise_host_v1 table_{};
  std::vector<std::shared_ptr<const void>> kept_;  // written before init
  std::unique_ptr<loader::Code> code_;
  std::optional<telemetry::CodeOwner> code_owner_;  // of what code_ has in this process
  void* self_ = nullptr;
  mutable Containment containment_;  // has a lock and counts of its own
  MemoryAccount& memory_;
  std::shared_ptr<Traffic> watched_;
  // Released by watch() when the counts are there; acquired by whoever counts.
  std::atomic<Traffic*> traffic_{nullptr};
  // Released by the control thread when it has written code_ and self_; acquired by readers of state().
  std::atomic<GenerationState> state_{GenerationState::initialising};
};

}  // namespace mortise::runtime
