// The two plugins of the benchmarks in a runtime of their own, with an edge on a port of the kernel's choice.
#pragma once

#include <cstdint>
#include <filesystem>

#include "http/server.hpp"
#include "runtime/contracts.hpp"
#include "runtime/release.hpp"
#include "work.hpp"

namespace bench {

/// Ends the process with a message when something cannot be made.
class World {
 public:
  /// `plugins`: where provider.so and consumer.so are.
  explicit World(const std::filesystem::path& plugins);

  /// What entered at the consumer.
  [[nodiscard]] const mortise::runtime::ConePtr& cone() const noexcept { return release_->cones().at(2); }
  /// The same while calls are observed.
  [[nodiscard]] const mortise::runtime::ConePtr& observed_cone() const noexcept { return observed_->cones().at(2); }
  [[nodiscard]] const Bare& bare() const noexcept { return *bare_; }
  [[nodiscard]] const Loops& loops() const noexcept { return *loops_; }
  [[nodiscard]] std::uint16_t port() const { return server_.ports().front(); }

 private:
  mortise::runtime::GenerationPtr start(std::uint64_t number, const char* name, const std::filesystem::path& image);

  mortise::runtime::Contracts contracts_{std::uint64_t{64} << 20};
  mortise::http::Server server_;
  mortise::runtime::GenerationPtr provider_;
  mortise::runtime::GenerationPtr consumer_;
  mortise::runtime::ReleasePtr release_;
  mortise::runtime::ReleasePtr observed_;
  const Bare* bare_;
  const Loops* loops_;
};

}  // namespace bench
