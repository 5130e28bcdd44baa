// Generations that are nothing but a manifest and what they register: enough for bindings, releases and scopes.
#pragma once

#include <gtest/gtest.h>
#include <mortise/abi/contracts.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "manifest/manifest.hpp"
#include "runtime/contracts.hpp"
#include "runtime/generation.hpp"

namespace mortise::runtime::testing {

inline mortise_str str(std::string_view text) { return {text.data(), text.size()}; }

inline constexpr const char* kMethods = "stamp()->u64";

/// A contract of one method that returns a number.
struct StampContract {
  struct {
    mortise_status (*call)(void* self, std::uint64_t* result);
    void* self;
  } stamp;
};

/// "name", "name/contract" or whatever a test needs of a plugin, put together before it is made.
class PluginSpec {
 public:
  explicit PluginSpec(std::string name, std::string version = "1.0.0") {
    manifest_.name = std::move(name);
    manifest_.version = manifest::Version::parse(version).value();
  }

  PluginSpec& provides(const std::string& contract, const void* provided, std::string provider_name = {},
                       std::int32_t rank = 0, std::string methods = kMethods) {
    manifest::ProvidedContract declared;
    declared.contract = contract + "/1";
    declared.name = provider_name.empty() ? manifest_.name : std::move(provider_name);
    declared.rank = rank;
    manifest_.contracts[declared.contract] = manifest::parse_methods(methods).value();
    manifest_.provides.push_back(std::move(declared));
    provided_.push_back(provided);
    return *this;
  }

  struct Wish {
    bool optional = false;
    bool all = false;
    std::string provider_name{};
    std::string range = "*";
    std::string methods = kMethods;
  };
  PluginSpec& requires_(const std::string& contract, Wish wish) {
    manifest::RequiredContract declared;
    declared.contract = contract + "/1";
    declared.provider = manifest::VersionRange::parse(wish.range).value();
    declared.optional = wish.optional;
    declared.all = wish.all;
    declared.name = std::move(wish.provider_name);
    manifest_.contracts[declared.contract] = manifest::parse_methods(wish.methods).value();
    manifest_.requires_.push_back(std::move(declared));
    return *this;
  }
  PluginSpec& requires_(const std::string& contract) { return requires_(contract, Wish{}); }

 private:
  friend class ContractTest;
  manifest::Manifest manifest_;
  std::vector<const void*> provided_;
};

class ContractTest : public ::testing::Test {
 protected:
  /// A generation that has registered all that its manifest declares. `memory` is freed with it, as a plugin's is.
  GenerationPtr make(const PluginSpec& spec, std::shared_ptr<void> memory = nullptr) {
    auto generation = make_unregistered(spec, std::move(memory));
    auto& registry = contracts_.registry();
    std::size_t index = 0;
    for (const auto& declared : spec.manifest_.provides) {
      const auto methods = manifest::to_text(spec.manifest_.methods_of(declared.contract));
      const mortise_provision_v1 provision{.struct_size = sizeof(mortise_provision_v1),
                                           .reserved = 0,
                                           .contract = str(declared.contract),
                                           .methods = str(methods),
                                           .name = str(declared.name),
                                           .provided = spec.provided_[index++],
                                           .dispatch = nullptr};
      EXPECT_TRUE(registry.provide(*generation, provision));
    }
    for (const auto& declared : spec.manifest_.requires_) slots_.push_back(require(*generation, declared));
    return generation;
  }

  GenerationPtr make_unregistered(const PluginSpec& spec, std::shared_ptr<void> memory = nullptr) {
    GenerationSpec made;
    made.manifest = std::make_shared<const manifest::Manifest>(spec.manifest_);
    return {new Generation(++last_number_, std::move(made), {}), [this, memory = std::move(memory)](Generation* gone) {
              contracts_.forget(*gone);
              delete gone;
            }};
  }

  std::uint32_t require(const Generation& generation, const manifest::RequiredContract& declared) {
    const auto methods = manifest::to_text(generation.spec().manifest->methods_of(declared.contract));
    const mortise_requirement_v1 requirement{.struct_size = sizeof(mortise_requirement_v1),
                                             .flags = (declared.optional ? MORTISE_REQUIREMENT_OPTIONAL : 0U) |
                                                      (declared.all ? MORTISE_REQUIREMENT_ALL : 0U),
                                             .contract = str(declared.contract),
                                             .methods = str(methods),
                                             .provider = str(declared.name),
                                             .fill_proxy = nullptr};
    return contracts_.registry().require(generation, requirement).value();
  }

  ReleasePtr release(std::vector<GenerationPtr> generations) {
    return contracts_.build(++last_release_, set_of(generations)).release;
  }
  static GenerationSet set_of(const std::vector<GenerationPtr>& generations) {
    return GenerationSet(std::vector<GenerationRef>(generations.begin(), generations.end()));
  }
  static ConePtr cone_of(const ReleasePtr& release, const GenerationPtr& generation) {
    return release->cones().at(generation->number());
  }

  Contracts contracts_{std::uint64_t{1} << 20};
  std::vector<std::uint32_t> slots_;  // in the order in which they were taken

 private:
  std::uint64_t last_number_ = 0;
  std::uint64_t last_release_ = 0;
};

}  // namespace mortise::runtime::testing
