#include "cli/command_line.hpp"

#include <gtest/gtest.h>
#include <unistd.h>
#include <fstream>
#include <sstream>

namespace mortise::cli {
namespace {

namespace fs = std::filesystem;

class CommandLine : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "mortise-cli.XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::create_directories(folder_ / "plugins.d");
    fs::create_directories(folder_ / "drop");
    put("mortise.json", R"({"drop_directory": "drop", "state_directory": "state"})");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void put(const fs::path& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  int run(std::vector<std::string> arguments) {
    const auto file = (folder_ / "mortise.json").string();
    std::vector<const char*> argv{"mortise", "--config", file.c_str()};
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    const Parts parts{files_,
                      out_,
                      err_,
                      "/bin/false",
                      {"mortise.http/1"},
                      [this](const config::HostConfig& host) {
                        served_ = host.drop_directory;
                        return 0;
                      },
                      [](const fs::path&) { return 7; },
                      [] { return 8; }};
    return run_command_line(static_cast<int>(argv.size()), argv.data(), parts);
  }

  fs::path folder_;
  fs::path served_;
  base::RealFiles files_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CommandLine, WrongUsageIsTwo) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"enable"}), 2);
  EXPECT_EQ(run({"frobnicate"}), 2);
  EXPECT_EQ(run({"--help"}), 0);
}

TEST_F(CommandLine, NamesAnUnknownCommandAndTheOneThatWasMeant) {
  EXPECT_EQ(run({"enabel", "notes"}), 2);
  EXPECT_EQ(err_.str(), "unknown command 'enabel'; did you mean 'enable'?\n");
  EXPECT_EQ(run({"frobnicate"}), 2);
  EXPECT_NE(err_.str().find("unknown command 'frobnicate'; run with --help"), std::string::npos) << err_.str();
}

TEST_F(CommandLine, ServeHandsTheConfigurationOver) {
  EXPECT_EQ(run({"serve"}), 0);
  EXPECT_EQ(served_, folder_ / "drop");
}

TEST_F(CommandLine, ServeRefusesAFaultyConfiguration) {
  put("mortise.json", R"({"settle": 1})");
  EXPECT_EQ(run({"serve"}), 1);
  EXPECT_TRUE(served_.empty());
  EXPECT_NE(err_.str().find("/settle: unknown key"), std::string::npos) << err_.str();
}

TEST_F(CommandLine, EnableWritesAndWarnsOfAnUnknownPlugin) {
  put("drop/notes.so", "x");
  EXPECT_EQ(run({"enable", "ntoes"}), 0);
  EXPECT_TRUE(fs::exists(folder_ / "plugins.d/ntoes.json"));
  EXPECT_NE(err_.str().find("did you mean 'notes'?"), std::string::npos) << err_.str();
  EXPECT_NE(err_.str().find((folder_ / "drop").string()), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "state"));
}

TEST_F(CommandLine, EnableOfAKnownPluginDoesNotWarn) {
  put("drop/notes.so", "x");
  EXPECT_EQ(run({"enable", "notes"}), 0);
  EXPECT_EQ(err_.str(), "");
  EXPECT_EQ(run({"enable", "../evil"}), 1);
}

TEST_F(CommandLine, CheckOfConfigurationListsAllFaults) {
  EXPECT_EQ(run({"serve", "--check"}), 0);
  put("plugins.d/bad.json", "{\"enabeld\": true}");
  put("plugins.d/absent.json", "{}");
  EXPECT_EQ(run({"serve", "--check"}), 1);
  EXPECT_NE(err_.str().find("did you mean 'enabled'?"), std::string::npos) << err_.str();
  EXPECT_NE(err_.str().find("absent.so"), std::string::npos) << err_.str();
}

TEST_F(CommandLine, ServeCheckNamesTheFaultsOfTlsFilesAtTheirPlace) {
  put("mortise.json",
      "{\"drop_directory\": \"drop\", \"edge\": {\"listen\": [{\"port\": 1}, {\n"
      "\"tls\": {\"certificate\": \"chain.pem\",\n\"key\": \"key.pem\"}}]}}");
  put("key.pem", "no key");
  fs::permissions(folder_ / "key.pem", fs::perms::owner_read | fs::perms::others_read);
  EXPECT_EQ(run({"serve", "--check"}), 1);
  const auto file = (folder_ / "mortise.json").string();
  EXPECT_NE(err_.str().find(file + ":2: /edge/listen/1/tls/certificate: TLS certificate '"), std::string::npos);
  EXPECT_NE(err_.str().find(file + ":3: /edge/listen/1/tls/key: TLS key '"), std::string::npos) << err_.str();
}

TEST_F(CommandLine, CheckOfAFileThatIsNoPluginIsOne) {
  put("drop/text.so", "just text");
  EXPECT_EQ(run({"check", (folder_ / "drop/text.so").string(), "--json"}), 1);
  EXPECT_NE(out_.str().find("\"passed\": false"), std::string::npos) << out_.str();
}

TEST_F(CommandLine, ListShowsADroppedFileWithoutMakingState) {
  put("drop/notes.so", "x");
  EXPECT_EQ(run({"list"}), 0);
  EXPECT_NE(out_.str().find("notes"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "state"));
}

TEST_F(CommandLine, ProbeReturnsWhatTheProbeReturns) { EXPECT_EQ(run({"probe", "x.so"}), 7); }

TEST_F(CommandLine, WorkerReturnsWhatTheWorkerReturns) { EXPECT_EQ(run({"worker"}), 8); }

TEST_F(CommandLine, VersionNamesTheAbi) {
  EXPECT_EQ(run({"version"}), 0);
  EXPECT_NE(out_.str().find("abi major 1"), std::string::npos);
}

}  // namespace
}  // namespace mortise::cli
