#include "telemetry/code_owners.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace mortise::telemetry {
namespace {

std::string owner_of(std::uintptr_t address) {
  const auto found = CodeOwner::find(address);
  return found ? std::string(found->plugin) + " " + std::string(found->generation) : "nobody";
}

TEST(CodeOwners, OwnFromTheFirstByteToTheLast) {
  const CodeOwner owner({.begin = 1000, .end = 2000}, "orders", "7", "5ha");
  EXPECT_EQ(owner_of(999), "nobody");
  EXPECT_EQ(owner_of(1000), "orders 7");
  EXPECT_EQ(owner_of(1999), "orders 7");
  EXPECT_EQ(owner_of(2000), "nobody");
}

TEST(CodeOwners, AreForgottenWhenTheyGo) {
  { const CodeOwner owner({.begin = 1000, .end = 2000}, "orders", "7", "5ha"); }
  EXPECT_EQ(owner_of(1500), "nobody");
  const CodeOwner next({.begin = 1000, .end = 2000}, "currency", "8", "5ha");
  EXPECT_EQ(owner_of(1500), "currency 8");
}

TEST(CodeOwners, MayBeManyAndComeAndGo) {
  constexpr std::uintptr_t kCount = 1000;
  std::vector<std::unique_ptr<CodeOwner>> owners;
  for (std::uintptr_t i = 0; i < kCount; ++i) {
    owners.push_back(std::make_unique<CodeOwner>(base::CodeRange{.begin = i * 10 + 5, .end = i * 10 + 10}, "many",
                                                 std::to_string(i), "5ha"));
  }
  for (std::uintptr_t i = 0; i < kCount; i += 2) owners[i].reset();
  for (std::uintptr_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(owner_of(i * 10 + 7), i % 2 == 0 ? "nobody" : "many " + std::to_string(i));
    EXPECT_EQ(owner_of(i * 10 + 2), "nobody");
  }
}

TEST(CodeOwners, FindTheLibraryOfAFunction) {
  const auto own = base::mapping_of(reinterpret_cast<const void*>(&owner_of));
  const CodeOwner owner(own, "this-test", "1", "5ha");
  EXPECT_EQ(owner_of(reinterpret_cast<std::uintptr_t>(&owner_of)), "this-test 1");
  const int on_the_stack = 0;
  EXPECT_EQ(base::mapping_of(&on_the_stack).end, 0U);
}

}  // namespace
}  // namespace mortise::telemetry
