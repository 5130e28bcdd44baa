// One loaded image: the shared library of a plugin in this process, through Boost.DLL. Not for: deciding what to
// load (catalog, release) or running it (runtime).
#pragma once

#include <mortise/abi/plugin.h>

#include <boost/dll/shared_library.hpp>
#include <filesystem>

#include "base/result.hpp"

namespace mortise::loader {

/// Owns the mapping; the plugin's code is valid while this lives. Not movable: the table points into it.
class Image {
 public:
  /// Maps the file (absolute path in the store; now, local), calls its entry, checks the table it returns.
  static base::Result<std::unique_ptr<Image>> load(const std::filesystem::path& file);

  [[nodiscard]] const mortise_plugin_v1& plugin() const noexcept { return *plugin_; }
  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }

  /// Unmaps; false when the process still maps the file afterwards (GNU_UNIQUE symbols, thread-locals).
  bool unload();

 private:
  Image() = default;

  boost::dll::shared_library library_;
  const mortise_plugin_v1* plugin_ = nullptr;
  std::filesystem::path file_;
};

}  // namespace mortise::loader
