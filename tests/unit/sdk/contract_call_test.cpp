// Calls through a contract that is bound to an implementation in the same process.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <mortise/contracts.hpp>
#include <string>
#include <vector>

#include "every_type.hpp"
#include "fake_contracts.hpp"
#include "fake_host.hpp"

namespace mortise {
namespace {

using namespace sdk_testing;

struct Library {
  Method<Str(std::string_view)> title;
  Method<List<std::uint32_t>(std::span<const std::uint32_t>)> sorted;
  Method<Bytes()> cover;
  Method<void(std::int32_t)> refuse;
};
MORTISE_CONTRACT(Library, "sample.library", 1, title, sorted, cover, refuse)

/// Returns what owns its memory, so that only a copy can survive the call.
class OwningLibrary {
 public:
  std::string title(std::string_view author) { return "The life and opinions of " + std::string(author); }
  std::vector<std::uint32_t> sorted(std::span<const std::uint32_t> values) {
    std::vector<std::uint32_t> result(values.begin(), values.end());
    std::sort(result.begin(), result.end());
    return result;
  }
  std::vector<std::uint8_t> cover() { return std::vector<std::uint8_t>(1000, 7); }
  void refuse(std::int32_t how) {
    if (how == 0) throw Error(Status::not_found, "no book 7");
    if (how == 1) throw Error(Status::aborted, "the shelf fell", "shelf 1.0.0: sample.shelf/1 fetch");
    if (how == 2) throw std::runtime_error("a page is missing");
    throw 123;
  }
};

/// Says how much time its callers leave it.
class PatientLibrary : public OwningLibrary {
 public:
  std::string title(std::string_view /*author*/) {
    const auto left = time_left();
    return left ? std::to_string(left->count()) : "any";
  }
};

class ContractCallTest : public ::testing::Test {
 protected:
  ContractCallTest() {
    link_contracts();
    scope_.bind(&library_);
  }
  Error failure_of(std::int32_t how) {
    try {
      slot_->refuse(how);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "did not throw";
    return {Status::unknown, ""};
  }

  OwningLibrary implementation_;
  Library library_ = detail::bind_contract<Library>(implementation_);
  FakeScope scope_;
  Slot<Library> slot_{0};
};

TEST_F(ContractCallTest, CopiesOwnedTextsAndListsToTheArena) {
  const auto title = slot_->title("Tristram Shandy, Gentleman");
  const auto other = slot_->title("somebody else altogether");
  EXPECT_EQ(title, "The life and opinions of Tristram Shandy, Gentleman");
  EXPECT_EQ(other, "The life and opinions of somebody else altogether");
  const std::array<std::uint32_t, 3> values{3, 1, 2};
  const auto sorted = slot_->sorted(values);
  EXPECT_EQ(std::vector<std::uint32_t>(sorted.begin(), sorted.end()), (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_TRUE(slot_->sorted({}).empty());
  EXPECT_EQ(slot_->cover().size(), 1000U);
  EXPECT_EQ(slot_->cover()[999], 7);
}

TEST_F(ContractCallTest, TellsAProviderHowMuchTimeItsCallersHave) {
  PatientLibrary patient;
  const auto library = detail::bind_contract<Library>(patient);
  EXPECT_EQ(library.title("Sterne"), "any");
  scope_.set_time_left_ms(250);
  EXPECT_EQ(library.title("Sterne"), "250");
  auto older = FakeScope::table();
  older.struct_size = offsetof(mortise_contracts_v1, time_left_ms);
  older.time_left_ms = nullptr;
  detail::contracts_link.set(&older, nullptr);
  EXPECT_EQ(library.title("Sterne"), "any") << "a host of ABI 1.0 tells of none";
  link_contracts();
}

TEST_F(ContractCallTest, LimitsTheTimeOfItsCallsWhileTheLimitLives) {
  using std::chrono::milliseconds;
  PatientLibrary patient;
  const auto library = detail::bind_contract<Library>(patient);
  scope_.set_time_left_ms(1000);
  {
    const TimeLimit limit(milliseconds(50));
    EXPECT_EQ(library.title("Sterne"), "50");
    {
      const TimeLimit inner(milliseconds(-1));
      EXPECT_EQ(library.title("Sterne"), "0");
    }
    const TimeLimit longer(milliseconds(2000));
    EXPECT_EQ(library.title("Sterne"), "50");
  }
  EXPECT_EQ(library.title("Sterne"), "1000");
  try {
    const TimeLimit limit(milliseconds(50));
    slot_->refuse(0);
  } catch (const Error&) {
    EXPECT_EQ(library.title("Sterne"), "1000") << "also when a call has failed";
  }
}

TEST_F(ContractCallTest, AnOlderHostHasNoLimits) {
  PatientLibrary patient;
  const auto library = detail::bind_contract<Library>(patient);
  scope_.set_time_left_ms(1000);
  auto older = FakeScope::table();
  older.struct_size = offsetof(mortise_contracts_v1, limit_ms);
  older.limit_ms = nullptr;
  older.restore_limit = nullptr;
  detail::contracts_link.set(&older, nullptr);
  {
    const TimeLimit limit(std::chrono::milliseconds(50));
    EXPECT_EQ(library.title("Sterne"), "1000");
  }
  link_contracts();
}

TEST_F(ContractCallTest, CallsWithEveryStandardTypeAsAnArgument) {
  Echo echo;
  const auto every = detail::bind_contract<EveryType>(echo);
  EXPECT_EQ(every.convert({3, "USD"}, std::string_view("EUR")).currency, "EUR");
  const std::vector<std::int64_t> numbers{-1, 5};
  EXPECT_EQ(every.numbers(numbers)[1], 5);
  const std::vector<Str> texts{"a", "b"};
  EXPECT_EQ(every.texts(texts)[1], "b");
  const std::array<std::byte, 2> raw{std::byte{1}, std::byte{2}};
  EXPECT_EQ(every.raw(raw).size(), 2U);
  const std::vector<std::uint8_t> bytes(5);
  every.nothing(bytes, 1.5);
  EXPECT_EQ(echo.taken, 5U);
  EXPECT_TRUE(echo.has_number);
  Nested nested{};
  nested.origin = {4, 0.5F};
  EXPECT_FALSE(every.maybe(std::nullopt).has_value());
  EXPECT_EQ(every.maybe(std::optional<Nested>(nested))->origin.x, 4);
}

TEST_F(ContractCallTest, DeliversTheProvidersErrorWithItsContext) {
  const auto error = failure_of(0);
  EXPECT_EQ(error.status(), Status::not_found);
  EXPECT_STREQ(error.what(), "no book 7");
  EXPECT_EQ(error.context(), "sample 1.2.3: sample.library/1 refuse");
}

TEST_F(ContractCallTest, KeepsTheContextOfTheFailureBehind) {
  EXPECT_EQ(failure_of(1).context(), "shelf 1.0.0: sample.shelf/1 fetch; sample 1.2.3: sample.library/1 refuse");
}

TEST_F(ContractCallTest, MakesAnyOtherExceptionInternal) {
  EXPECT_EQ(failure_of(2).status(), Status::internal);
  EXPECT_STREQ(failure_of(2).what(), "a page is missing");
  EXPECT_EQ(failure_of(3).status(), Status::internal);
  EXPECT_STREQ(failure_of(3).what(), "an exception that is no std::exception");
}

TEST_F(ContractCallTest, TakesAFailureOnlyOnce) {
  failure_of(0);
  EXPECT_EQ(scope_.raw().failure.status, MORTISE_OK);
  // A provider in C that returns a status and leaves it at that.
  library_.refuse = {[](void*, std::int32_t) -> mortise_status { return MORTISE_UNAVAILABLE; }, nullptr};
  const auto error = failure_of(0);
  EXPECT_EQ(error.status(), Status::unavailable);
  EXPECT_STREQ(error.what(), "the provider gave no reason");
}

TEST(ContractSlot, RefusesACallOutsideAnyScope) {
  link_contracts();
  EXPECT_FALSE(scope_is_open());
  try {
    static_cast<void>(Slot<Library>(0)->title("x"));
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::failed_precondition);
    EXPECT_NE(std::string(error.what()).find("only while the host runs this plugin's code"), std::string::npos);
  }
  EXPECT_THROW(copy("x"), Error);
  EXPECT_THROW(ArenaScope(), Error);
  EXPECT_THROW(TimeLimit(std::chrono::milliseconds(50)), Error);
}

TEST(ContractSlot, SeesTheBindingsOfTheInnermostScope) {
  link_contracts();
  OwningLibrary implementation;
  const auto library = detail::bind_contract<Library>(implementation);
  const FakeScope outer;
  FakeScope inner;
  inner.bind(nullptr);
  inner.bind(&library);
  EXPECT_EQ(OptionalSlot<Library>(0).get(), nullptr);
  EXPECT_EQ(OptionalSlot<Library>(1).get(), &library);
}

TEST(ContractSlot, ListsAllProvidersInTheirOrder) {
  link_contracts();
  OwningLibrary implementation;
  const auto library = detail::bind_contract<Library>(implementation);
  const std::array<mortise_provider, 2> items{{{&library, str("city"), 9, 0}, {&library, str("village"), -1, 0}}};
  const mortise_providers providers{items.size(), items.data()};
  FakeScope scope;
  scope.bind(&providers);
  std::string seen;
  for (auto provider : SlotRange<Library>(0).get()) {
    seen += std::string(provider.name()) + ":" + std::to_string(provider.rank()) + " ";
    EXPECT_EQ(provider->cover().size(), 1000U);
  }
  EXPECT_EQ(seen, "city:9 village:-1 ");
}

TEST(ContractAgreement, TellsTheHostWhatIsRequiredAndProvided) {
  link_contracts();
  FakeHost host;
  host.interfaces[MORTISE_CONTRACTS_V1] = &FakeScope::table();
  Contracts contracts(host.table());
  OwningLibrary implementation;
  EXPECT_EQ(contracts.require<Library>(MORTISE_REQUIREMENT_OPTIONAL, "city"), 0U);
  EXPECT_EQ(contracts.require<Library>(0, ""), 1U);
  contracts.provide<Library>(implementation, "village");
  const auto& required = agreed.requirements.at(0);
  EXPECT_EQ(to_string(required.contract), "sample.library/1");
  EXPECT_EQ(to_string(required.methods), detail::contract_methods<Library>());
  EXPECT_EQ(to_string(required.provider), "city");
  EXPECT_EQ(required.flags, MORTISE_REQUIREMENT_OPTIONAL);
  const auto& provided = agreed.provisions.at(0);
  EXPECT_EQ(to_string(provided.contract), "sample.library/1");
  EXPECT_EQ(to_string(provided.name), "village");
  const FakeScope scope;
  EXPECT_EQ(static_cast<const Library*>(provided.provided)->cover().size(), 1000U);
  agreed.refuses = MORTISE_FAILED_PRECONDITION;
  agreed.reason = "the manifest does not say so";
  EXPECT_THROW(contracts.require<Library>(0, ""), Error);
  EXPECT_THROW(contracts.provide<Library>(implementation, ""), Error);
}

}  // namespace
}  // namespace mortise
