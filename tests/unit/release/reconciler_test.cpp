#include "release/reconciler.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/temporary_directory.hpp"
#include "recording_service.hpp"

namespace mortise::release {
namespace {

using ::testing::HasSubstr;
using testing::RecordingService;

constexpr std::chrono::seconds kLong{45};

/// A reconciler over real directories and real zoo plugins, driven pass by pass: what changes between two passes is
/// seen at one stroke.
class ReconcilerTest : public ::testing::Test {
 protected:
  ReconcilerTest() {
    std::filesystem::create_directory(root_ / "drop");
    std::filesystem::create_directory(root_ / "plugins.d");
    for (const auto* name : {"currency-1.0", "shop", "teller"}) {
      const auto file = root_ / "drop" / (std::string(name) + ".so");
      std::filesystem::copy_file(std::filesystem::path(MORTISE_ZOO) / file.filename(), file);
      ::chmod(file.c_str(), 0755);
      // Old: complete at first sight.
      std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - std::chrono::minutes(1));
    }
    auto catalog = catalog::Catalog::open(
        {.drop_directory = root_ / "drop", .state_directory = root_ / "state", .settle = std::chrono::milliseconds(1)},
        files_, [](const std::filesystem::path&) -> base::Result<void> { return {}; });
    EXPECT_TRUE(catalog) << catalog.error().message;
    reconciler_ =
        std::make_unique<Reconciler>(RunnerSettings{.drop_directory = root_ / "drop",
                                                    .plugins_directory = root_ / "plugins.d",
                                                    .state_directory = root_ / "state",
                                                    .init_timeout = kLong,
                                                    .stop_timeout = kLong},
                                     std::move(*catalog), contracts_, std::vector<runtime::Service*>{&service_}, files_,
                                     [this](runtime::Generation* gone) { gone_.push_back(gone); });
  }
  ~ReconcilerTest() override {
    reconciler_->let_go();
    retire();
  }

  /// One pass with exactly these plugins enabled; what is published after it.
  std::string pass_with(const std::vector<std::string>& enabled) {
    for (const auto& file : std::filesystem::directory_iterator(root_ / "plugins.d")) {
      std::filesystem::remove(file.path());
    }
    for (const auto& name : enabled) mortise::testing::write_file(root_ / "plugins.d" / (name + ".json"), "{}");
    reconciler_->pass();
    retire();
    return service_.published();
  }

  std::string reason_of(const std::string& name) {
    for (const auto& plugin : reconciler_->status().plugins) {
      if (plugin.name == name) return std::string(plugin.state) + ": " + plugin.reason;
    }
    return {};
  }

  mortise::testing::TemporaryDirectory root_;
  base::RealFiles files_;
  runtime::Contracts contracts_{std::uint64_t{1} << 20};
  RecordingService service_;
  std::unique_ptr<Reconciler> reconciler_;

 private:
  void retire() {
    for (auto* gone : std::exchange(gone_, {})) reconciler_->retire(gone);
  }

  std::vector<runtime::Generation*> gone_;
};

// `teller` provides what `shop` requires, too, but with other methods.

TEST_F(ReconcilerTest, StopsAConsumerThatLosesItsProviderAndNobodyElse) {
  ASSERT_EQ(pass_with({"currency", "shop"}), "currency 1.0.0 shop 1.0.0");
  ASSERT_EQ(pass_with({"currency", "shop", "teller"}), "currency 1.0.0 shop 1.0.0 teller 1.0.0");
  EXPECT_EQ(pass_with({"shop", "teller"}), "teller 1.0.0") << "it ran before, and is not at fault";
  EXPECT_THAT(reason_of("shop"), HasSubstr("convert"));
}

TEST_F(ReconcilerTest, TriesThoseAgainThatMetWhatDoesNotRunEither) {
  ASSERT_EQ(pass_with({"currency", "shop"}), "currency 1.0.0 shop 1.0.0");
  pass_with({"shop", "teller"});  // the newcomer does not fit the consumer, which goes as well
  ASSERT_TRUE(reconciler_->next_look()) << "nobody has to ask";
  EXPECT_EQ(pass_with({"shop", "teller"}), "teller 1.0.0");
}

}  // namespace
}  // namespace mortise::release
