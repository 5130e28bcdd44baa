// A reconciler to be driven by hand.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/temporary_directory.hpp"
#include "recording_service.hpp"
#include "release/reconciler.hpp"

namespace mortise::release::testing {

/// A reconciler over real directories and real zoo plugins, driven pass by pass: what changes between two passes is
/// seen at one stroke.
class ReconcilerTest : public ::testing::Test {
 protected:
  ReconcilerTest() {
    std::filesystem::create_directory(root_ / "drop");
    std::filesystem::create_directory(root_ / "plugins.d");
    for (const auto* name : {"currency-1.0", "shop", "teller", "good-1.0"}) drop(name);
    restart();
  }
  ~ReconcilerTest() override { end(); }

  void drop(const std::string& name) {
    const auto file = root_ / "drop" / (name + ".so");
    std::filesystem::copy_file(std::filesystem::path(MORTISE_ZOO) / file.filename(), file);
    ::chmod(file.c_str(), 0755);
    // Old: complete at first sight.
    std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - std::chrono::minutes(1));
  }

  /// As if the host ended and began anew.
  void restart(Reconciler::Record record = Reconciler::Record::now) {
    if (reconciler_) end();
    auto catalog = catalog::Catalog::open(
        {.drop_directory = root_ / "drop",
         .state_directory = root_ / "state",
         .settle = std::chrono::milliseconds(1),
         .interfaces = {"mortise.config/1", "mortise.contracts/1", "mortise.http/1", "mortise.log/1"}},
        files_, [](const std::filesystem::path&) -> base::Result<void> { return {}; });
    EXPECT_TRUE(catalog) << catalog.error().message;
    reconciler_ =
        std::make_unique<Reconciler>(RunnerSettings{.drop_directory = root_ / "drop",
                                                    .plugins_directory = root_ / "plugins.d",
                                                    .state_directory = root_ / "state",
                                                    .applies_by_itself = applies_by_itself_,
                                                    .init_timeout = kPatience,
                                                    .stop_timeout = kPatience,
                                                    .on_crash = on_crash_,
                                                    .crashes = std::exchange(crashes_, {})},
                                     std::move(*catalog), contracts_, std::vector<runtime::Service*>{&service_}, files_,
                                     [this](runtime::Generation* gone) { gone_.push_back(gone); });
    reconciler_->begin(record);
  }

  /// One pass with exactly these plugins enabled; what is published after it.
  std::string pass_with(const std::vector<std::string>& enabled) {
    enable(enabled);
    return pass();
  }
  void enable(const std::vector<std::string>& enabled) {
    for (const auto& file : std::filesystem::directory_iterator(root_ / "plugins.d")) {
      std::filesystem::remove(file.path());
    }
    for (const auto& name : enabled) configure(name, "{}");
  }
  void configure(const std::string& plugin, const std::string& text) {
    mortise::testing::write_file(root_ / "plugins.d" / (plugin + ".json"), text);
  }
  /// As the runner does with what nobody holds any more.
  void retire() {
    for (auto* gone : std::exchange(gone_, {})) reconciler_->drains().retire(gone);
  }
  std::string pass() {
    reconciler_->pass();
    retire();
    return service_.published();
  }
  std::string roll_back(std::optional<std::uint64_t> release = {}) {
    const auto outcome = reconciler_->rollback(release, "root (uid 0)");
    retire();
    if (!outcome) return outcome.error().message;
    return to_string(outcome->result) + std::string(": ") + service_.published();
  }

  /// What runs of it, or else anything that is said of it.
  PluginStatus status_of(const std::string& name) {
    for (auto& plugin : reconciler_->status().plugins) {
      if (plugin.name == name) return plugin;
    }
    return {};
  }
  std::string reason_of(const std::string& name) {
    for (const auto& plugin : reconciler_->status().plugins) {
      if (plugin.name == name) return std::string(plugin.state) + ": " + plugin.reason;
    }
    return {};
  }

  mortise::testing::TemporaryDirectory root_;
  bool applies_by_itself_ = true;                           // from the next restart on
  config::OnCrash on_crash_ = config::OnCrash::quarantine;  // likewise
  std::vector<telemetry::CrashMark> crashes_{};             // for the next restart
  base::RealFiles files_;
  runtime::Contracts contracts_{std::uint64_t{1} << 20};
  RecordingService service_;
  std::unique_ptr<Reconciler> reconciler_;

 private:
  static constexpr std::chrono::seconds kPatience{45};

  void end() {
    reconciler_->let_go();
    retire();
    reconciler_.reset();
  }
  std::vector<runtime::Generation*> gone_;
};

}  // namespace mortise::release::testing
