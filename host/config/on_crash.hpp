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
  reader.one_of("on_crash", text, {"quarantine", "restart"});
  if (text.empty()) return std::nullopt;
  return text == "restart" ? OnCrash::restart : OnCrash::quarantine;
}

}  // namespace mortise::config
