#include "release/memory.hpp"

#include <algorithm>

namespace mortise::release {

const Failure* Memory::find_failure(const std::string& plugin, const Identity& identity) const {
  const auto found = failures.find(plugin);
  if (found == failures.end()) return nullptr;
  const auto is_it = [&](const Failure& failure) { return failure.member.identity() == identity; };
  const auto failure = std::find_if(found->second.begin(), found->second.end(), is_it);
  return failure == found->second.end() ? nullptr : &*failure;
}

}  // namespace mortise::release
