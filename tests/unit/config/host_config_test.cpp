#include "config/config.hpp"
#include "folder.hpp"

namespace mortise::config {
namespace {

class HostConfigFile : public Folder {
 protected:
  LoadedHost load(const std::string& text) {
    base::RealFiles files;
    return load_host_config(put("mortise.json", text), files);
  }
  /// The only fault, as text without the directory.
  std::string fault(const std::string& text) {
    const auto loaded = load(text);
    EXPECT_EQ(loaded.problems.size(), 1U);
    return loaded.problems.empty() ? "" : loaded.problems[0].to_string().substr(path_.string().size() + 1);
  }
};

TEST_F(HostConfigFile, EmptyObjectGivesTheDefaults) {
  const auto loaded = load("{}");
  EXPECT_TRUE(loaded.problems.empty());
  EXPECT_EQ(loaded.config.plugins_directory, path_ / "plugins.d");
  EXPECT_EQ(loaded.config.drop_directory, (path_ / "../../lib/mortise/plugins").lexically_normal());
  EXPECT_EQ(loaded.config.edge.listen.at(0).port, 8080);
}

TEST_F(HostConfigFile, TakesCommentsByteOrderMarkAndCarriageReturns) {
  const auto loaded = load(
      "\xef\xbb\xbf{ // note\r\n /* more */ \"edge\": {\"listen\": [{\"port\": 0}]},\r\n"
      "\"state_directory\": \"state\", \"settle_ms\": 5}");
  ASSERT_TRUE(loaded.problems.empty()) << loaded.problems[0].to_string();
  EXPECT_EQ(loaded.config.edge.listen.at(0).port, 0);
  EXPECT_EQ(loaded.config.state_directory, path_ / "state");
  EXPECT_EQ(loaded.config.settle.count(), 5);
}

TEST_F(HostConfigFile, UnknownKeyAsksWhetherANearOneWasMeant) {
  EXPECT_EQ(fault("{\n \"edge\": {\"listen\": [\n  {\"prot\": 1}]}}"),
            "mortise.json:3: /edge/listen/0/prot: unknown key 'prot'; did you mean 'port'?");
}

TEST_F(HostConfigFile, WrongTypeAndRangeSayWhatIsExpected) {
  EXPECT_EQ(fault("{\n\n\"settle_ms\": \"1\"}"),
            "mortise.json:3: /settle_ms: must be a whole number from 1 to 60000, is \"1\"");
  EXPECT_EQ(fault("{\"edge\": {\"listen\": [{\"port\": 65536}]}}"),
            "mortise.json:1: /edge/listen/0/port: must be a whole number from 0 to 65535, is 65536");
  EXPECT_EQ(fault("{\"log\": {\"level\": \"loud\"}}"),
            "mortise.json:1: /log/level: must be one of \"debug\" \"info\" \"warning\" \"error\", is \"loud\"");
  EXPECT_EQ(fault("{\"edge\": 7}"), "mortise.json:1: /edge: must be an object in braces, is 7");
  EXPECT_EQ(fault("[]"), "mortise.json:1: must be an object in braces, is []");
}

TEST_F(HostConfigFile, AllFaultsAreReported) {
  EXPECT_EQ(load("{\"settle_ms\": -1, \"log\": {\"keep\": true}, \"x\": 1}").problems.size(), 3U);
}

TEST_F(HostConfigFile, DuplicateKeyNamesBothLines) {
  EXPECT_EQ(fault("{\"settle_ms\": 5,\n\"settle_ms\": 6}"),
            "mortise.json:2: /settle_ms: the key 'settle_ms' stands here a second time, first in line 1; "
            "remove one of the two");
}

TEST_F(HostConfigFile, SyntaxErrorNamesLineAndColumn) {
  const auto text = fault("{\n  \"settle_ms\": 5,\n}");
  EXPECT_EQ(text.rfind("mortise.json:3: ", 0), 0U) << text;
  EXPECT_NE(text.find("not valid JSON at column 1"), std::string::npos) << text;
  EXPECT_NE(fault("").find("mortise.json:1: not valid JSON"), std::string::npos);
}

TEST_F(HostConfigFile, DeepNestingAndLargeFilesAreRefused) {
  EXPECT_NE(fault("{\"edge\": " + std::string(100000, '[')).find("nested deeper than 64"), std::string::npos);
  EXPECT_NE(fault(std::string(1048577, ' ')).find("larger than the limit"), std::string::npos);
}

TEST_F(HostConfigFile, MissingFileIsAProblem) {
  base::RealFiles files;
  const auto loaded = load_host_config(path_ / "none.json", files);
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_NE(loaded.problems[0].to_string().find("none.json"), std::string::npos);
}

TEST_F(HostConfigFile, UnreadableFileIsAProblem) {
  std::filesystem::create_directory(path_ / "mortise.json");  // unreadable for root as well
  base::RealFiles files;
  EXPECT_EQ(load_host_config(path_ / "mortise.json", files).problems.size(), 1U);
}

TEST_F(HostConfigFile, TlsNeedsCertificateAndKey) {
  EXPECT_EQ(fault("{\"edge\": {\"listen\": [{\"tls\": {\"key\": \"k\"}}]}}"),
            "mortise.json:1: /edge/listen/0/tls: the key 'certificate' is missing; add it");
}

TEST_F(HostConfigFile, ListenAddressMustBeAnIpAddress) {
  EXPECT_NE(fault("{\"edge\": {\"listen\": [{\"address\": \"localhost\"}]}}").find("no IP address"), std::string::npos);
}

TEST_F(HostConfigFile, ControlSocketLiesInTheStateDirectoryUnlessNamed) {
  EXPECT_EQ(load("{\"state_directory\": \"state\"}").config.control_socket, path_ / "state/control.sock");
  EXPECT_EQ(load("{\"control_socket\": \"run/c.sock\"}").config.control_socket, path_ / "run/c.sock");
}

TEST_F(HostConfigFile, ControlSocketMustFitIntoTheAddressOfASocket) {
  EXPECT_TRUE(load("{\"control_socket\": \"/" + std::string(106, 'x') + "\"}").problems.empty());
  EXPECT_NE(fault("{\"control_socket\": \"/" + std::string(107, 'x') + "\"}").find("/control_socket: '/xxx"),
            std::string::npos);
  EXPECT_NE(fault("{\"state_directory\": \"/" + std::string(100, 'x') + "\"}").find("longer than the 107 bytes"),
            std::string::npos);
}

TEST_F(HostConfigFile, ControlSocketModeIsOctalText) {
  EXPECT_EQ(load("{}").config.control_socket_mode, 0600U);
  EXPECT_EQ(load("{\"control_socket_mode\": \"0660\"}").config.control_socket_mode, 0660U);
  EXPECT_EQ(load("{\"control_socket_mode\": \"666\"}").config.control_socket_mode, 0666U);
  for (const char* mode : {"0680", "rw", "1777", "00600", "-600"}) {
    EXPECT_EQ(fault("{\"control_socket_mode\": \"" + std::string(mode) + "\"}"),
              "mortise.json:1: /control_socket_mode: '" + std::string(mode) +
                  "' is no mode; write octal digits in quotes, like \"0600\" or \"0660\"");
  }
  EXPECT_EQ(fault("{\"control_socket_mode\": 600}"),
            "mortise.json:1: /control_socket_mode: must be a string in quotes, not empty, is 600");
}

TEST_F(HostConfigFile, ApplyIsAutomaticUnlessManual) {
  EXPECT_EQ(load("{}").config.apply_mode, ApplyMode::automatic);
  EXPECT_EQ(load("{\"apply\": \"auto\"}").config.apply_mode, ApplyMode::automatic);
  EXPECT_EQ(load("{\"apply\": \"manual\"}").config.apply_mode, ApplyMode::manual);
  EXPECT_EQ(fault("{\"apply\": \"never\"}"),
            "mortise.json:1: /apply: must be one of \"auto\" \"manual\", is \"never\"");
}

}  // namespace
}  // namespace mortise::config
