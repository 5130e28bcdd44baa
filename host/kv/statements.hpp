// The texts of the statements that mortise.kv/1 consists of. Inside this folder.
#pragma once

#include <string>

namespace mortise::kv {

/// Each sees as little of what is over as of what is not there.
struct Statements {
  std::string get;             // key; rows as scan's
  std::string scan;            // first key, key after the last one, limit; rows: key, value, version, expires_at
  std::string put;             // key, time to live or NULL, value
  std::string put_if_absent;   // the same
  std::string put_if_version;  // and the version
  std::string remove;          // key
  std::string remove_version;  // key, version
};

const Statements& statements();

}  // namespace mortise::kv
