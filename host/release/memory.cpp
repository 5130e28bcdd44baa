#include "release/memory.hpp"

#include <algorithm>

namespace mortise::release {

const Failure* Memory::find_failure(const std::string& plugin, const Identity& identity) const {
  const auto found = failures.find(plugin);
  if (found == failures.end()) return nullptr;
  const auto is_it = [&](const Failure& failure) {
    const auto failed = failure.member.identity();
    return failed == identity || (failure.is_quarantined() && failed.sha256 == identity.sha256);
  };
  const auto failure = std::find_if(found->second.begin(), found->second.end(), is_it);
  return failure == found->second.end() ? nullptr : &*failure;
}

bool Memory::is_quarantined(const std::string& plugin, const Identity& identity) const {
  const auto* failure = find_failure(plugin, identity);
  return failure != nullptr && failure->is_quarantined();
}

const Isolation* Memory::find_isolation(const std::string& plugin, const std::string& sha256) const {
  const auto found = isolations.find(plugin);
  if (found == isolations.end()) return nullptr;
  const auto isolation = std::find_if(found->second.begin(), found->second.end(),
                                      [&](const Isolation& one) { return one.sha256 == sha256; });
  return isolation == found->second.end() ? nullptr : &*isolation;
}

bool Memory::has_passed(const std::string& plugin, const std::string& sha256) const {
  const auto found = passed.find(plugin);
  return found != passed.end() && found->second.contains(sha256);
}

std::vector<const StoredCrash*> Memory::crashes_of(const std::string& plugin, const std::string& sha256,
                                                   std::int64_t since_ms) const {
  std::vector<const StoredCrash*> found;
  for (const auto& crash : crashes) {
    if (crash.plugin == plugin && crash.sha256 == sha256 && crash.time_ms >= since_ms) found.push_back(&crash);
  }
  return found;
}

}  // namespace mortise::release
