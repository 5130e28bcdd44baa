#include "config/config.hpp"
#include "folder.hpp"

namespace mortise::config {
namespace {

using PluginFiles = Folder;

TEST_F(PluginFiles, AreReadByName) {
  put("notes.json", "{\"version\": \"^1\", // pinned\n\"config\": {\n\"a/b\": [1,\n2]}}");
  put("hello.json", "{\"enabled\": false}");
  put("README", "not a plugin");
  base::RealFiles files;
  const auto loaded = load_plugin_configs(path_, files);
  EXPECT_TRUE(loaded.problems.empty());
  ASSERT_EQ(loaded.plugins.size(), 2U);
  EXPECT_FALSE(loaded.plugins.at("hello.json")->enabled);
  EXPECT_EQ(loaded.plugins.at("hello.json")->config_text, "{}");
  EXPECT_EQ(loaded.plugins.at("notes.json")->version, "^1");
  EXPECT_EQ(loaded.plugins.at("notes.json")->config_lines.at("/a~1b/1"), 4U);
  EXPECT_EQ(loaded.plugins.at("notes.json")->config_lines.at(""), 2U);
}

TEST_F(PluginFiles, FaultyOneHidesOnlyItself) {
  put("bad.json", "{\"enabled\": \"yes\"}");
  put("good.json", "{}");
  put("Not_A_Name.json", "{}");
  base::RealFiles files;
  const auto loaded = load_plugin_configs(path_, files);
  ASSERT_EQ(loaded.plugins.size(), 1U);
  EXPECT_EQ(loaded.plugins.at("good.json")->name, "good");
  ASSERT_EQ(loaded.problems.size(), 2U);
  EXPECT_NE(loaded.problems[0].message.find("no plugin name"), std::string::npos);
  EXPECT_EQ(loaded.problems[1].pointer, "/enabled");
}

TEST_F(PluginFiles, SayWhatIsTakenFromAProcessOfItsOwn) {
  put("a.json", R"({"placement": "isolated", "sandbox": "require", "network": "client",
                    "limits": {"memory_bytes": 33554432, "cpu_percent": 150}})");
  put("b.json", R"({"network": "client", "sandbox": "prefer"})");
  put("c.json", R"({"sandbox": "require"})");
  put("d.json", R"({"placement": "isolated", "limits": {"memory_bytes": 1}})");
  put("e.json", R"({"placement": "isolated", "network": "server"})");
  base::RealFiles files;
  const auto loaded = load_plugin_configs(path_, files);
  ASSERT_EQ(loaded.plugins.size(), 2U);
  EXPECT_EQ(loaded.plugins.at("a.json")->sandbox,
            (SandboxConfig{.is_required = true, .grants_network = true, .memory_bytes = 33554432, .cpu_percent = 150}));
  EXPECT_EQ(loaded.plugins.at("b.json")->sandbox, SandboxConfig{.grants_network = true});
  ASSERT_EQ(loaded.problems.size(), 3U);
  EXPECT_EQ(loaded.problems[0].pointer, "/sandbox");
  EXPECT_EQ(loaded.problems[1].pointer, "/limits/memory_bytes");
  EXPECT_EQ(loaded.problems[2].pointer, "/network");
}

TEST_F(PluginFiles, SayInHowManyProcessesOneRuns) {
  put("a.json", R"({"placement": "isolated", "workers": 64})");
  put("b.json", "{}");
  put("c.json", R"({"workers": 0})");
  put("d.json", R"({"workers": 65})");
  base::RealFiles files;
  const auto loaded = load_plugin_configs(path_, files);
  ASSERT_EQ(loaded.plugins.size(), 2U);
  EXPECT_EQ(loaded.plugins.at("a.json")->workers, 64U);
  EXPECT_EQ(loaded.plugins.at("b.json")->workers, 1U);
  ASSERT_EQ(loaded.problems.size(), 2U);
  for (const auto& problem : loaded.problems) EXPECT_EQ(problem.pointer, "/workers");
}

TEST_F(PluginFiles, SayWhichContractsCanBeCalledOverHttp) {
  put("a.json", R"({"expose": true})");
  put("b.json", "{\"expose\": [\"boutique.currency/1\",\n\"boutique.rates/2\"]}");
  put("c.json", R"({"expose": false})");
  put("d.json", R"({"expose": "boutique.currency/1"})");
  put("e.json", "{\"expose\": [\n\"boutique.currency/1\",\n7, \"\"]}");
  base::RealFiles files;
  const auto loaded = load_plugin_configs(path_, files);
  ASSERT_EQ(loaded.plugins.size(), 3U);
  EXPECT_TRUE(loaded.plugins.at("a.json")->expose.has_all);
  const auto& named = *loaded.plugins.at("b.json");
  EXPECT_EQ(named.expose, (ExposeConfig{.contracts = {"boutique.currency/1", "boutique.rates/2"}}));
  EXPECT_EQ(named.expose_lines.at("boutique.rates/2"), 2U);
  EXPECT_EQ(loaded.plugins.at("c.json")->expose, ExposeConfig{});
  ASSERT_EQ(loaded.problems.size(), 3U);
  EXPECT_EQ(loaded.problems[0].pointer, "/expose");
  EXPECT_NE(loaded.problems[0].message.find("must be true, or a list of contracts"), std::string::npos);
  EXPECT_EQ(loaded.problems[1].pointer, "/expose/1");
  EXPECT_EQ(loaded.problems[1].line, 3U);
  EXPECT_EQ(loaded.problems[2].pointer, "/expose/2");
}

TEST_F(PluginFiles, SayWhatANewVersionMustKeepTo) {
  put("notes.json", R"({"probation": {"for": "2m", "requests": 7, "max_error_percent": 3, "max_p95": "250ms"},
                        "canary": {"percent": 5, "for": "90s", "key": "header:X-User"}})");
  put("plain.json", "{}");
  base::RealFiles files;
  const auto loaded = load_plugin_configs(path_, files);
  ASSERT_EQ(loaded.plugins.size(), 2U) << loaded.problems.front().to_string();
  const auto& probation = loaded.plugins.at("notes.json")->probation;
  EXPECT_EQ(probation.duration, std::chrono::minutes(2));
  EXPECT_EQ(probation.requests, 7U);
  EXPECT_EQ(probation.max_error_percent, 3U);
  EXPECT_EQ(probation.max_p95, std::chrono::milliseconds(250));
  ASSERT_TRUE(loaded.plugins.at("notes.json")->canary);
  EXPECT_EQ(loaded.plugins.at("notes.json")->canary->percent, 5U);
  EXPECT_EQ(loaded.plugins.at("notes.json")->canary->duration, std::chrono::seconds(90));
  EXPECT_EQ(loaded.plugins.at("notes.json")->canary->key, "header:X-User");
  EXPECT_EQ(loaded.plugins.at("plain.json")->probation.duration, std::chrono::seconds(60));
  EXPECT_EQ(loaded.plugins.at("plain.json")->probation.requests, 20U);
  EXPECT_EQ(loaded.plugins.at("plain.json")->probation.max_error_percent, 25U);
  EXPECT_FALSE(loaded.plugins.at("plain.json")->probation.max_p95);
  EXPECT_FALSE(loaded.plugins.at("plain.json")->canary);
}

TEST_F(PluginFiles, SayWhereTheyRun) {
  put("apart.json", R"({"placement": "isolated"})");
  put("elsewhere.json", R"({"placement": "elsewhere"})");
  put("here.json", R"({"placement": "inline"})");
  put("plain.json", "{}");
  put("proving.json", R"({"placement": {"probation": {"requests": 10000}}, "sandbox": "require"})");
  base::RealFiles files;
  const auto loaded = load_plugin_configs(path_, files);
  ASSERT_EQ(loaded.plugins.size(), 4U);
  EXPECT_EQ(loaded.plugins.at("apart.json")->placement, Placement::isolated);
  EXPECT_EQ(loaded.plugins.at("here.json")->placement, Placement::in_line);
  EXPECT_EQ(loaded.plugins.at("plain.json")->placement, Placement::in_line);
  EXPECT_EQ(loaded.plugins.at("plain.json")->isolated_first, 0U);
  EXPECT_EQ(loaded.plugins.at("proving.json")->placement, Placement::in_line);
  EXPECT_EQ(loaded.plugins.at("proving.json")->isolated_first, 10000U);
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].pointer, "/placement");
}

TEST_F(PluginFiles, SayWhichHostRunsThem) {
  put("plain.json", R"({"placement": {"remote": "http://10.0.0.7:9000"}})");
  put("short.json", R"({"placement": {"remote": "http://prices.example/"}})");
  put("six.json", R"({"placement": {"remote": "http://[::1]:9000"}})");
  base::RealFiles files;
  const auto loaded = load_plugin_configs(path_, files);
  ASSERT_EQ(loaded.plugins.size(), 3U);
  EXPECT_EQ(loaded.plugins.at("plain.json")->placement, Placement::remote);
  EXPECT_EQ(loaded.plugins.at("plain.json")->remote, "http://10.0.0.7:9000");
  EXPECT_EQ(loaded.plugins.at("short.json")->remote, "http://prices.example:80");
  EXPECT_EQ(loaded.plugins.at("six.json")->remote, "http://[::1]:9000");
}

TEST_F(PluginFiles, SayWhatIsWrongWithTheirHost) {
  for (const auto* url : {"prices:9000", "https://prices:9000", "http://", "http://prices/contracts", "http://a@b:1",
                          "http://prices?x", "http://prices:port", "http://prices:0"}) {
    put("notes.json", R"({"placement": {"remote": ")" + std::string(url) + "\"}}");
    base::RealFiles files;
    const auto loaded = load_plugin_configs(path_, files);
    ASSERT_EQ(loaded.problems.size(), 1U) << url;
    EXPECT_NE(loaded.problems.front().to_string().find("/placement/remote: must be the URL of another host"),
              std::string::npos)
        << loaded.problems.front().to_string();
  }
}

TEST_F(PluginFiles, SayWhatBecomesOfThemAfterACrash) {
  put("a.json", R"({"on_crash": "restart"})");
  put("b.json", R"({"on_crash": "quarantine"})");
  put("c.json", "{}");
  put("d.json", R"({"on_crash": "ignore"})");
  put("e.json", R"({"on_crash": "isolate"})");
  base::RealFiles files;
  const auto loaded = load_plugin_configs(path_, files);
  ASSERT_EQ(loaded.plugins.size(), 4U);
  EXPECT_EQ(loaded.plugins.at("a.json")->on_crash, OnCrash::restart);
  EXPECT_EQ(loaded.plugins.at("e.json")->on_crash, OnCrash::isolate);
  EXPECT_EQ(loaded.plugins.at("b.json")->on_crash, OnCrash::quarantine);
  EXPECT_EQ(loaded.plugins.at("c.json")->on_crash, std::nullopt);
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems.front().pointer, "/on_crash");
  EXPECT_NE(loaded.problems.front().message.find("quarantine"), std::string::npos);
}

TEST_F(PluginFiles, SayWhatIsWrongWithATrial) {
  const std::vector<std::pair<std::string, std::string>> faults{
      {R"({"probation": {"for": "2 minutes"}})", "/probation/for: must be a time from \"0ms\" to \"24h\", such as"},
      {R"({"probation": {"for": 60}})", "/probation/for: must be a time"},
      {R"({"probation": {"max_error_percent": 101}})", "/probation/max_error_percent: must be a whole number from 0"},
      {R"({"probation": {"error_percent": 1}})", "/probation/error_percent: unknown key 'error_percent'"},
      {R"({"placement": {"probation": {"requests": 5, "request": 1}}})",
       "/placement/probation/request: unknown key 'request'; did you mean 'requests'?"},
      {R"({"placement": {"probation": {"requests": 0}}})",
       "/placement/probation/requests: must be a whole number from 1"},
      {R"({"placement": {"probation": 5}})", "/placement/probation: must be an object"},
      {R"({"placement": {}})", "/placement: the key 'probation' is missing"},
      {R"({"placement": {"remote": 5}})", "/placement/remote: must be a string in quotes"},
      {R"({"placement": {"remote": "http://a:1", "probation": {"requests": 5}}})",
       "/placement/probation: unknown key 'probation'"},
      {R"({"placement": {"remote": "http://a:1"}, "sandbox": "require"})", "/sandbox: needs \"placement\""},
      {R"({"placement": {"remote": "http://a:1"}, "expose": true})", "/expose: is for the host that runs the plugin"},
      {R"({"placement": 5})", "/placement: must be one of \"inline\" \"isolated\""},
      {R"({"canary": {"percent": 5}})", "/canary: the key 'for' is missing"},
      {R"({"canary": {"percent": 100, "for": "1s"}})", "/canary/percent: must be a whole number from 1 to 99"},
      {R"({"canary": {"percent": 5, "for": "1s", "key": "header:"}})", "/canary/key: must be \"address\""},
  };
  for (const auto& [text, message] : faults) {
    put("notes.json", text);
    base::RealFiles files;
    const auto loaded = load_plugin_configs(path_, files);
    ASSERT_EQ(loaded.problems.size(), 1U) << text;
    EXPECT_NE(loaded.problems.front().to_string().find(message), std::string::npos)
        << loaded.problems.front().to_string();
  }
}

TEST_F(PluginFiles, SayWhatLimitsAPlugin) {
  put("notes.json", R"({"limits": {"concurrency": 8, "queue": 0, "deadline": "1500ms", "threads": 3, "log_lines": 0},
                        "circuit": {"requests": 5, "max_error_percent": 10, "window": "1m", "open_for": "2s",
                                    "probes": 1}})");
  put("plain.json", "{}");
  base::RealFiles files;
  const auto loaded = load_plugin_configs(path_, files);
  ASSERT_EQ(loaded.plugins.size(), 2U) << loaded.problems.front().to_string();
  const auto& limits = loaded.plugins.at("notes.json")->limits;
  const auto& circuit = loaded.plugins.at("notes.json")->circuit;
  EXPECT_EQ(limits.concurrency, 8U);
  EXPECT_EQ(limits.queue, 0U);
  EXPECT_EQ(limits.deadline, std::chrono::milliseconds(1500));
  EXPECT_EQ(limits.threads, 3U);
  EXPECT_EQ(limits.log_lines, 0U);
  EXPECT_EQ(circuit.requests, 5U);
  EXPECT_EQ(circuit.max_error_percent, 10U);
  EXPECT_EQ(circuit.window, std::chrono::minutes(1));
  EXPECT_EQ(circuit.open_for, std::chrono::seconds(2));
  EXPECT_EQ(circuit.probes, 1U);
  EXPECT_EQ(loaded.plugins.at("plain.json")->limits.concurrency, 0U) << "no limit";
  EXPECT_EQ(loaded.plugins.at("plain.json")->limits.queue, 64U);
  EXPECT_EQ(loaded.plugins.at("plain.json")->limits.deadline, std::chrono::seconds(60));
  EXPECT_EQ(loaded.plugins.at("plain.json")->circuit.requests, 20U);
  EXPECT_EQ(loaded.plugins.at("plain.json")->circuit.max_error_percent, 50U);
}

TEST_F(PluginFiles, SayWhatIsWrongWithLimits) {
  const std::vector<std::pair<std::string, std::string>> faults{
      {R"({"limits": {"deadline": 500}})", "/limits/deadline: must be a time from \"0ms\" to \"24h\""},
      {R"({"limits": {"deadlne": "1s"}})", "/limits/deadlne: unknown key 'deadlne'; did you mean 'deadline'?"},
      {R"({"limits": {"concurrency": -1}})", "/limits/concurrency: must be a whole number from 0"},
      {R"({"limits": {"queue": "many"}})", "/limits/queue: must be a whole number from 0"},
      {R"({"circuit": {"max_error_percent": 101}})",
       "/circuit/max_error_percent: must be a whole number from 0 to 100"},
      {R"({"circuit": {"probes": 0}})", "/circuit/probes: must be a whole number from 1"},
      {"{\n\"circuit\": {\n\"open\": \"1s\"}}", "notes.json:3: /circuit/open: unknown key 'open'"},
  };
  for (const auto& [text, message] : faults) {
    put("notes.json", text);
    base::RealFiles files;
    const auto loaded = load_plugin_configs(path_, files);
    ASSERT_EQ(loaded.problems.size(), 1U) << text;
    EXPECT_NE(loaded.problems.front().to_string().find(message), std::string::npos)
        << loaded.problems.front().to_string();
  }
}

TEST_F(PluginFiles, MissingDirectoryIsAProblem) {
  base::RealFiles files;
  EXPECT_EQ(load_plugin_configs(path_ / "none", files).problems.size(), 1U);
}

}  // namespace
}  // namespace mortise::config
