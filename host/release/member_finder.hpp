// Members by what was written down of them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "release/memory.hpp"

namespace mortise::release {

/// Release thread, for as long as nothing is scanned.
class MemberFinder {
 public:
  /// `catalog` outlives it; `records` are what it has scanned.
  MemberFinder(const catalog::RecordSet& records, catalog::Catalog& catalog);

  /// None when the image is lost, which is logged.
  std::optional<Member> find(const std::string& plugin, const Identity& identity);

 private:
  catalog::Catalog& catalog_;
  std::map<std::string, catalog::RecordPtr> known_;  // by digest
};

}  // namespace mortise::release
