// Contracts that are called over HTTP, as curl and as another host call them, wherever their provider runs.
#include <Poco/Net/StreamSocket.h>

#include <filesystem>
#include <string>

#include "support/gate.hpp"
#include "support/load.hpp"
#include "support/placed_test.hpp"
#include "support/workers_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr const char* kConvert = "/contracts/zoo.currency/1/convert";
constexpr const char* kSupported = "/contracts/zoo.currency/1/supported";

/// convert({21, "CHF"}, to), and what it returns, in the binary form.
std::string binary_request(const std::string& to) {
  return std::string("\1\x15\0\0\0\0\0\0\0\3CHF", 13) + static_cast<char>(to.size()) + to;
}
const std::string kBinaryReply("\1\x2a\0\0\0\0\0\0\0\3EUR", 13);

class ExposedContracts : public WorkersTest {
 protected:
  void expose(const std::string& plugin, const json& contracts, const std::string& placement) {
    prefix_.write_plugin(plugin, json{{"placement", placement}, {"expose", contracts}}.dump());
  }
  Answer call_json(const std::string& target, const std::string& body, const Headers& more = {}) const {
    Headers headers{{"Content-Type", "application/json"}};
    headers.insert(more.begin(), more.end());
    return host_->connect().send("POST", target, body, headers);
  }
  Answer call_binary(const std::string& target, const std::string& body, const Headers& more = {}) const {
    Headers headers{{"Content-Type", "application/mortise-call"}};
    headers.insert(more.begin(), more.end());
    return host_->connect().send("POST", target, body, headers);
  }
};

class ExposedContractsTest : public ExposedContracts, public ::testing::WithParamInterface<const char*> {
 protected:
  Host& start_bank() {
    prefix_.drop(zoo_file("bank-1.0"), "bank");
    expose("bank", {"zoo.currency/1"}, GetParam());
    return start();
  }
};

TEST_P(ExposedContractsTest, AreCalledInJson) {
  start_bank();
  const auto answer = call_json(kConvert, R"([[21, "CHF"], "EUR"])");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.body, R"([42,"EUR"])");
  const auto with_charset = host_->connect().send("POST", kConvert, R"([[1, "CHF"], "EUR"])",
                                                  {{"Content-Type", "Application/JSON; charset=utf-8"}});
  EXPECT_EQ(with_charset.body, R"([2,"EUR"])");
  EXPECT_EQ(call_json(kSupported, "[]").body, R"(["EUR","CHF"])");
  EXPECT_EQ(call_json(kSupported, "").body, R"(["EUR","CHF"])");
}

TEST_P(ExposedContractsTest, AreCalledInTheBinaryForm) {
  start_bank();
  const auto answer = call_binary(kConvert, binary_request("EUR"));
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.header("Content-Type"), "application/mortise-call");
  EXPECT_EQ(answer.body, kBinaryReply);
}

TEST_P(ExposedContractsTest, FailAsTheirProviderDoes) {
  start_bank();
  const auto binary = call_binary(kConvert, binary_request("EURO"));
  EXPECT_EQ(binary.status, 400);
  EXPECT_EQ(binary.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(binary.header("Mortise-Status"), "invalid_argument");
  EXPECT_EQ(binary.header("Mortise-Context"), "bank 1.0.0: zoo.currency/1 convert");
  EXPECT_EQ(binary.json()["detail"], "a unit has three letters");
  const auto in_json = call_json(kConvert, R"([[21, "CHF"], "EURO"])");
  EXPECT_EQ(in_json.status, 400);
  EXPECT_EQ(in_json.header("Mortise-Status"), "invalid_argument");
  EXPECT_EQ(in_json.json()["detail"], "a unit has three letters");
  const auto malformed = call_binary(kConvert, "\1\2");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_EQ(malformed.header("Mortise-Status"), "invalid_argument");
  EXPECT_THAT(malformed.json()["detail"].get<std::string>(), HasSubstr("malformed request at byte"));
}

TEST_P(ExposedContractsTest, SayWhatIsWrongWithARequest) {
  start_bank();
  const auto wrong = call_json(kConvert, R"([["21", "CHF"], "EUR"])");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.header("Mortise-Status"), "") << "the provider was not asked";
  EXPECT_THAT(wrong.json()["detail"].get<std::string>(), HasSubstr("/0/0: must be a whole number from -922337"));
  EXPECT_THAT(call_json(kConvert, "[").json()["detail"].get<std::string>(), HasSubstr("is no JSON at byte 2"));
  const auto form =
      host_->connect().send("POST", kConvert, "a=b", {{"Content-Type", "application/x-www-form-urlencoded"}});
  EXPECT_EQ(form.status, 415);
  EXPECT_EQ(form.header("Accept"), "application/json, application/mortise-call");
  EXPECT_EQ(host_->connect().send("POST", kSupported).status, 415) << "as any page may have a browser do";
  const auto soon = call_json(kSupported, "[]", {{"Mortise-Deadline-Ms", "soon"}});
  EXPECT_EQ(soon.status, 400);
  EXPECT_THAT(soon.body, HasSubstr("Mortise-Deadline-Ms must be a whole number of milliseconds"));
}

TEST_P(ExposedContractsTest, TakeMoreThanAnOrdinaryBodyAndNoMoreThanTheyMay) {
  auto& host = start_bank();
  const auto large = call_json(kConvert, json::array({json::array({1, "CHF"}), std::string(3 << 20, 'x')}).dump());
  EXPECT_EQ(large.json()["detail"], "a unit has three letters");
  Poco::Net::StreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", host.port()));
  const auto head = std::string("POST ") + kConvert +
                    " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 16777217\r\n\r\n";
  socket.sendBytes(head.data(), static_cast<int>(head.size()));
  std::string status(12, '\0');
  socket.receiveBytes(status.data(), static_cast<int>(status.size()), MSG_WAITALL);
  EXPECT_EQ(status, "HTTP/1.1 413");
}

TEST_P(ExposedContractsTest, AreOfTheirPluginAlone) {
  start_bank();
  EXPECT_EQ(call_json("/contracts/zoo.currency/1/rate", "[]").status, 404);
  EXPECT_EQ(call_json("/contracts/zoo.currency/2/supported", "[]").status, 404);
  const auto get = host_->get(kSupported);
  EXPECT_EQ(get.status, 405);
  EXPECT_THAT(get.header("Allow"), HasSubstr("POST"));
}

TEST_P(ExposedContractsTest, TakeNoLongerThanTheirCallerWaits) {
  Gate gate(prefix_, "bank");
  auto& host = start_bank();
  EXPECT_EQ(call_binary(kConvert, binary_request("XXX"), {{"Mortise-Deadline-Ms", "100"}}).status, 504);
  gate.wait_until_inside();
  EXPECT_EQ(call_binary(kConvert, binary_request("EUR"), {{"Mortise-Deadline-Ms", "60000"}}).body, kBinaryReply);
  gate.open();
  EXPECT_EQ(host.get("/livez").status, 200);
}

TEST_P(ExposedContractsTest, ArePartOfTheirCallersRequestInTheLog) {
  prefix_.configure({{"log", {{"format", "json"}, {"level", "debug"}}}});
  auto& host = start_bank();
  EXPECT_EQ(call_json(kConvert, R"([[21, "CHF"], "GBP"])", {{"X-Request-Id", "from-afar-7"}}).status, 200);
  const auto line = host.wait_for_log("converting", [](const json& one) { return one["unit"] == "GBP"; });
  EXPECT_EQ(line["plugin"], "bank");
  EXPECT_EQ(line["request_id"], "from-afar-7");
}

TEST_P(ExposedContractsTest, FailNobodyWhileTheirPluginIsReplaced) {
  auto& host = start_bank();
  const auto is_right = [](const Answer& answer) { return answer.body == kBinaryReply ? "" : "wrong: " + answer.body; };
  Load load(host,
            Load::Request{.method = "POST",
                          .target = kConvert,
                          .body = binary_request("EUR"),
                          .headers = {{"Content-Type", "application/mortise-call"}}},
            is_right);
  for (int round = 0; round < 5; ++round) {
    load.wait_for_more(50);
    const auto newer = prefix_.drop(zoo_file("bank-1.1"), "newer");
    host.wait_for_version("bank", "1.1.0");
    load.wait_for_more(50);
    std::filesystem::remove(newer);
    host.wait_for_version("bank", "1.0.0");
  }
  load.end();
  EXPECT_EQ(load.fault(), "");
}

TEST_P(ExposedContractsTest, ComeAndGoWithTheConfiguration) {
  prefix_.place(GetParam());
  prefix_.add_zoo("bank-1.0", "bank");
  start();
  EXPECT_EQ(call_json(kSupported, "[]").status, 404) << "nothing is exposed that was not asked for";
  expose("bank", true, GetParam());
  wait_until([&] { return call_json(kSupported, "[]").status == 200; });
  expose("bank", false, GetParam());
  wait_until([&] { return call_json(kSupported, "[]").status == 404; });
}

TEST_P(ExposedContractsTest, OfATopicAreItsEvents) {
  prefix_.drop(zoo_file("hears-1.0"));
  expose("hears", {"zoo.said/1"}, GetParam());
  auto& host = start();
  const auto told = call_json("/contracts/zoo.said/1/deliver", R"([[1, 2, 3, 1, "afar", "key"], [7, "key", "hello"]])");
  EXPECT_EQ(told.status, 200) << told.body;
  EXPECT_EQ(told.body, "null");
  EXPECT_EQ(host.get("/hears?count=1").json()["count"], 1);
}

MORTISE_BOTH_PLACEMENTS(ExposedContractsTest);

TEST_F(ExposedContracts, ThatAreNotProvidedAreRefusedWithWhatToDo) {
  prefix_.drop(zoo_file("bank-1.0"), "bank");
  prefix_.write_plugin("bank", "{\n  \"expose\": [\"zoo.curency/1\"]\n}");
  const auto checked = mortise({"serve", "--check"});
  EXPECT_EQ(checked.code, 1);
  EXPECT_THAT(checked.err, AllOf(HasSubstr("bank.json:2: /expose: bank 1.0.0 does not provide 'zoo.curency/1'"),
                                 HasSubstr("name what it provides (zoo.currency/1), or write true for all")));
}

TEST_F(ExposedContracts, WhoseProviderReadsNoBytesAreRefusedAtItsStart) {
  prefix_.drop(zoo_file("currency-1.0"));
  expose("currency", true, "inline");
  auto& host = start();
  const auto failed = host.wait_for_state("currency", "failed");
  EXPECT_THAT(failed["reason"].get<std::string>(),
              AllOf(HasSubstr("contract zoo.currency/1 cannot be exposed: the plugin has no `dispatch`"),
                    HasSubstr("take it out of `expose` in plugins.d/currency.json")));
}

TEST_F(ExposedContracts, AreExposedByOnePlugin) {
  for (const auto* plugin : {"giro", "visa"}) {
    prefix_.drop(zoo_file(plugin));
    expose(plugin, true, "inline");
  }
  start();
  const auto answer = call_json(kConvert, R"([[1, "CHF"], "EUR"])");
  EXPECT_THAT(answer.body, AnyOf(R"([3,"EUR"])", R"([5,"EUR"])"));
  const auto refused = status_of(answer.body == R"([3,"EUR"])" ? "giro" : "visa");
  EXPECT_THAT(refused["reason"].get<std::string>(), AllOf(HasSubstr(kConvert), HasSubstr("giro"), HasSubstr("visa")));
}

TEST_F(ExposedContracts, AreAChangeThatThePlanNames) {
  prefix_.configure({{"apply", "manual"}});
  prefix_.add_zoo("bank-1.0", "bank");
  auto& host = start();
  host.apply();
  expose("bank", true, "inline");
  EXPECT_THAT(mortise({"plan"}).out, HasSubstr("its list of exposed contracts in"));
  EXPECT_EQ(call_json(kSupported, "[]").status, 404);
  host.apply();
  EXPECT_EQ(call_json(kSupported, "[]").status, 200);
}

TEST_F(ExposedContracts, BlameThePluginThatFailed) {
  prefix_.add_zoo("currency-1.2-broken", "currency");
  prefix_.drop(zoo_file("relays"));
  expose("relays", true, "inline");
  start();
  const auto failed = call_binary(kConvert, binary_request("EUR"));
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.header("Mortise-Status"), "internal");
  EXPECT_EQ(failed.json()["detail"], "no rates");
  EXPECT_EQ(failed.header("Mortise-Context"),
            "currency 1.2.0: zoo.currency/1 convert; relays 1.0.0: zoo.currency/1 convert");
  EXPECT_EQ(status_of("relays")["containment"]["failures"], 0) << "it does answer";
}

}  // namespace
}  // namespace mortise::integration
