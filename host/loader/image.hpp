// One loaded image: the shared library of a plugin in this process, through Boost.DLL. Not for: deciding what to
// load (catalog, release) or running it (runtime).
#pragma once

#include <mortise/abi/plugin.h>

#include <boost/dll/shared_library.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "loader/code.hpp"

namespace mortise::loader {

/// Owns the mapping; the plugin's code is valid while this lives. Not movable: the table points into it. Each Image
/// has a mapping, and so static variables, of its own, even when the process has the same file loaded already.
/// One thread loads and unloads (the control thread, or a probe's only one).
class Image final : public Code {
 public:
  /// Maps the file (absolute path in the store; now, local), calls its entry, checks the table it returns.
  static base::Result<std::unique_ptr<Image>> load(const std::string& file);
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  ~Image() override;  // unmaps

  [[nodiscard]] const mortise_plugin_v1& plugin() const noexcept override { return *plugin_; }
  [[nodiscard]] base::CodeRange range() const noexcept override { return base::mapping_of(plugin_); }
  [[nodiscard]] const std::string& file() const noexcept { return file_; }

  /// Unmaps; false when the process still maps the file afterwards (GNU_UNIQUE symbols, thread-locals, keep_mapped()).
  bool unload() override;
  /// It stays mapped until the process ends: code of it may run on.
  void keep_mapped() override;
  [[nodiscard]] std::optional<ProcessReport> process() const override { return {}; }

 private:
  Image() = default;
  base::Result<void> map();
  base::Result<void> map_file();
  base::Result<void> enter();

  boost::dll::shared_library library_;
  const mortise_plugin_v1* plugin_ = nullptr;
  std::string file_;
  std::string mapped_as_;  // file_, or the copy that was mapped in its place
};

}  // namespace mortise::loader
