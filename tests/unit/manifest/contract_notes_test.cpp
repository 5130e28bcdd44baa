// The notes of contracts: from real files, and put together by hand.
#include "manifest/contract_notes.hpp"

#include <gmock/gmock.h>

#include "manifest/binary.hpp"

namespace mortise::manifest {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::filesystem::path kZoo = MORTISE_ZOO;

Inspection inspect_zoo(const std::string& name) { return inspect(kZoo / (name + ".so"), "/drop/" + name + ".so"); }

std::vector<std::string> idempotent(const Methods& methods) {
  std::vector<std::string> names;
  for (const auto& method : methods) {
    if (method.is_idempotent) names.push_back(method.name);
  }
  return names;
}

Manifest manifest_of(const std::string& contracts) {
  return parse_manifest(R"({"name":"a","version":"1.0.0","abi":1,)" + contracts + "}").value();
}

TEST(ContractNotes, AreReadFromAFile) {
  const auto inspection = inspect_zoo("currency-1.1-appended");
  EXPECT_THAT(inspection.findings, IsEmpty());
  EXPECT_EQ(to_text(inspection.manifest->methods_of("zoo.currency/1")),
            "convert({i64,str},str)->{i64,str}\nsupported()->[str]\nrate(str)->i64");
  EXPECT_THAT(inspection.manifest->methods_of("zoo.other/1"), IsEmpty());
}

TEST(ContractNotes, SayTheMethodsOfWhatIsRequired) {
  const auto inspection = inspect_zoo("link-middle");
  EXPECT_THAT(inspection.findings, IsEmpty());
  EXPECT_EQ(inspection.manifest->contracts.size(), 2U);
  EXPECT_EQ(to_text(inspection.manifest->methods_of("zoo.end/1")), "following()->i64");
}

TEST(ContractNotes, OfHeadersThatWereMerelyIncludedArePassedOver) {
  const auto inspection = inspect_zoo("contract-unused");
  EXPECT_THAT(inspection.findings, IsEmpty());
  EXPECT_THAT(inspection.manifest->contracts, IsEmpty());
}

TEST(IdempotentNotes, AreReadFromAFile) {
  const auto inspection = inspect_zoo("currency-1.4-idempotent");
  EXPECT_THAT(inspection.findings, IsEmpty());
  EXPECT_THAT(idempotent(inspection.manifest->methods_of("zoo.currency/1")), ElementsAre("convert", "supported"));
  EXPECT_THAT(idempotent(inspect_zoo("currency-1.0").manifest->methods_of("zoo.currency/1")), IsEmpty());
}

TEST(IdempotentNotes, AreThoseOfTheMacroToo) {
  EXPECT_THAT(idempotent(inspect_zoo("bank-1.0").manifest->methods_of("zoo.currency/1")), ElementsAre("supported"));
}

struct Expected {
  std::string plugin;
  std::string check;
  std::vector<std::string> said;
};

class ContractRejections : public ::testing::TestWithParam<Expected> {};

TEST_P(ContractRejections, NameTheContractTheCauseAndTheRemedy) {
  const auto inspection = inspect_zoo(GetParam().plugin);
  ASSERT_NE(inspection.rejection(), nullptr);
  EXPECT_EQ(inspection.rejection()->check, GetParam().check);
  for (const auto& part : GetParam().said) EXPECT_THAT(inspection.rejection()->message, HasSubstr(part));
}

INSTANTIATE_TEST_SUITE_P(
    Of, ContractRejections,
    ::testing::Values(Expected{"contract-note-missing",
                               "contract-missing",
                               {"no note of zoo.currency/1, zoo.end/1", "contract's header", "MORTISE_CONTRACT_NOTE"}},
                      Expected{"contract-two-forms",
                               "contract-invalid",
                               {"two forms of contract zoo.currency/1", "method 1 'convert' differs",
                                "convert(i64)->i64", "convert(i64,str)->i64", "one version of the contract's header"}},
                      Expected{"contract-faulty",
                               "contract-invalid",
                               {"contract zoo.currency/1", "line 1: column 15 of 'convert(i64)->int'"}},
                      Expected{"contract-idempotent-unknown",
                               "contract-invalid",
                               {"contract zoo.currency/1", "'rate'", "no such method", "MORTISE_IDEMPOTENT"}}),
    [](const auto& param) {
      auto name = param.param.plugin;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(ContractNotes, MayStandInAFileSeveralTimes) {
  const auto manifest = manifest_of(R"("provides":[{"contract":"a/1"}])");
  const std::vector<std::string_view> notes{"a/1\nx()->i8", "b/1\nx()->str", "a/1\nx()->i8"};
  const auto read = read_contracts(notes, manifest);
  EXPECT_THAT(read.faults, IsEmpty());
  EXPECT_THAT(read.missing, IsEmpty());
  EXPECT_EQ(read.methods.size(), 1U);
}

TEST(ContractNotes, ThatAppendAreStillTwoForms) {
  const auto manifest = manifest_of(R"("provides":[{"contract":"a/1"}])");
  const std::vector<std::string_view> notes{"a/1\nx()->i8\ny()->i8", "a/1\nx()->i8"};
  EXPECT_THAT(
      read_contracts(notes, manifest).faults,
      ElementsAre(AllOf(HasSubstr("method 2 'y' is missing"), HasSubstr("y()->i8 in one, nothing in the other"))));
}

TEST(ContractNotes, MayHoldAnything) {
  const auto manifest = manifest_of(R"("requires":[{"contract":"a/1"},{"contract":"b/1"}])");
  const std::vector<std::string_view> notes{"", "\n", "a/1", "b/1\n", "\na/1\nx()->i8", std::string_view("\0\0", 2)};
  const auto read = read_contracts(notes, manifest);
  EXPECT_THAT(read.methods, IsEmpty());
  EXPECT_THAT(read.missing, IsEmpty());
  EXPECT_THAT(read.faults, ElementsAre(HasSubstr("contract a/1"), HasSubstr("contract b/1")));
}

TEST(IdempotentNotes, MayStandInAFileSeveralTimesButSayOneThing) {
  const auto manifest = manifest_of(R"("provides":[{"contract":"a/1"}])");
  const std::vector<std::string_view> notes{"a/1\nx()->i8\ny()->i8"};
  const std::vector<std::string_view> twice{"a/1\ny", "b/1\nz", "a/1\ny"};
  const auto read = read_contracts(notes, manifest, twice);
  EXPECT_THAT(read.faults, IsEmpty());
  EXPECT_THAT(idempotent(read.methods.at("a/1")), ElementsAre("y"));
  const std::vector<std::string_view> other{"a/1\ny", "a/1\nx"};
  EXPECT_THAT(read_contracts(notes, manifest, other).faults,
              ElementsAre(AllOf(HasSubstr("in two ways"), HasSubstr("contract a/1"))));
}

TEST(IdempotentNotes, MayHoldAnything) {
  const auto manifest = manifest_of(R"("provides":[{"contract":"a/1"}])");
  const std::vector<std::string_view> notes{"a/1\nx()->i8"};
  for (const auto* name : {"", "y", "x()->i8", "x\n", "x\n\nx", "x\r"}) {
    const auto note = std::string("a/1\n") + name;
    const std::vector<std::string_view> marks{note};
    EXPECT_THAT(read_contracts(notes, manifest, marks).faults, ElementsAre(HasSubstr("no such method"))) << name;
  }
  const std::vector<std::string_view> no_methods{"a/1"};
  EXPECT_THAT(read_contracts(notes, manifest, no_methods).faults, ElementsAre(HasSubstr("no such method")));
  const std::vector<std::string_view> marks{"", "\n", "b/1\nx", "\na/1\nx"};
  EXPECT_THAT(read_contracts(notes, manifest, marks).faults, IsEmpty());
}

TEST(ContractMethods, SurviveBeingKept) {
  const auto manifest = manifest_of(R"("provides":[{"contract":"a/1"}],"requires":[{"contract":"b/2"}])");
  const std::vector<std::string_view> notes{"a/1\nx()->i8\ny()->i8", "b/2\nz(str)->void"};
  const std::vector<std::string_view> marks{"a/1\ny"};
  const auto kept = to_text(read_contracts(notes, manifest, marks).methods);
  const auto again = parse_contracts(kept, manifest);
  ASSERT_TRUE(again);
  EXPECT_EQ(to_text(*again), kept);
  EXPECT_EQ(again->at("a/1").size(), 2U);
  EXPECT_THAT(idempotent(again->at("a/1")), ElementsAre("y"));
  EXPECT_THAT(idempotent(again->at("b/2")), IsEmpty());
}

TEST(ContractMethods, ThatWereDamagedAreNotTaken) {
  const auto manifest = manifest_of(R"("provides":[{"contract":"a/1"}],"requires":[{"contract":"b/2"}])");
  for (const auto* damaged : {"", "a/1\nx()->i8", "a/1\nx()->i8\n\nb/2", "a/1\nx()->\n\nb/2\nz()->i8", "\n\n",
                              "a/1\nx()->i8\n\na/1 idempotent\ny\n\nb/2\nz()->i8"}) {
    EXPECT_FALSE(parse_contracts(damaged, manifest)) << damaged;
  }
  EXPECT_TRUE(parse_contracts("", manifest_of(R"("provides":[])")));
}

}  // namespace
}  // namespace mortise::manifest
