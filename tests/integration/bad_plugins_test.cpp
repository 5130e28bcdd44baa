// Plugins that pass for files but not for plugins: they crash, hang, fail or want what another has. Each is named with
// its fault, and all else serves.
#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class BadPluginTest : public HostTest {
 protected:
  BadPluginTest() { prefix_.add_shipped("hello"); }

  /// Adds the zoo's plugin to a running host, which must reject its file.
  std::string rejection(const std::string& name) {
    auto& host = start();
    prefix_.add_zoo(name);
    const auto plugin = host.wait_for_state(name, "refused");
    expect_hello();
    EXPECT_THAT(plugin["reason"].get<std::string>(), HasSubstr(name + ".so"));
    return host.wait_for_file(name + ".so", "rejected")["reason"];
  }
  /// Likewise one that must fail when it starts.
  std::string failure(const std::string& name) {
    auto& host = start();
    prefix_.add_zoo(name);
    const auto plugin = host.wait_for_state(name, "failed");
    expect_hello();
    const auto line = host.wait_for_log("plugin failed to start");
    EXPECT_EQ(line["plugin"], name);
    EXPECT_EQ(line["level"], "error");
    EXPECT_EQ(line["reason"], plugin["reason"]);
    EXPECT_EQ(line["version"], "1.0.0");
    return plugin["reason"];
  }
  /// What is said of a plugin whose start failed: who, why, and what to do.
  [[nodiscard]] std::string failed(const std::string& name, const std::string& cause) const {
    return "plugin '" + name + "' 1.0.0: " + cause + "; mend the plugin or its config in " +
           (prefix_.plugins_directory() / (name + ".json")).string() + ": it is tried again when either changes";
  }
  void expect_hello() { EXPECT_EQ(host_->get("/hello").status, 200); }
};

TEST_F(BadPluginTest, ConstructorThatCrashesIsRejectedWithTheEvidence) {
  // A sanitizer reports the signal and ends the process itself.
  EXPECT_THAT(rejection("constructor-crashes"), AllOf(AnyOf(HasSubstr("was killed by SIGSEGV"), HasSubstr("Sanitizer")),
                                                      HasSubstr("mend what runs when")));
}

TEST_F(BadPluginTest, ConstructorThatNeverReturnsIsRejectedAfterTheLimit) {
  start();  // so that the good one is known and needs no probe under the short limit
  EXPECT_EQ(host_->stop(), 0);
  prefix_.configure({{"probe_timeout_ms", 500}});
  EXPECT_THAT(rejection("constructor-hangs"),
              AllOf(HasSubstr("did not end within 500 ms"), HasSubstr("raise probe_timeout_ms")));
}

TEST_F(BadPluginTest, ConstructorThatThrowsIsRejectedWithItsWords) {
  EXPECT_THAT(rejection("constructor-throws"),
              AllOf(HasSubstr("thrown while loading"), HasSubstr("mend what runs when")));
}

TEST_F(BadPluginTest, FaultyTablesAreRejectedEachWithItsRemedy) {
  EXPECT_THAT(rejection("entry-returns-null"), HasSubstr("return the address of a mortise_plugin_v1"));
  const std::map<std::string, std::string> remedies{{"short-table", "set struct_size to sizeof(mortise_plugin_v1)"},
                                                    {"no-init", "set init to the function"},
                                                    {"no-destroy", "set destroy to the function"}};
  for (const auto& [name, remedy] : remedies) {
    prefix_.add_zoo(name);
    const auto reason = host_->wait_for_file(name + ".so", "rejected")["reason"].get<std::string>();
    EXPECT_THAT(reason, AllOf(HasSubstr(remedy), Not(HasSubstr("mend what runs"))));
  }
  expect_hello();
}

TEST_F(BadPluginTest, InitThatReturnsAnErrorFailsWithItsMessage) {
  EXPECT_EQ(failure("init-fails"), failed("init-fails", "init failed: the zoo's init always fails"));
}

TEST_F(BadPluginTest, InitThatThrowsFailsWithWhatItThrew) {
  EXPECT_EQ(failure("init-throws"), failed("init-throws", "init let an exception out: thrown by the zoo's init"));
}

TEST_F(BadPluginTest, InitThatNeverReturnsIsGivenUp) {
  prefix_.configure({{"init_timeout_ms", 4000}});  // time enough for the good ones
  EXPECT_EQ(failure("init-hangs"),
            failed("init-hangs",
                   "init did not return within 4000 ms and was given up, and its thread stays stuck until the host "
                   "restarts; raise init_timeout_ms if it only takes longer"));
  prefix_.add_zoo("good-1.0", "good");
  host_->wait_for_state("good", "active");
  EXPECT_EQ(host_->get("/good").body, "1.0.0") << "later plugins start all the same";
}

TEST_F(BadPluginTest, SecondPluginOnARouteFailsAndTakesItWhenTheFirstHasGone) {
  prefix_.add_zoo("same-route-a");
  auto& host = start();
  prefix_.add_zoo("same-route-b");
  const auto reason = host.wait_for_state("same-route-b", "failed")["reason"].get<std::string>();
  EXPECT_THAT(reason, AllOf(HasSubstr("/same"), HasSubstr("same-route-a"), HasSubstr("same-route-b")));
  EXPECT_EQ(host.get("/same").body, "a");
  expect_hello();
  prefix_.disable("same-route-a");
  host.wait_for_state("same-route-b", "active");
  EXPECT_EQ(host.get("/same").body, "b");
}

TEST_F(BadPluginTest, AllOfThemTogetherDoNotKeepTheHostFromStarting) {
  prefix_.configure({{"init_timeout_ms", 4000}});
  for (const auto* name : {"constructor-crashes", "constructor-throws", "init-fails", "init-throws", "init-hangs",
                           "no-entry", "wrong-abi-major"}) {
    prefix_.add_zoo(name);
  }
  auto& host = start();
  expect_hello();
  EXPECT_EQ(host.get("/readyz").status, 200);
  const auto list = mortise({"list"});
  EXPECT_THAT(list.out, AllOf(HasSubstr("init-fails"), HasSubstr("failed"), HasSubstr("refused")));
}

}  // namespace
}  // namespace mortise::integration
