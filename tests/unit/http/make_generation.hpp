// Generations that are nothing but an identity: what tables and registries ask of one.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "manifest/manifest.hpp"
#include "runtime/generation.hpp"

namespace mortise::http::testing {

inline runtime::GenerationPtr make_generation(const std::string& name, std::uint64_t number = 1) {
  manifest::Manifest manifest;
  manifest.name = name;
  runtime::GenerationSpec spec;
  spec.manifest = std::make_shared<const manifest::Manifest>(std::move(manifest));
  return std::make_shared<runtime::Generation>(number, std::move(spec), std::span<runtime::Service* const>());
}

}  // namespace mortise::http::testing
