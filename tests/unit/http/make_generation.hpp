// Generations that are nothing but an identity: what tables and registries ask of one.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "manifest/manifest.hpp"
#include "runtime/generation.hpp"
#include "runtime/release.hpp"

namespace mortise::http::testing {

inline runtime::GenerationPtr make_generation(const std::string& name, std::uint64_t number = 1) {
  manifest::Manifest manifest;
  manifest.name = name;
  runtime::GenerationSpec spec;
  spec.manifest = std::make_shared<const manifest::Manifest>(std::move(manifest));
  return std::make_shared<runtime::Generation>(number, std::move(spec), std::span<runtime::Service* const>());
}

/// Of a generation that reaches no other.
inline runtime::ConePtr make_cone(runtime::GenerationPtr generation) {
  auto bindings = std::make_shared<const runtime::BindingTable>(0);
  return std::make_shared<const runtime::Cone>(
      runtime::Cone{.entry = std::move(generation), .bindings = std::move(bindings), .arena_max_bytes = 1 << 20});
}

inline runtime::ReleasePtr make_release(std::span<const runtime::GenerationPtr> generations) {
  std::vector<runtime::ConePtr> cones;
  for (const auto& generation : generations) cones.push_back(make_cone(generation));
  return std::make_shared<const runtime::Release>(1, runtime::ConeSet(std::move(cones)));
}

}  // namespace mortise::http::testing
