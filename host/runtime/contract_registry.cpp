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
std::string title(std::string_view contract, std::string_view name) {
  std::string text = "contract " + std::string(contract);
  if (!name.empty()) text.append(" named '").append(name).append("'");
  return text;
}

Error too_short(const std::string& type, std::uint32_t size) {
  return {ErrorCode::invalid_argument, "a " + type + " of " + std::to_string(size) +
                                           " bytes, too few for its members; set struct_size to sizeof(" + type + ")"};
}

Error not_in_init() { return {ErrorCode::failed_precondition, "contracts are provided and required during init only"}; }

Error disagreement(const std::string& what, const std::string& code_says, const std::string& manifest_says) {
  return {ErrorCode::failed_precondition,
          what + ": the code " + code_says + ", the manifest " + manifest_says + "; make the two agree"};
}

/// The code's signature text against that of the file's note: two headers went into one library.
template <class What>
base::Result<void> compare(const What& what, std::string_view code, const manifest::Methods& noted) {
  const auto text = manifest::to_text(noted);
  if (code == text) return {};
  return disagreement(what(), "has the methods\n" + std::string(code) + "\n", "has\n" + text + "\n");
}

std::string_view provider_name(const Generation& generation, const mortise_provision_v1& given) {
  return given.name.size == 0 ? std::string_view(generation.name()) : to_view(given.name);
}

bool agrees(const manifest::ProvidedContract& declared, const mortise_provision_v1& given, std::string_view name) {
  return declared.contract == to_view(given.contract) && declared.name == name;
}

bool agrees(const manifest::RequiredContract& declared, const mortise_requirement_v1& given) {
  return declared.contract == to_view(given.contract) && declared.name == to_view(given.provider) &&
         declared.all == ((given.flags & MORTISE_REQUIREMENT_ALL) != 0);
}

template <class List, class Predicate>
const typename List::value_type* find_in(const List& list, const Predicate& predicate) {
  const auto found = std::find_if(list.begin(), list.end(), predicate);
  return found == list.end() ? nullptr : &*found;
}

template <class Registered, class Declared>
const Registered* find_registered(const std::vector<Registered>& list, const Declared& declared) {
  return find_in(list, [&](const Registered& one) { return one.declared == &declared; });
}

std::string kind_of(bool is_optional, bool is_all) {
  return is_all ? "all of it" : is_optional ? "it optionally" : "it";
}

}  // namespace

base::Result<const manifest::ProvidedContract*> ContractRegistry::find_declared(const Generation& generation,
                                                                                const mortise_provision_v1& given) {
  if (generation.state() != GenerationState::initialising) return not_in_init();
  if (!MORTISE_HAS(mortise_provision_v1, &given, provided)) return too_short("mortise_provision_v1", given.struct_size);
  const auto name = provider_name(generation, given);
  const auto what = [&] { return title(to_view(given.contract), name); };
  const auto& manifest = *generation.spec().manifest;
  const auto* declared = find_in(manifest.provides, [&](const auto& one) { return agrees(one, given, name); });
  if (declared == nullptr) return disagreement(what(), "provides it", "does not");
  if (auto same = compare(what, to_view(given.methods), manifest.methods_of(declared->contract)); !same) {
    return same.error();
  }
  return declared;
}

base::Result<void> ContractRegistry::provide(const Generation& generation, const mortise_provision_v1& given) {
  const auto declared = find_declared(generation, given);
  if (!declared) return declared.error();
  if (given.provided == nullptr) {
    return Error{ErrorCode::invalid_argument, title(to_view(given.contract), provider_name(generation, given)) +
                                                  ": `provided` is NULL; set it to the contract's struct"};
  }
  Provision provision{
      .declared = *declared, .provided = given.provided, .contract = 0, .channel = nullptr, .dispatch{}};
  if (MORTISE_HAS(mortise_provision_v1, &given, dispatch) && given.dispatch != nullptr) {
    provision.dispatch = std::make_shared<DispatchChannel>(given);
    provision.channel = &provision.dispatch->channel();
  }
  return add(generation, std::move(provision));
}

base::Result<const manifest::ProvidedContract*> ContractRegistry::provide_elsewhere(const Generation& generation,
                                                                                    const mortise_provision_v1& given,
                                                                                    const mortise_channel_v1* channel) {
  auto declared = find_declared(generation, given);
  if (!declared) return declared;
  const auto added = add(
      generation, {.declared = *declared, .provided = nullptr, .contract = 0, .channel = channel, .dispatch = nullptr});
  return added ? declared : added.error();
}

base::Result<void> ContractRegistry::add(const Generation& generation, Provision provision) {
  const auto& declared = *provision.declared;
  const std::lock_guard lock(mutex_);
  auto& provisions = registered(generation).provisions;
  if (find_registered(provisions, declared) != nullptr) {
    return Error{ErrorCode::already_exists,
                 title(declared.contract, declared.name) + " is provided already; remove one, or give it another name"};
  }
  provision.contract = number_of(declared.contract);
  provisions.push_back(std::move(provision));
  return {};
}

base::Result<const manifest::RequiredContract*> ContractRegistry::find_declared(const Generation& generation,
                                                                                const mortise_requirement_v1& given) {
  if (generation.state() != GenerationState::initialising) return not_in_init();
  if (!MORTISE_HAS(mortise_requirement_v1, &given, provider)) {
    return too_short("mortise_requirement_v1", given.struct_size);
  }
  const auto what = [&] { return title(to_view(given.contract), to_view(given.provider)); };
  if (const auto unknown = given.flags & ~kKnownFlags; unknown != 0) {
    return Error{ErrorCode::invalid_argument, what() + ": this host does not know the flags " +
                                                  std::to_string(unknown) + "; leave them away, or use a newer host"};
  }
  const bool is_optional = (given.flags & MORTISE_REQUIREMENT_OPTIONAL) != 0;
  const auto says = [&] { return "requires " + kind_of(is_optional, (given.flags & MORTISE_REQUIREMENT_ALL) != 0); };
  const auto& manifest = *generation.spec().manifest;
  const auto* declared = find_in(manifest.requires_, [&](const auto& one) { return agrees(one, given); });
  if (declared == nullptr) return disagreement(what(), says(), "does not");
  if (!declared->all && declared->optional != is_optional) {
    return disagreement(what(), says(), "requires " + kind_of(declared->optional, declared->all));
  }
  const auto same = compare(what, to_view(given.methods), manifest.methods_of(declared->contract));
  if (!same) return same.error();
  return declared;
}

base::Result<std::uint32_t> ContractRegistry::require(const Generation& generation,
                                                      const mortise_requirement_v1& given) {
  const auto declared = find_declared(generation, given);
  if (!declared) return declared.error();
  auto proxy = ProxyFunctions::ask(given, generation.spec().manifest->methods_of((*declared)->contract).size());
  if (!proxy) {
    return Error{proxy.error().code,
                 title(to_view(given.contract), to_view(given.provider)) + ": " + proxy.error().message};
  }
  return add(generation, Requirement{.declared = *declared,
                                     .slot = 0,
                                     .contract = 0,
                                     .is_elsewhere = false,
                                     .can_cross = !proxy->is_empty(),
                                     .proxy = std::move(*proxy)});
}

base::Result<std::uint32_t> ContractRegistry::require_elsewhere(const Generation& generation,
                                                                const mortise_requirement_v1& given, bool can_cross) {
  const auto declared = find_declared(generation, given);
  if (!declared) return declared.error();
  return add(
      generation,
      Requirement{
          .declared = *declared, .slot = 0, .contract = 0, .is_elsewhere = true, .can_cross = can_cross, .proxy = {}});
}

std::uint32_t ContractRegistry::add(const Generation& generation, Requirement requirement) {
  const auto& declared = *requirement.declared;
  const std::lock_guard lock(mutex_);
  auto& requirements = registered(generation).requirements;
  // The same wish twice is the same slot: two parts of a plugin need not know of each other.
  if (const auto* other = find_registered(requirements, declared)) return other->slot;
  requirement.slot = take_slot();
  requirement.contract = number_of(declared.contract);
  requirements.push_back(std::move(requirement));
  return requirements.back().slot;
}

base::Result<void> ContractRegistry::check_complete(const Generation& generation) const {
  const auto& manifest = *generation.spec().manifest;
  if (manifest.provides.empty() && manifest.requires_.empty()) return {};
  static const Registered kNone;
  const auto* found = find(generation);
  const auto& registered = found == nullptr ? kNone : *found;
  for (const auto& declared : manifest.provides) {
    if (find_registered(registered.provisions, declared) != nullptr) continue;
    return disagreement(title(declared.contract, declared.name), "does not provide it", "does");
  }
  for (const auto& declared : manifest.requires_) {
    if (find_registered(registered.requirements, declared) != nullptr) continue;
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

Registered& ContractRegistry::registered(const Generation& generation) {
  auto& registered = registered_[&generation];
  if (!registered) registered = std::make_unique<Registered>();
  return *registered;
}

std::uint32_t ContractRegistry::take_slot() {
  if (free_slots_.empty()) return next_slot_++;
  return free_slots_.extract(free_slots_.begin()).value();
}

std::uint32_t ContractRegistry::number_of(const std::string& contract) {
  return numbers_.emplace(contract, static_cast<std::uint32_t>(numbers_.size())).first->second;
}

}  // namespace mortise::runtime
