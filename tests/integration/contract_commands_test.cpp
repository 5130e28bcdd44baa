// What teams and their CI ask about the contracts of real files.
#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ContractCommandsTest : public HostTest {};

TEST_F(ContractCommandsTest, DescribeShowsEveryMethodOfEveryContract) {
  const auto described = mortise({"describe", zoo_file("currency-named")});
  EXPECT_EQ(described.code, 0) << described.err;
  EXPECT_EQ(described.out,
            "plugin    currency-named 1.0.0: for tests\n"
            "provides  zoo.currency/1 as 'visa' (rank 7)\n"
            "            convert({i64,str},str)->{i64,str}\n"
            "            supported()->[str]\n"
            "uses      mortise.contracts/1\n");
  const auto document = json::parse(mortise({"describe", zoo_file("shop-named"), "--json"}).out);
  EXPECT_EQ(document["name"], "shop-named");
  EXPECT_EQ(document["provides"], json::array());
  EXPECT_EQ(document["requires"],
            json::parse(R"([{"contract":"zoo.currency/1","provider":"*","name":"visa","all":false,"optional":false,
                             "methods":["convert({i64,str},str)->{i64,str}","supported()->[str]"],
                             "idempotent":[]}])"));
}

TEST_F(ContractCommandsTest, DescribeCheckAndDiffShowWhichMethodsMayBeCalledOnceMore) {
  constexpr const char* kMarked = "            supported()->[str] (idempotent)\n";
  EXPECT_THAT(mortise({"describe", zoo_file("bank-1.0")}).out, HasSubstr(kMarked));
  EXPECT_THAT(mortise({"check", zoo_file("bank-1.0")}).out, HasSubstr(kMarked));
  const auto document = json::parse(mortise({"describe", zoo_file("bank-1.0"), "--json"}).out);
  EXPECT_EQ(document["provides"][0]["idempotent"], json::array({"supported"}));
  const auto differs = mortise({"diff", zoo_file("currency-1.4-idempotent"), zoo_file("currency-1.0")});
  EXPECT_EQ(differs.code, 1);
  EXPECT_THAT(differs.out, HasSubstr("[breaking] zoo.currency/1: method 'supported' is not idempotent any longer"));
  EXPECT_EQ(mortise({"diff", zoo_file("currency-1.0"), zoo_file("currency-1.4-idempotent")}).code, 0);
}

TEST_F(ContractCommandsTest, DescribeShowsTopics) {
  constexpr const char* kForm = "            deliver({u64,u64,i64,u32,str,str},{i64,str,str})->void\n";
  EXPECT_THAT(mortise({"describe", zoo_file("says-1.0")}).out,
              HasSubstr(std::string("publishes zoo.said/1\n") + kForm));
  EXPECT_THAT(mortise({"describe", zoo_file("hears-1.0")}).out,
              HasSubstr(std::string("hears     zoo.said/1\n") + kForm));
  const auto document = json::parse(mortise({"describe", zoo_file("hears-1.0"), "--json"}).out);
  EXPECT_EQ(document["provides"], json::array());
  EXPECT_EQ(document["subscribes"][0]["topic"], "zoo.said/1");
}

TEST_F(ContractCommandsTest, DiffTellsThatAnEventHasAnotherForm) {
  const auto differs = mortise({"diff", zoo_file("says-1.0"), zoo_file("says-2.0-other")});
  EXPECT_EQ(differs.code, 1);
  EXPECT_THAT(differs.out, HasSubstr("zoo.said/1"));
}

TEST_F(ContractCommandsTest, DescribeRefusesAFileWhoseNotesAndManifestDisagree) {
  const auto refused = mortise({"describe", zoo_file("contract-note-missing")});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.out, IsEmpty());
  EXPECT_THAT(refused.err, HasSubstr("no note of zoo.currency/1, zoo.end/1"));
}

TEST_F(ContractCommandsTest, CheckShowsContractsToo) {
  const auto passed = mortise({"check", zoo_file("link-middle")});
  EXPECT_EQ(passed.code, 0) << passed.out;
  EXPECT_THAT(passed.out, HasSubstr("requires  zoo.end/1\n            following()->i64\n"));
  const auto document = json::parse(mortise({"check", zoo_file("link-middle"), "--json"}).out);
  EXPECT_EQ(document["contracts"]["provides"][0]["methods"], json::array({"following()->i64"}));
}

TEST_F(ContractCommandsTest, DiffPassesABuildThatAppends) {
  const auto compatible = mortise({"diff", zoo_file("currency-1.0"), zoo_file("currency-1.1-appended")});
  EXPECT_EQ(compatible.code, 0) << compatible.err;
  EXPECT_EQ(compatible.out,
            "currency 1.0.0 -> 1.1.0: compatible\n"
            "[compatible] zoo.currency/1: appends 'rate'\n");
}

TEST_F(ContractCommandsTest, DiffShowsWhatBreaksSideBySide) {
  const auto breaking = mortise({"diff", zoo_file("currency-1.0"), zoo_file("currency-2.0-changed")});
  EXPECT_EQ(breaking.code, 1);
  EXPECT_THAT(breaking.out, AllOf(HasSubstr("currency 1.0.0 -> 2.0.0: breaking\n"),
                                  HasSubstr("[breaking] zoo.currency/1: method 1 'convert' differs"),
                                  HasSubstr("    old convert({i64,str},str)->{i64,str}\n"
                                            "    new convert({i64,str})->{i64,str}\n"
                                            "                         ^\n")));
  const auto older = mortise({"diff", zoo_file("currency-1.1-appended"), zoo_file("currency-1.0"), "--json"});
  EXPECT_EQ(older.code, 1);
  const auto document = json::parse(older.out);
  EXPECT_EQ(document["compatible"], false);
  EXPECT_EQ(document["changes"][0]["method"]["kind"], "missing");
  EXPECT_EQ(document["changes"][0]["method"]["old"], "rate(str)->i64");
  EXPECT_THAT(document["version_step"].get<std::string>(), HasSubstr("1.1.0 -> 1.0.0"));
}

TEST_F(ContractCommandsTest, DiffComparesOnlyTwoBuildsOfOnePlugin) {
  const auto two = mortise({"diff", zoo_file("currency-1.0"), zoo_file("shop")});
  EXPECT_EQ(two.code, 2);
  EXPECT_THAT(two.err, HasSubstr("give two builds of one plugin"));
  const auto missing = mortise({"diff", zoo_file("currency-1.0"), (prefix_.path() / "no.so").string()});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("No such file"));
  EXPECT_EQ(mortise({"diff", zoo_file("currency-1.0")}).code, 2);
}

TEST_F(ContractCommandsTest, ServeCheckRefusesAConsumerOfOtherMethodsAndACircle) {
  prefix_.add_zoo("currency-1.0", "currency");
  prefix_.add_zoo("shop-newer");
  prefix_.add_zoo("circle-a");
  prefix_.add_zoo("circle-b");
  prefix_.drop(zoo_file("link-end"));
  prefix_.add_zoo("link-middle");
  const auto checked = mortise({"serve", "--check"});
  EXPECT_EQ(checked.code, 1);
  EXPECT_THAT(checked.err,
              AllOf(HasSubstr("plugin 'shop-newer': contract zoo.currency/1: method 3 'rate' is missing at the end"),
                    HasSubstr("a circle: circle-a -(zoo.b/1)-> circle-b -(zoo.a/1)-> circle-a"),
                    HasSubstr("plugin 'link-end' 1.0.0 would do but is not enabled; run `mortise enable link-end`")));
}

}  // namespace
}  // namespace mortise::integration
