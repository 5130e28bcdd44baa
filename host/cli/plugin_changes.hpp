// What a new build of a plugin changes for others: for the plugins that call it, and for the host that must start it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "manifest/manifest.hpp"

namespace mortise::cli {

/// One thing that is different.
struct Change {
  enum class Effect {
    breaking,       // a plugin that was built against the old one is refused beside the new one
    may_not_start,  // the new one needs what the old one did not
    compatible,     // nobody need do anything
  };
  Effect effect = Effect::compatible;
  std::string message;                                  // "boutique.currency/1: method 2 'convert' differs"
  std::optional<manifest::Difference> difference = {};  // of the old methods, as a consumer's, to the new ones
};

const char* to_string(Change::Effect effect);

/// Of two builds of one plugin.
std::vector<Change> find_changes(const manifest::Manifest& before, const manifest::Manifest& after);

bool is_breaking(const std::vector<Change>& changes);

/// What is wrong with the step from one version to the next, given the changes; empty when nothing is.
std::string judge_version_step(const manifest::Manifest& before, const manifest::Manifest& after,
                               const std::vector<Change>& changes);

}  // namespace mortise::cli
