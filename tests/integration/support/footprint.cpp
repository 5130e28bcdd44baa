#include "support/footprint.hpp"

#include <fstream>
#include <iterator>

namespace mortise::integration {
namespace {

namespace fs = std::filesystem;

fs::path directory_of(pid_t pid) { return fs::path("/proc") / std::to_string(pid); }

std::size_t count_entries(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

}  // namespace

Footprint Footprint::of(pid_t pid) {
  Footprint footprint{.threads = count_entries(directory_of(pid) / "task"),
                      .descriptors = count_entries(directory_of(pid) / "fd"),
                      .resident_kib = 0};
  std::ifstream status(directory_of(pid) / "status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") status >> footprint.resident_kib;
  }
  return footprint;
}

std::set<std::string> mapped_below(pid_t pid, const fs::path& directory) {
  const auto prefix = directory.string() + "/";
  std::ifstream maps(directory_of(pid) / "maps");
  std::set<std::string> files;
  for (std::string line; std::getline(maps, line);) {
    const auto begin = line.find(prefix);
    if (begin != std::string::npos) files.insert(line.substr(begin));
  }
  return files;
}

}  // namespace mortise::integration
