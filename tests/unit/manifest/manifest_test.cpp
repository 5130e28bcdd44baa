#include "manifest/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mortise::manifest {
namespace {

/// A manifest that is complete but for more keys, which begin with a comma.
std::string with(const std::string& more) { return R"({"name":"orders","version":"1.4.0","abi":1)" + more + "}"; }

TEST(Manifest, ReadsEveryKey) {
  const auto text = with(R"(, "summary": "takes orders", "interfaces": ["mortise.http/1", "mortise.log/1"],
    "provides": [{"contract": "boutique.orders/2"}],
    "requires": [{"contract": "greeting/1", "provider": ">=1.0 <2", "optional": true}, {"contract": "tax/3"}],
    "migrations": [{"number": 1, "name": "first", "sql": "SELECT 1;"},
                   {"number": 7, "name": "second", "sql": "", "compatible": true}],
    "config": {"type": "object"}, "unload": false, "network": "client")");
  const auto manifest = parse_manifest(text);
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->name, "orders");
  EXPECT_EQ(manifest->version.to_string(), "1.4.0");
  EXPECT_EQ(manifest->abi_major, 1U);
  EXPECT_EQ(manifest->summary, "takes orders");
  EXPECT_EQ(manifest->interfaces, (std::vector<std::string>{"mortise.http/1", "mortise.log/1"}));
  ASSERT_EQ(manifest->provides.size(), 1U);
  EXPECT_EQ(manifest->provides[0].contract, "boutique.orders/2");
  ASSERT_EQ(manifest->requires_.size(), 2U);
  EXPECT_EQ(manifest->requires_[0].contract, "greeting/1");
  EXPECT_TRUE(manifest->requires_[0].optional);
  EXPECT_TRUE(manifest->requires_[0].provider.contains(Version::parse("1.5.0").value()));
  EXPECT_FALSE(manifest->requires_[0].provider.contains(Version::parse("2.0.0").value()));
  EXPECT_FALSE(manifest->requires_[1].optional);
  ASSERT_NE(manifest->config_schema, nullptr);
  EXPECT_EQ(manifest->config_schema->at("type"), "object");
  EXPECT_FALSE(manifest->unloadable);
  EXPECT_TRUE(manifest->asks_for_network);
  ASSERT_EQ(manifest->migrations.size(), 2U);
  EXPECT_EQ(manifest->migrations[0].sql, "SELECT 1;");
  EXPECT_FALSE(manifest->migrations[0].is_compatible);
  EXPECT_EQ(manifest->migrations[1].number, 7U);
  EXPECT_EQ(manifest->migrations[1].name, "second");
  EXPECT_TRUE(manifest->migrations[1].is_compatible);
  EXPECT_EQ(manifest->text, text);
}

TEST(Manifest, ATopicIsAnIdOrSaysThatItIsDurable) {
  const auto manifest = parse_manifest(
      with(R"(, "publishes": ["a/1", {"topic": "b/1"}, {"topic": "c/1", "durable": true}], "subscribes": ["d/1"])"));
  ASSERT_TRUE(manifest) << manifest.error().message;
  ASSERT_EQ(manifest->publishes.size(), 3U);
  EXPECT_EQ(manifest->publishes[2].topic, "c/1");
  EXPECT_FALSE(manifest->is_durable("a/1"));
  EXPECT_FALSE(manifest->is_durable("b/1"));
  EXPECT_TRUE(manifest->is_durable("c/1"));
  EXPECT_FALSE(manifest->is_durable("d/1"));
  for (const auto* topics :
       {R"("publishes": [{"durable": true}])", R"("publishes": [{"topic": "a/1", "durable": 1}])",
        R"("publishes": [{"topic": "a"}])", R"("publishes": ["a/1", {"topic": "a/1", "durable": true}])",
        R"("publishes": [{"topic": "a/1", "lasting": true}])",
        R"("subscribes": [{"topic": "a/1", "durable": true}])"}) {
    EXPECT_FALSE(parse_manifest(with(std::string(", ") + topics))) << topics;
  }
}

TEST(Manifest, NamesTheDurableTasksThatItHandles) {
  const auto tasks = [](const std::string& names) {
    return parse_manifest(with(R"(, "interfaces": ["mortise.tasks/1"], "durable_tasks": )" + names));
  };
  const auto manifest = tasks(R"(["send-mail", "report"])");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->durable_tasks, (std::vector<std::string>{"send-mail", "report"}));
  for (const auto* names : {R"("send-mail")", "[1]", R"([""])", R"(["Send mail"])", R"(["a", "a"])",
                            R"(["a2345678901234567890123456789012345678901234567890123456789012345"])"}) {
    EXPECT_FALSE(tasks(names)) << names;
  }
  const auto without = parse_manifest(with(R"(, "durable_tasks": ["a"])"));
  ASSERT_FALSE(without);
  EXPECT_THAT(without.error().message, ::testing::HasSubstr("needs \"mortise.tasks/1\" in \"interfaces\""));
}

TEST(Manifest, NeedsNoMoreThanNameVersionAndAbi) {
  const auto manifest = parse_manifest(with(""));
  ASSERT_TRUE(manifest);
  EXPECT_TRUE(manifest->unloadable);
  EXPECT_EQ(manifest->config_schema, nullptr);
}

TEST(Manifest, ReadsOnlyTheIdentityOfAnotherAbiMajor) {
  const auto manifest = parse_manifest(R"({"name":"a","version":"1.0.0","abi":7,"novelty":[1],"summary":3})");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->abi_major, 7U);
  EXPECT_EQ(manifest->name, "a");
}

struct Fault {
  std::string text;
  std::vector<std::string> said;
};

class ManifestFaults : public ::testing::TestWithParam<Fault> {};

TEST_P(ManifestFaults, NameThePlaceAndWhatIsExpectedThere) {
  const auto manifest = parse_manifest(GetParam().text);
  ASSERT_FALSE(manifest) << GetParam().text;
  for (const auto& part : GetParam().said) {
    EXPECT_NE(manifest.error().message.find(part), std::string::npos) << manifest.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, ManifestFaults,
    ::testing::Values(
        Fault{"", {"not valid JSON"}}, Fault{"name: orders", {"not valid JSON", "line 1, column 2"}},
        Fault{"{\"name\": \"\xff\"}", {"not valid JSON"}}, Fault{"[]", {"must be an object", "is a list"}},
        Fault{"null", {"must be an object", "is null"}}, Fault{with("") + "x", {"not valid JSON"}},
        Fault{R"({"version":"1.0.0","abi":1})", {"/name: is missing", "lower-case"}},
        Fault{R"({"name":"orders","abi":1})", {"/version: is missing", "1.4.0"}},
        Fault{R"({"name":"orders","version":"1.0.0"})", {"/abi: is missing", "this host's is 1"}},
        Fault{R"({"name":"Orders","version":"1.0.0","abi":1})", {"/name: must be", "\"Orders\""}},
        Fault{R"({"name":7,"version":"1.0.0","abi":1})", {"/name: must be", "is 7"}},
        Fault{R"({"name":"orders","version":"1.0","abi":1})", {"/version: must be", "\"1.0\""}},
        Fault{R"({"name":"orders","version":"1.0.0","abi":"1"})", {"/abi: must be", "is \"1\""}},
        Fault{R"({"name":"orders","version":"1.0.0","abi":0})", {"/abi"}},
        Fault{R"({"name":"orders","version":"1.0.0","abi":-1})", {"/abi"}},
        Fault{R"({"name":"orders","version":"1.0.0","abi":1.0})", {"/abi"}},
        Fault{R"({"name":"orders","version":"1.0.0","abi":4294967297})", {"/abi"}},
        Fault{with(R"(,"sumary":"x")"), {"/sumary: unknown key", "did you mean 'summary'?"}},
        Fault{with(R"(,"elephant":1)"), {"/elephant: unknown key", "remove it"}},
        Fault{with(R"(,"a/b~c":1)"), {"/a~1b~0c"}}, Fault{with(R"(,"name":"twice")"), {"a key twice", "\"name\""}},
        Fault{with(R"(,"summary":"a\u001b[2Jb")"), {"/summary: must be one line"}},
        Fault{with(R"(,"interfaces":"mortise.http/1")"), {"/interfaces: must be a list"}},
        Fault{with(R"(,"interfaces":["mortise.http/1","http"])"), {"/interfaces/1: must be an interface id"}},
        Fault{with(R"(,"interfaces":[1])"), {"/interfaces/0"}},
        Fault{with(R"(,"provides":[{}])"), {"/provides/0/contract: is missing"}},
        Fault{with(R"(,"provides":[3])"), {"/provides/0: must be an object"}},
        Fault{with(R"(,"provides":[{"contract":"a/1","x":2}])"), {"/provides/0/x: unknown key"}},
        Fault{with(R"(,"provides":[{"contract":"a/1"},{"contract":"a/1"}])"), {"/provides/1/contract", "second time"}},
        Fault{with(R"(,"requires":[{"contract":"a/1","provider":"lots"}])"), {"/requires/0/provider", "'lots'"}},
        Fault{with(R"(,"requires":[{"contract":"a/1","optional":1}])"), {"/requires/0/optional", "true or false"}},
        Fault{with(R"(,"config":[])"), {"/config: must be a JSON Schema"}},
        Fault{with(R"(,"unload":"no")"), {"/unload: must be true or false"}},
        Fault{with(R"(,"network":"server")"), {"/network: must be \"client\"", "server"}},
        Fault{with(R"(,"migrations":{})"), {"/migrations: must be a list", "MIGRATIONS"}},
        Fault{with(R"(,"migrations":[{"name":"a","sql":""}])"), {"/migrations/0/number: is missing"}},
        Fault{with(R"(,"migrations":[{"number":0,"name":"a","sql":""}])"), {"/migrations/0/number: must be a number"}},
        Fault{with(R"(,"migrations":[{"number":1,"name":"a"}])"), {"/migrations/0/sql: is missing"}},
        Fault{with(R"(,"migrations":[{"number":2,"name":"a","sql":""},{"number":2,"name":"b","sql":""}])"),
              {"/migrations/1/number: must be a number", "higher"}}));

TEST(Manifest, TellsContractIds) {
  const auto provides = [](const std::string& id) {
    return parse_manifest(with(R"(,"provides":[{"contract":")" + id + R"("}])")).has_value();
  };
  for (const auto* good : {"a/1", "boutique.currency/12", "a-b.c_d2/4294967295"}) EXPECT_TRUE(provides(good)) << good;
  for (const auto* bad : {"", "a", "a/", "/1", "a/0", "a/01", "a/-1", "a/1x", "A/1", ".a/1", "a./1", "a..b/1", "1a/1",
                          "a/4294967296", "a/1/2", "a b/1"}) {
    EXPECT_FALSE(provides(bad)) << bad;
  }
}

TEST(Manifest, SurvivesNestingWithoutEnd) {
  for (const std::string_view open : {"[", "{\"a\":"}) {
    std::string bomb;
    while (bomb.size() < 1'000'000) bomb += open;
    const auto manifest = parse_manifest(bomb);
    ASSERT_FALSE(manifest);
    EXPECT_NE(manifest.error().message.find("nested deeper than 64"), std::string::npos);
  }
}

TEST(Manifest, RefusesOneThatIsTooLarge) {
  const auto manifest = parse_manifest(with(R"(,"summary":")" + std::string(1'048'576, 'a') + "\""));
  ASSERT_FALSE(manifest);
  EXPECT_NE(manifest.error().message.find("the limit is 1048576"), std::string::npos);
}

TEST(Manifest, KeepsItsComplaintsShort) {
  const std::string huge(500'000, 'k');
  for (const auto& text : {with(",\"" + huge + "\":1"), "{\"" + huge, with(R"(,"unload":")" + huge + "\"")}) {
    const auto manifest = parse_manifest(text);
    ASSERT_FALSE(manifest);
    EXPECT_LT(manifest.error().message.size(), 600U);
  }
}

}  // namespace
}  // namespace mortise::manifest
