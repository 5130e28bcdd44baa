// An installed host's folders, in a directory of the test's own: etc/, lib/ and var/ as in an installed prefix. What a
// test does here is what teams and admins do: drop files, write configuration.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/temporary_directory.hpp"

namespace mortise::integration {

/// The files of tests/zoo and the plugins that ship, by name.
std::filesystem::path zoo_file(const std::string& name);
std::filesystem::path shipped_file(const std::string& name);
/// The host as it was built.
std::filesystem::path built_executable();

/// One thread.
class Prefix {
 public:
  /// Writes a mortise.json that lets the kernel choose the port, logs JSON, settles fast, and leaves a busy machine the
  /// time that it needs.
  Prefix();

  [[nodiscard]] const std::filesystem::path& path() const { return directory_.path(); }
  [[nodiscard]] std::filesystem::path config_file() const { return path() / "etc/mortise/mortise.json"; }
  [[nodiscard]] std::filesystem::path plugins_directory() const { return path() / "etc/mortise/plugins.d"; }
  [[nodiscard]] std::filesystem::path drop_directory() const { return path() / "lib/mortise/plugins"; }
  [[nodiscard]] std::filesystem::path state_directory() const { return path() / "var/lib/mortise"; }
  /// The one that was installed here, or else the one that was built.
  [[nodiscard]] std::filesystem::path executable() const;
  /// A plugin's own folder, which the host makes at its first start.
  [[nodiscard]] std::filesystem::path data_directory(const std::string& plugin) const {
    return state_directory() / "data" / plugin;
  }

  /// Puts a file in the place of bin/mortise, at one stroke.
  void install_executable(const std::filesystem::path& file);
  /// Merges `changes` into mortise.json.
  void configure(const nlohmann::json& changes);
  /// Copies a file into the drop directory, complete at one stroke and settled; returns where it lies. `as`: without
  /// ".so".
  std::filesystem::path drop(const std::filesystem::path& file, const std::string& as = "");
  /// Writes plugins.d/NAME.json as text, at one stroke.
  void write_plugin(const std::string& name, const std::string& text);
  void enable(const std::string& name, const nlohmann::json& config = nlohmann::json::object());
  /// Where plugins run that are enabled from here on: "inline" or "isolated".
  void place(const std::string& placement) { placement_ = placement; }
  void disable(const std::string& name);
  /// Drops and enables one of the zoo's, and one that ships.
  void add_zoo(const std::string& file, const std::string& name = "");
  void add_shipped(const std::string& name, const nlohmann::json& config = nlohmann::json::object());

 private:
  testing::TemporaryDirectory directory_;
  nlohmann::json config_;
  std::string placement_ = "inline";
};

}  // namespace mortise::integration
