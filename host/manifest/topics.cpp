#include "manifest/topics.hpp"

namespace mortise::manifest {

std::vector<std::string> topics_of(const Manifest& manifest) {
  std::vector<std::string> topics;
  for (const auto& published : manifest.publishes) topics.push_back(published.topic);
  for (const auto& provided : manifest.provides) {
    if (provided.is_topic) topics.push_back(provided.contract);
  }
  return topics;
}

}  // namespace mortise::manifest
