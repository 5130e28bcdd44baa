// What the slots of an isolated plugin are bound to in one scope, as the host tells its worker with each call: per
// requirement, in the order of registration, how many providers there are, and of a list each one's rank and name.
#pragma once

#include <mortise/abi/scope.h>

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/contract_registry.hpp"
#include "runtime/release.hpp"

namespace mortise::isolation {

class RemoteContracts;

/// The host's side.
class BindingsWriter {
 public:
  void add_one(bool is_bound) { add(is_bound ? 1 : 0); }
  void add_all(std::span<const mortise_provider> providers);
  std::string take() { return std::move(bytes_); }

 private:
  void add(std::uint32_t number);

  std::string bytes_;
};

/// The worker's side: what a scope is entered with. Any thread.
class Bindings {
 public:
  /// `generation` has been initialised, and `registered` is what it has registered; its proxies call over `contracts`.
  /// These outlive it.
  Bindings(runtime::GenerationPtr generation, const runtime::Registered& registered, RemoteContracts& contracts,
           std::uint64_t arena_max_bytes);

  [[nodiscard]] const runtime::Generation& generation() const noexcept { return *generation_; }

  /// `described`: what a BindingsWriter of this host has written.
  runtime::ConePtr find(std::string_view described);

 private:
  struct Way;
  struct Known {
    std::string described;
    runtime::ConePtr cone;
  };
  runtime::ConePtr make(std::string_view described) const;
  [[nodiscard]] std::shared_ptr<Way> make_way(const runtime::Requirement& requirement, std::uint32_t number,
                                              std::uint32_t provider, std::string_view name) const;

  const runtime::GenerationPtr generation_;
  const runtime::Registered& registered_;
  RemoteContracts& contracts_;
  const std::uint64_t arena_max_bytes_;
  std::mutex mutex_;
  std::list<Known> known_;  // guarded by mutex_: those used last come first
};

}  // namespace mortise::isolation
