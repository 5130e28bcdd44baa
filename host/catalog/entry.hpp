// What the catalogue itself keeps of a file beside its public record. Inside this folder only.
#pragma once

#include <map>
#include <string>

#include "catalog/catalog.hpp"

namespace mortise::catalog {

/// One file of the drop directory.
struct Entry {
  RecordPtr record;
  std::string claim;            // digest of the last verified content, also while a file is pending: who owns a
                                // plugin's name and version is not open to others while its file is being touched
  base::FileStamp image_stamp;  // of that content's image, as it was put into the store
  std::string rival;            // rejected because a file with this digest has the name and version: that digest
};

/// By path. A path's own order compares it piece by piece, which is slow.
using Entries = std::map<std::string, Entry>;

}  // namespace mortise::catalog
