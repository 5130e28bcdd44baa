// What ends, or cannot go on, in the middle of a release that changes two plugins: it counts as a whole or not at all.
#include <Poco/Exception.h>
#include <sys/resource.h>
#include <csignal>
#include <filesystem>
#include <future>

#include "support/gate.hpp"
#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

/// A host that serves 1.0.0 of two plugins, each of which halts where it is told to.
class InterruptedTest : public HostTest {
 protected:
  void SetUp() override {
    prefix_.configure({{"apply", "manual"}});
    for (const auto* plugin : {"halts-a", "halts-b"}) prefix_.add_zoo(plugin + std::string("-1.0"), plugin);
    start().apply();
  }
  /// Begins the upgrade of both; returns when `plugin` is inside that hook.
  void begin_upgrade(const std::string& plugin, const std::string& version, const std::string& hook) {
    gate_.emplace(prefix_, plugin);
    halt_ = prefix_.data_directory(plugin) / "halt";
    testing::write_file(halt_, version + " " + hook);
    for (const auto* one : {"halts-a-1.1", "halts-b-1.1"}) prefix_.drop(zoo_file(one));
    applying_ = std::async(std::launch::async, [this] { return mortise({"apply"}); });
    gate_->wait_until_inside();
  }
  Finished go_on() {
    fs::remove(halt_);
    gate_->open();
    return applying_.get();
  }
  void kill_and_restart() {
    host_->signal(SIGKILL);
    host_->wait();
    go_on();
    start();
  }
  /// "1.0.0 1.0.0": both.
  [[nodiscard]] std::string versions() const { return host_->get("/halts-a").body + " " + host_->get("/halts-b").body; }
  [[nodiscard]] std::string last_result() const {
    return host_->ask("GET", "/v1/history?limit=1")["entries"][0]["result"];
  }

  std::optional<Gate> gate_;
  fs::path halt_;
  std::future<Finished> applying_;
};

struct Moment {
  const char* name;
  const char* version;  // of the instance that is killed inside
  const char* hook;
  bool is_before_switch;
};

class KilledTest : public InterruptedTest, public ::testing::WithParamInterface<std::tuple<Moment, const char*>> {};

TEST_P(KilledTest, LeavesTheFormerReleaseOrTheNextAndNoMix) {
  const auto& [moment, plugin] = GetParam();
  begin_upgrade(plugin, moment.version, moment.hook);
  kill_and_restart();
  EXPECT_EQ(versions(), moment.is_before_switch ? "1.0.0 1.0.0" : "1.1.0 1.1.0");
  EXPECT_EQ(last_result(), moment.is_before_switch ? "interrupted" : "applied");
  if (moment.is_before_switch) host_->apply();
  EXPECT_EQ(versions(), "1.1.0 1.1.0") << "an interruption speaks against nobody";
}

constexpr Moment kMoments[] = {
    {"AtInit", "1.1.0", "init", true},
    {"AtExport", "1.0.0", "export_snapshot", true},
    {"AtImport", "1.1.0", "import_snapshot", true},
    {"AtTheHealthCheck", "1.1.0", "check", true},
    {"AtStop", "1.0.0", "stop", false},
    {"AtExportOfTheRest", "1.0.0", "export_rest", false},
    {"AtImportOfTheRest", "1.1.0", "import_rest", false},
    {"AtDestroy", "1.0.0", "destroy", false},
};
std::string name_of(const ::testing::TestParamInfo<KilledTest::ParamType>& one) {
  const std::string plugin = std::get<1>(one.param);
  return std::string(std::get<0>(one.param).name) + (plugin == "halts-a" ? "OfOne" : "OfTheOther");
}
INSTANTIATE_TEST_SUITE_P(EachStep, KilledTest,
                         ::testing::Combine(::testing::ValuesIn(kMoments), ::testing::Values("halts-a", "halts-b")),
                         name_of);

TEST_F(InterruptedTest, AFullDiskInTheMiddleLeavesTheFormerReleaseServing) {
  begin_upgrade("halts-b", "1.1.0", "check");
  rlimit limit{};
  ASSERT_EQ(::prlimit(host_->process(), RLIMIT_FSIZE, nullptr, &limit), 0);
  const rlimit full{.rlim_cur = 1, .rlim_max = limit.rlim_max};
  ASSERT_EQ(::prlimit(host_->process(), RLIMIT_FSIZE, &full, nullptr), 0);
  const auto failed = go_on();
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.err, HasSubstr("it cannot be written down"));
  EXPECT_EQ(versions(), "1.0.0 1.0.0");
  ASSERT_EQ(::prlimit(host_->process(), RLIMIT_FSIZE, &limit, nullptr), 0);
  EXPECT_EQ(mortise({"apply"}).code, 0);
  EXPECT_EQ(versions(), "1.1.0 1.1.0");
}

TEST_F(InterruptedTest, AnApplyThatIsAskedForMeanwhileFindsItDone) {
  begin_upgrade("halts-a", "1.1.0", "init");
  auto second = std::async(std::launch::async, [this] { return mortise({"apply"}); });
  EXPECT_EQ(versions(), "1.0.0 1.0.0");
  EXPECT_EQ(go_on().code, 0);
  EXPECT_EQ(second.get().code, 0);
  EXPECT_EQ(versions(), "1.1.0 1.1.0");
  EXPECT_EQ(host_->ask("GET", "/v1/history")["entries"].size(), 2U) << "of both versions, and none more";
}

TEST_F(InterruptedTest, ARollbackFindsAnImageWhoseFileIsGone) {
  for (const auto* one : {"halts-a-1.1", "halts-b-1.1"}) prefix_.drop(zoo_file(one));
  host_->apply();
  for (const auto* one : {"halts-a-1.0.so", "halts-b-1.0.so"}) fs::remove(prefix_.drop_directory() / one);
  EXPECT_EQ(mortise({"rollback"}).code, 0);
  EXPECT_EQ(versions(), "1.0.0 1.0.0");
}

TEST_F(InterruptedTest, ARollbackToAnImageThatTheStoreHasLostIsRefused) {
  const auto image = prefix_.state_directory() / "store" /
                     (host_->wait_for_state("halts-a", "active")["sha256"].get<std::string>() + ".so");
  for (const auto* one : {"halts-a-1.1", "halts-b-1.1"}) prefix_.drop(zoo_file(one));
  host_->apply();
  fs::remove(prefix_.drop_directory() / "halts-a-1.0.so");
  ASSERT_TRUE(fs::remove(image));
  EXPECT_EQ(mortise({"plan"}).code, 0) << "it sees that the file is gone";
  const auto refused = mortise({"rollback"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("plugin 'halts-a' of that release"));
  EXPECT_EQ(versions(), "1.1.0 1.1.0");
}

class DrainTest : public HostTest {};

TEST_F(DrainTest, WhoDoesNotDrainInTimeIsReportedAndNobodyElseWaits) {
  prefix_.configure({{"stop_timeout_ms", 100}});
  Gate gate(prefix_);
  prefix_.add_zoo("waits-1.0", "waits");
  prefix_.add_zoo("good-1.0", "good");
  auto& host = start();
  Pending inside(host, "/waits");
  gate.wait_until_inside();
  prefix_.drop(zoo_file("waits-1.1"));
  const auto late = host.wait_for_plugin("waits", [](const json& status) {
    return status["reason"].get<std::string>().find("did not drain within its stop timeout") != std::string::npos;
  });
  EXPECT_EQ(late["state"], "stopping");
  EXPECT_EQ(late["version"], "1.0.0");
  host.wait_for_log("plugin did not drain in time; cutting what it holds open");
  prefix_.drop(zoo_file("good-1.1"));
  host.wait_for_version("good", "1.1.0");
  EXPECT_EQ(host.get("/good").body, "1.1.0");
  gate.open();
  host.wait_for_plugin("waits", [&](const json&) { return host.status()["plugins"].size() == 2; });
  EXPECT_THROW(inside.answer(), Poco::Exception) << "its connection was cut";
}

}  // namespace
}  // namespace mortise::integration
