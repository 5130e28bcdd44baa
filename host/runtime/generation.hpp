// One running instance of one image: the plugin's identity towards the host's tables, its instance, its state.
// Who holds a GenerationPtr may call into the plugin; when the last one goes, the generation is handed to the
// reaper, which destroys the instance and unloads the image on the control thread.
#pragma once

#include <mortise/abi/host.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "loader/image.hpp"
#include "manifest/manifest.hpp"
#include "runtime/service.hpp"

namespace mortise::runtime {

/// What a generation is made from.
struct GenerationSpec {
  std::shared_ptr<const manifest::Manifest> manifest;
  std::filesystem::path image;  // in the store
  std::string sha256;
  std::string config_text;               // JSON
  std::filesystem::path data_directory;  // exists
};

/// State        | entered by                        | next
/// initialising | construction                      | active, failed
/// active       | init() returned OK                | stopping
/// stopping     | stop(): out of every publication  | retired
/// retired      | destroy and unload are done       |
/// failed       | init() failed, threw or overstayed|
enum class GenerationState { initialising, active, stopping, retired, failed };
const char* to_string(GenerationState state);

/// Identity and config are immutable; state is atomic. Hooks run on the control thread only.
class Generation {
 public:
  /// `services` outlive every generation.
  Generation(std::uint64_t number, GenerationSpec spec, std::span<Service* const> services);
  ~Generation();
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return spec_.manifest->name; }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] const std::string& number_text() const noexcept { return number_text_; }
  [[nodiscard]] const GenerationSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] GenerationState state() const noexcept { return state_.load(std::memory_order_acquire); }

  /// Loads the image and runs the plugin's init. [control thread]
  base::Result<void> init();
  /// Runs the plugin's stop hook. [control thread]
  void stop();
  /// Runs the plugin's destroy and unloads; false when the image stays mapped. [control thread]
  bool retire();

  /// The generation behind the handle that the plugin passes to interface functions.
  static Generation& from(mortise_host* host) noexcept;

 private:
  static const void* get_interface(mortise_host* host, mortise_str id);

  std::uint64_t number_;
  std::string number_text_;
  std::string version_text_;
  std::string data_directory_text_;
  GenerationSpec spec_;
  std::vector<Service*> services_;
  mortise_host_v1 table_{};
  std::unique_ptr<loader::Image> image_;
  void* self_ = nullptr;
  // Written by the control thread; read by any: acquire/release so that who sees `active` sees the instance.
  std::atomic<GenerationState> state_{GenerationState::initialising};

  friend struct ConfigTable;
};

}  // namespace mortise::runtime
