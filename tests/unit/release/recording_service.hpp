// A service that offers mortise.http/1 with routes that lead nowhere, and remembers what the release thread did.
#pragma once

#include <mortise/abi/http.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "manifest/manifest.hpp"
#include "runtime/generation.hpp"
#include "runtime/release.hpp"
#include "runtime/service.hpp"

namespace mortise::release::testing {

/// Two generations that register the same path conflict, as in the real thing.
class RecordingService final : public runtime::Service {
 public:
  RecordingService() {
    table_.struct_size = sizeof table_;
    table_.add_route = [](mortise_host* host, const mortise_http_route_v1* route, mortise_error*) -> mortise_status {
      const auto& generation = runtime::Generation::from(host);
      auto& self = *static_cast<RecordingService*>(generation.service_of(MORTISE_HTTP_V1));
      const std::lock_guard lock(self.mutex_);
      self.paths_[generation.number()] = std::string(route->pattern.data, route->pattern.size);
      return MORTISE_OK;
    };
  }

  const void* interface(std::string_view id) const noexcept override {
    return id == MORTISE_HTTP_V1 ? &table_ : nullptr;
  }

  base::Result<void> check_ahead(const manifest::Manifest& manifest) override {
    const auto version = manifest.name + " " + manifest.version.to_string();
    if (!known_bad_.contains(version)) return {};
    return base::Error{base::ErrorCode::failed_precondition, "it is known not to start"};
  }

  std::vector<Conflict> check(const runtime::GenerationSet& next) override {
    const std::lock_guard lock(mutex_);
    std::map<std::string, runtime::GenerationPtr> owners;
    for (const auto& one : next) {
      const auto generation = one.lock();
      const auto path = paths_.find(generation->number());
      if (path == paths_.end()) continue;
      const auto [owner, is_free] = owners.emplace(path->second, generation);
      const auto message = "path " + path->second + " belongs to '" + owner->second->name() + "'";
      if (!is_free) return {{.culprit = generation, .message = message, .others = {owner->second}}};
    }
    return {};
  }

  void publish(const runtime::ReleasePtr& next) override {
    const std::lock_guard lock(mutex_);
    published_.clear();
    canary_.clear();
    for (const auto& cone : next->cones()) published_.push_back(cone->entry);
    changed_.notify_all();
  }

  void publish_canary(const runtime::ReleasePtr& canary, const runtime::CanaryShare& share) override {
    const std::lock_guard lock(mutex_);
    canary_ = std::to_string(share.percent) + " %:";
    for (const auto& cone : canary->cones()) canary_ += " " + cone->entry->name() + " " + cone->entry->version_text();
  }

  void cut(const runtime::Generation& generation) override {
    const std::lock_guard lock(mutex_);
    cut_.push_back(generation.number());
    changed_.notify_all();
  }

  void forget(const runtime::Generation& generation) override {
    const std::lock_guard lock(mutex_);
    forgotten_.push_back(generation.number());
    changed_.notify_all();
  }

  /// "good 1.0.0 same-route-a 1.0.0": what is published, by age.
  std::string published() const {
    std::string text;
    for (const auto& generation : published_) {
      text += (text.empty() ? "" : " ") + generation->name() + " " + generation->version_text();
    }
    return text;
  }

  /// "5 %: good 1.1.0"; empty: there is none.
  std::string canary() const { return canary_; }

  /// Waits until a predicate over this, called under its lock, holds.
  template <class Predicate>
  bool wait_until(Predicate predicate) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), predicate);
  }

  /// Of what is published.
  runtime::GenerationPtr find(const std::string& name) {
    const std::lock_guard lock(mutex_);
    for (const auto& generation : published_) {
      if (generation->name() == name) return generation;
    }
    throw std::out_of_range("'" + name + "' is not published");
  }

  runtime::GenerationPtr hold_first() {
    const std::lock_guard lock(mutex_);
    return published_.empty() ? nullptr : published_.front();
  }

  // Read under wait_until(), or once the runner has stopped.
  std::vector<std::uint64_t> cut_;
  std::vector<std::uint64_t> forgotten_;

  std::set<std::string> known_bad_;  // "good 1.1.0"; the release thread's

 private:
  mortise_http_v1 table_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, std::string> paths_;
  std::vector<runtime::GenerationPtr> published_;
  std::string canary_;
};

}  // namespace mortise::release::testing
