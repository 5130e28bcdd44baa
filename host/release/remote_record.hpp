// What is known of a plugin that runs in another host: the file that lies here tells which contracts it has, and that
// is all that concerns this host. What it needs, publishes and keeps is the other host's affair.
#pragma once

#include <map>
#include <string>

#include "catalog/catalog.hpp"

namespace mortise::release {

/// The record of a verified file, with a manifest of nothing but what the plugin provides and hears.
[[nodiscard]] catalog::RecordPtr to_remote(const catalog::Record& record);

/// The same, each made once, so that what has not changed is the very same. One thread.
class RemoteRecords {
 public:
  catalog::RecordPtr of(const catalog::RecordPtr& record);

 private:
  struct Pair {
    catalog::RecordPtr original;
    catalog::RecordPtr remote;
  };
  std::map<std::string, Pair> pairs_;  // by plugin
};

}  // namespace mortise::release
