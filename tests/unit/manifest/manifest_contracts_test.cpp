// The manifest's `provides` and `requires` when there are several providers of a contract.
#include <gmock/gmock.h>

#include "manifest/manifest.hpp"

namespace mortise::manifest {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

base::Result<Manifest> parse(const std::string& contracts) {
  return parse_manifest(R"({"name":"orders","version":"1.4.0","abi":1,)" + contracts + "}");
}

TEST(ManifestContracts, ProviderGoesByThePluginsNameAndRankZero) {
  const auto manifest = parse(R"("provides":[{"contract":"a/1"}])");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->provides[0].name, "orders");
  EXPECT_EQ(manifest->provides[0].rank, 0);
}

TEST(ManifestContracts, OneContractMayBeProvidedUnderSeveralNames) {
  const auto manifest = parse(
      R"("provides":[{"contract":"a/1"},{"contract":"a/1","name":"visa","rank":-2147483648},
         {"contract":"a/1","name":"cash","rank":2147483647}])");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->provides[1].name, "visa");
  EXPECT_EQ(manifest->provides[1].rank, INT32_MIN);
  EXPECT_EQ(manifest->provides[2].rank, INT32_MAX);
}

TEST(ManifestContracts, OneContractMayBeRequiredFromAnyoneFromSomeAndFromAll) {
  const auto manifest = parse(
      R"("requires":[{"contract":"a/1"},{"contract":"a/1","name":"visa"},{"contract":"a/1","name":"cash"},
         {"contract":"a/1","all":true}])");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->requires_[0].name, "");
  EXPECT_FALSE(manifest->requires_[0].optional);
  EXPECT_EQ(manifest->requires_[1].name, "visa");
  EXPECT_TRUE(manifest->requires_[3].all);
  EXPECT_TRUE(manifest->requires_[3].optional) << "all of them may be none";
}

struct Fault {
  std::string contracts;
  std::string said;
};

class ManifestContractFaults : public ::testing::TestWithParam<Fault> {};

TEST_P(ManifestContractFaults, NameThePlaceAndTheRemedy) {
  const auto manifest = parse(GetParam().contracts);
  ASSERT_FALSE(manifest) << GetParam().contracts;
  EXPECT_THAT(manifest.error().message, HasSubstr(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    Each, ManifestContractFaults,
    ::testing::Values(
        Fault{R"("provides":[{"contract":"a/1"},{"contract":"a/1","name":"orders"}])",
              "/provides/1/contract: names 'a/1' a second time under the name 'orders'"},
        Fault{R"("provides":[{"contract":"a/1","name":"Visa"}])", "/provides/0/name: must be a provider's name"},
        Fault{R"("provides":[{"contract":"a/1","name":""}])", "/provides/0/name: must be a provider's name"},
        Fault{R"("provides":[{"contract":"a/1","rank":2147483648}])", "/provides/0/rank: must be a whole number"},
        Fault{R"("provides":[{"contract":"a/1","rank":-2147483649}])", "/provides/0/rank"},
        Fault{R"("provides":[{"contract":"a/1","rank":18446744073709551615}])", "/provides/0/rank"},
        Fault{R"("provides":[{"contract":"a/1","rank":1.5}])", "/provides/0/rank"},
        Fault{R"("provides":[{"contract":"a/1","rank":"1"}])", "/provides/0/rank"},
        Fault{R"("provides":[{"contract":"a/1","all":true}])", "/provides/0/all: unknown key"},
        Fault{R"("requires":[{"contract":"a/1"},{"contract":"a/1","provider":">=2"}])",
              "/requires/1/contract: names 'a/1' a second time"},
        Fault{R"("requires":[{"contract":"a/1","all":true},{"contract":"a/1","all":true}])", "/requires/1/contract"},
        Fault{R"("requires":[{"contract":"a/1","name":"visa","all":true}])",
              "/requires/0/all: asks for every provider"},
        Fault{R"("requires":[{"contract":"a/1","name":7}])", "/requires/0/name: must be a provider's name"},
        Fault{R"("requires":[{"contract":"a/1","all":"yes"}])", "/requires/0/all: must be true or false"},
        Fault{R"("requires":[{"contract":"a/1","rank":1}])", "/requires/0/rank: unknown key"}));

TEST(ManifestTopics, WhoSubscribesProvidesTheContractThatEventsComeThrough) {
  const auto manifest = parse(R"("publishes":["a/1","b/2"],"subscribes":["c/1"])");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_THAT(manifest->publishes, ::testing::ElementsAre(::testing::Field(&PublishedTopic::topic, "a/1"),
                                                          ::testing::Field(&PublishedTopic::topic, "b/2")));
  ASSERT_EQ(manifest->provides.size(), 1U);
  EXPECT_EQ(manifest->provides[0].contract, "c/1");
  EXPECT_EQ(manifest->provides[0].name, "orders");
  EXPECT_TRUE(manifest->provides[0].is_topic);
}

TEST(ManifestTopics, RefusesWhatIsNone) {
  const auto refusal = [](const std::string& topics) {
    const auto manifest = parse(topics);
    return manifest ? std::string() : manifest.error().message;
  };
  EXPECT_THAT(refusal(R"("publishes":["a"])"), AllOf(HasSubstr("/publishes/0"), HasSubstr("must be a topic")));
  EXPECT_THAT(refusal(R"("publishes":"a/1")"), HasSubstr("/publishes"));
  EXPECT_THAT(refusal(R"("subscribes":[7])"), HasSubstr("/subscribes/0"));
  EXPECT_THAT(refusal(R"("subscribes":["a/1","a/1"])"), AllOf(HasSubstr("/subscribes/1"), HasSubstr("a second time")));
  EXPECT_THAT(refusal(R"("provides":[{"contract":"a/1"}],"subscribes":["a/1"])"),
              AllOf(HasSubstr("/subscribes/0"), HasSubstr("\"provides\"")));
}

}  // namespace
}  // namespace mortise::manifest
