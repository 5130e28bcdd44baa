// `on_crash`, which mortise.json and the files of plugins.d have alike. Inside this folder only.
#pragma once

#include <optional>
#include <string>

#include "config/config.hpp"
#include "config/object_reader.hpp"

namespace mortise::config {

/// None: it does not say.
inline std::optional<OnCrash> read_on_crash(ObjectReader& reader) {
  std::string text;
  reader.one_of("on_crash", text, {"isolate", "quarantine", "restart"});
  if (text == "isolate") return OnCrash::isolate;
  if (text == "quarantine") return OnCrash::quarantine;
  if (text == "restart") return OnCrash::restart;
  return std::nullopt;
}

}  // namespace mortise::config
