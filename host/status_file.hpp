// What the running host tells other processes on the same machine: status.json, rewritten at every change, and
// ports, the addresses it listens on. Both lie in the state directory.
#pragma once

#include <sys/types.h>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/files.hpp"
#include "release/runner.hpp"

namespace mortise {

/// Owned by the application; one thread at a time.
class StatusFile {
 public:
  /// `supervisor`: the process that signals go to.
  StatusFile(std::filesystem::path state_directory, pid_t supervisor, base::Files& files);

  /// Writes `ports`: one "address:port" a line; later status documents carry `urls`.
  void announce(const std::vector<std::string>& endpoints, std::vector<std::string> urls);
  /// Rewrites status.json if it would differ. A failure is logged and tried again at the next change. Of a thousand
  /// plugins few have changed: the lines of the others are kept as text.
  void write(const release::Status& status);
  /// Removes both: nothing runs here any more.
  void remove();

 private:
  /// What the document says of one plugin, and of whom it says so.
  struct PluginLine {
    std::string version;
    std::string state;
    std::string reason;
    std::string sha256;
    std::string text;
  };
  using PluginLines = std::map<std::pair<std::string, std::uint64_t>, PluginLine>;  // by name and generation

  void add_plugins(const std::vector<release::PluginStatus>& plugins, std::string& document);
  void add_files(const catalog::RecordSet& files, std::string& document);

  std::filesystem::path directory_;
  pid_t supervisor_;
  base::Files& files_;
  std::string started_;
  std::vector<std::string> urls_;
  PluginLines plugin_lines_;                       // of the last document
  catalog::RecordSet files_told_;                  // likewise
  std::map<std::string, std::string> file_lines_;  // of these, by path
  std::string last_;
};

}  // namespace mortise
