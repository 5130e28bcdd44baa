#include "runtime/contract_registry.hpp"

#include <gmock/gmock.h>

#include "contract_fixture.hpp"

namespace mortise::runtime {
namespace {

using ::testing::AllOf;
using testing::ContractTest;
using ::testing::HasSubstr;
using testing::kMethods;
using testing::PluginSpec;
using testing::str;

constexpr int kProvided = 1;

class ContractRegistryTest : public ContractTest {
 protected:
  std::string provide(const GenerationPtr& generation, std::string_view contract, std::string_view methods = kMethods,
                      std::string_view name = {}) {
    const mortise_provision_v1 provision{.struct_size = sizeof(mortise_provision_v1),
                                         .reserved = 0,
                                         .contract = str(contract),
                                         .methods = str(methods),
                                         .name = str(name),
                                         .provided = &kProvided,
                                         .dispatch = nullptr};
    const auto provided = contracts_.registry().provide(*generation, provision);
    return provided ? "" : provided.error().message;
  }
  std::string require(const GenerationPtr& generation, std::string_view contract, std::uint32_t flags = 0,
                      std::string_view methods = kMethods) {
    const mortise_requirement_v1 requirement{.struct_size = sizeof(mortise_requirement_v1),
                                             .flags = flags,
                                             .contract = str(contract),
                                             .methods = str(methods),
                                             .provider = {},
                                             .fill_proxy = nullptr};
    const auto slot = contracts_.registry().require(*generation, requirement);
    return slot ? "" : slot.error().message;
  }
  std::string missing(const GenerationPtr& generation) {
    const auto whole = contracts_.initialised(*generation);
    return whole ? "" : whole.error().message;
  }
};

TEST_F(ContractRegistryTest, TakesWhatTheManifestDeclares) {
  const auto plugin = make_unregistered(PluginSpec("p").provides("a", &kProvided).requires_("b"));
  EXPECT_EQ(provide(plugin, "a/1"), "");
  EXPECT_EQ(require(plugin, "b/1"), "");
  EXPECT_EQ(missing(plugin), "");
}

TEST_F(ContractRegistryTest, RefusesWhatTheManifestDoesNotDeclare) {
  const auto plugin = make_unregistered(PluginSpec("p"));
  EXPECT_THAT(provide(plugin, "a/1"), HasSubstr("the code provides it, the manifest does not"));
  EXPECT_THAT(require(plugin, "a/1"), HasSubstr("the code requires it, the manifest does not"));
}

TEST_F(ContractRegistryTest, RefusesAStartThatLeavesOutWhatTheManifestDeclares) {
  const auto provider = make_unregistered(PluginSpec("p").provides("a", &kProvided));
  EXPECT_THAT(missing(provider), HasSubstr("the code does not provide it, the manifest does"));
  const auto consumer = make_unregistered(PluginSpec("c").requires_("a"));
  EXPECT_THAT(missing(consumer), HasSubstr("the code does not require it, the manifest does"));
}

TEST_F(ContractRegistryTest, ShowsBothSidesWhenMethodsDisagree) {
  const auto plugin = make_unregistered(PluginSpec("p").provides("a", &kProvided).requires_("b"));
  EXPECT_THAT(provide(plugin, "a/1", "stamp()->u32"), AllOf(HasSubstr("stamp()->u32"), HasSubstr(kMethods)));
  EXPECT_THAT(require(plugin, "b/1", 0, "stamp()->u32"), AllOf(HasSubstr("stamp()->u32"), HasSubstr(kMethods)));
}

TEST_F(ContractRegistryTest, RefusesAnotherKindOfRequirementThanDeclared) {
  const auto plugin = make_unregistered(PluginSpec("p").requires_("a", {.optional = true}));
  EXPECT_THAT(require(plugin, "a/1"), HasSubstr("the code requires it, the manifest requires it optionally"));
  EXPECT_THAT(require(plugin, "a/1", 1U << 31), HasSubstr("this host does not know the flags 2147483648"));
}

TEST_F(ContractRegistryTest, GivesTheSameSlotForTheSameWish) {
  const auto plugin = make_unregistered(PluginSpec("p").requires_("a"));
  const mortise_requirement_v1 requirement{.struct_size = sizeof(mortise_requirement_v1),
                                           .flags = 0,
                                           .contract = str("a/1"),
                                           .methods = str(kMethods),
                                           .provider = {},
                                           .fill_proxy = nullptr};
  EXPECT_EQ(contracts_.registry().require(*plugin, requirement).value(),
            contracts_.registry().require(*plugin, requirement).value());
}

TEST_F(ContractRegistryTest, RefusesOneContractTwiceUnderOneName) {
  const auto plugin = make_unregistered(PluginSpec("p").provides("a", &kProvided, "x").provides("a", &kProvided, "y"));
  EXPECT_EQ(provide(plugin, "a/1", kMethods, "x"), "");
  EXPECT_EQ(provide(plugin, "a/1", kMethods, "y"), "");
  EXPECT_THAT(provide(plugin, "a/1", kMethods, "x"), HasSubstr("provided already"));
}

TEST_F(ContractRegistryTest, RefusesStructsThatAreTooShort) {
  const auto plugin = make_unregistered(PluginSpec("p").provides("a", &kProvided));
  mortise_provision_v1 provision{};
  provision.struct_size = 8;
  EXPECT_THAT(contracts_.registry().provide(*plugin, provision).error().message,
              HasSubstr("set struct_size to sizeof(mortise_provision_v1)"));
  mortise_requirement_v1 requirement{};
  requirement.struct_size = 8;
  EXPECT_THAT(contracts_.registry().require(*plugin, requirement).error().message,
              HasSubstr("set struct_size to sizeof(mortise_requirement_v1)"));
}

}  // namespace
}  // namespace mortise::runtime
