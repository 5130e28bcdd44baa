#include "runtime/contract_registry.hpp"

#include <algorithm>
#include <utility>

#include "manifest/manifest.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::runtime {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::uint32_t kKnownFlags = MORTISE_REQUIREMENT_OPTIONAL | MORTISE_REQUIREMENT_ALL;

/// "boutique.currency/1 named 'ecb'".
std::string title(const std::string& contract, const std::string& name) {
  return "contract " + contract + (name.empty() ? "" : " named '" + name + "'");
}

Error not_in_init() { return {ErrorCode::failed_precondition, "contracts are provided and required during init only"}; }

Error disagreement(const std::string& what, const std::string& code_says, const std::string& manifest_says) {
  return {ErrorCode::failed_precondition,
          what + ": the code " + code_says + ", the manifest " + manifest_says + "; make the two agree"};
}

/// The code's signature text against that of the file's note: two headers went into one library.
base::Result<void> compare(const std::string& what, std::string_view code, const manifest::Methods& noted) {
  const auto text = manifest::to_text(noted);
  if (code == text) return {};
  return disagreement(what, "has the methods\n" + std::string(code) + "\n", "has\n" + text + "\n");
}

bool is_declared_as(const manifest::ProvidedContract& declared, const Provision& provision) {
  return declared.contract == provision.contract && declared.name == provision.name;
}

bool is_declared_as(const manifest::RequiredContract& declared, const Requirement& requirement) {
  return declared.contract == requirement.contract && declared.name == requirement.provider &&
         declared.all == requirement.is_all;
}

template <class Declared, class Registered>
const Declared* find_declared(const std::vector<Declared>& list, const Registered& registered) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const auto& declared) { return is_declared_as(declared, registered); });
  return found == list.end() ? nullptr : &*found;
}

const char* kind_of(bool is_optional, bool is_all) {
  return is_all ? "all of it" : is_optional ? "it optionally" : "it";
}

}  // namespace

base::Result<void> ContractRegistry::provide(const Generation& generation, const mortise_provision_v1& given) {
  if (generation.state() != GenerationState::initialising) return not_in_init();
  if (!MORTISE_HAS(mortise_provision_v1, &given, provided) || given.provided == nullptr) {
    return Error{ErrorCode::invalid_argument, "a provision without a contract's struct, or of an unknown layout"};
  }
  Provision provision{.contract = std::string(to_view(given.contract)),
                      .name = std::string(to_view(given.name)),
                      .methods = nullptr,
                      .provided = given.provided};
  if (provision.name.empty()) provision.name = generation.name();
  const auto what = title(provision.contract, provision.name);
  const auto* declared = find_declared(generation.spec().manifest->provides, provision);
  if (declared == nullptr) return disagreement(what, "provides it", "does not");
  provision.methods = &generation.spec().manifest->methods_of(provision.contract);
  if (auto same = compare(what, to_view(given.methods), *provision.methods); !same) return same;
  provision.rank = declared->rank;

  const std::lock_guard lock(mutex_);
  auto& registered = registered_[&generation];
  if (!registered) registered = std::make_unique<Registered>();
  for (const auto& other : registered->provisions) {
    if (other.contract == provision.contract && other.name == provision.name) {
      return Error{ErrorCode::already_exists, what + " is provided already; remove one, or give it another name"};
    }
  }
  registered->provisions.push_back(std::move(provision));
  return {};
}

base::Result<std::uint32_t> ContractRegistry::require(const Generation& generation,
                                                      const mortise_requirement_v1& given) {
  if (generation.state() != GenerationState::initialising) return not_in_init();
  if (!MORTISE_HAS(mortise_requirement_v1, &given, provider)) {
    return Error{ErrorCode::invalid_argument, "a requirement of an unknown layout"};
  }
  Requirement requirement{.contract = std::string(to_view(given.contract)),
                          .provider = std::string(to_view(given.provider)),
                          .methods = nullptr,
                          .range = {},
                          .is_optional = (given.flags & MORTISE_REQUIREMENT_OPTIONAL) != 0,
                          .is_all = (given.flags & MORTISE_REQUIREMENT_ALL) != 0};
  const auto what = title(requirement.contract, requirement.provider);
  if ((given.flags & ~kKnownFlags) != 0) {
    return Error{ErrorCode::invalid_argument, what + ": a flag of a newer host"};
  }
  const auto* declared = find_declared(generation.spec().manifest->requires_, requirement);
  const auto says = std::string("requires ") + kind_of(requirement.is_optional, requirement.is_all);
  if (declared == nullptr) return disagreement(what, says, "does not");
  if (!declared->all && declared->optional != requirement.is_optional) {
    return disagreement(what, says, std::string("requires ") + kind_of(declared->optional, declared->all));
  }
  requirement.methods = &generation.spec().manifest->methods_of(requirement.contract);
  if (auto same = compare(what, to_view(given.methods), *requirement.methods); !same) return same.error();
  requirement.range = declared->provider;

  const std::lock_guard lock(mutex_);
  auto& registered = registered_[&generation];
  if (!registered) registered = std::make_unique<Registered>();
  for (const auto& other : registered->requirements) {
    // The same wish twice is the same slot: two parts of a plugin need not know of each other.
    if (is_declared_as(*declared, other)) return other.slot;
  }
  requirement.slot = take_slot();
  registered->requirements.push_back(std::move(requirement));
  return registered->requirements.back().slot;
}

base::Result<void> ContractRegistry::check_complete(const Generation& generation) const {
  const auto& manifest = *generation.spec().manifest;
  if (manifest.provides.empty() && manifest.requires_.empty()) return {};
  static const Registered kNone;
  const auto* found = find(generation);
  const auto& registered = found == nullptr ? kNone : *found;
  const auto has = [](const auto& list, const auto& declared) {
    return std::any_of(list.begin(), list.end(), [&](const auto& one) { return is_declared_as(declared, one); });
  };
  for (const auto& declared : manifest.provides) {
    if (has(registered.provisions, declared)) continue;
    return disagreement(title(declared.contract, declared.name), "does not provide it", "does");
  }
  for (const auto& declared : manifest.requires_) {
    if (has(registered.requirements, declared)) continue;
    return disagreement(title(declared.contract, declared.name), "does not require it", "does");
  }
  return {};
}

void ContractRegistry::forget(const Generation& generation) {
  const std::lock_guard lock(mutex_);
  const auto found = registered_.find(&generation);
  if (found == registered_.end()) return;
  for (const auto& requirement : found->second->requirements) free_slots_.insert(requirement.slot);
  registered_.erase(found);
}

const Registered* ContractRegistry::find(const Generation& generation) const {
  const std::lock_guard lock(mutex_);
  const auto found = registered_.find(&generation);
  return found == registered_.end() ? nullptr : found->second.get();
}

std::uint32_t ContractRegistry::take_slot() {
  if (free_slots_.empty()) return next_slot_++;
  return free_slots_.extract(free_slots_.begin()).value();
}

}  // namespace mortise::runtime
