// Images that the process still maps although their generations have retired: what dlclose cannot take away. Each costs
// memory until the host restarts, so they are counted, and past a limit the admin is told.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "release/status.hpp"
#include "runtime/generation.hpp"

namespace mortise::release {

/// Release thread only.
class LeftMapped {
 public:
  explicit LeftMapped(std::uint64_t limit) : limit_(limit) {}

  /// Of a generation that has retired without its image going. Looks once at each image's file for the cause.
  void add(const runtime::Generation& generation);
  /// By plugin and version.
  [[nodiscard]] LeftMappedStatus status() const;

 private:
  [[nodiscard]] std::string warning() const;

  std::uint64_t limit_;
  std::uint64_t count_ = 0;
  std::map<std::string, LeftMappedStatus::Image> images_;  // by digest
};

/// Why dlclose leaves an image mapped, with the remedy; `shown_as` is what the sentence is about.
std::string find_why_it_stays(const std::filesystem::path& image, const std::string& shown_as);

}  // namespace mortise::release
