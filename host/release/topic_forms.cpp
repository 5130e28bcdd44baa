#include "release/topic_forms.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "manifest/signature.hpp"
#include "manifest/topics.hpp"

namespace mortise::release {
namespace {

using manifest::Manifest;

std::string title(const Manifest& manifest) { return "'" + manifest.name + "' " + manifest.version.to_string(); }

/// The forms that hold, each by whom it was first seen of.
class Forms {
 public:
  /// What keeps it from running beside those that were taken before; nothing: it is one of them now.
  std::optional<Unmet> take(const Wanted& wanted) {
    const auto& manifest = *wanted.record->manifest;
    const auto topics = manifest::topics_of(manifest);
    for (const auto& topic : topics) {
      const auto known = first_.find(topic);
      if (known != first_.end() && is_other(manifest, *known->second, topic)) {
        return refuse(manifest, *known->second, topic);
      }
    }
    for (const auto& topic : topics) first_.emplace(topic, &manifest);
    return std::nullopt;
  }

 private:
  static bool is_other(const Manifest& a, const Manifest& b, const std::string& topic) {
    return manifest::to_text(a.methods_of(topic)) != manifest::to_text(b.methods_of(topic));
  }

  static Unmet refuse(const Manifest& manifest, const Manifest& other, const std::string& topic) {
    const auto difference = manifest::find_difference(other.methods_of(topic), manifest.methods_of(topic));
    return {.name = manifest.name,
            .kind = Unmet::Kind::refused,
            .reason = "the events of topic " + topic + " have another form in " + title(manifest) + " than in " +
                      title(other) +
                      "; build both with the same header of the event, and change them together; another form is a "
                      "new version of the topic",
            .exhibit = difference ? difference->side_by_side(other.name, manifest.name) : std::string()};
  }

  std::unordered_map<std::string, const Manifest*> first_;
};

bool runs_on(const Wanted& wanted, const Members& running) {
  const auto runs = running.find(wanted.name());
  return runs != running.end() && runs->second.record->sha256 == wanted.record->sha256;
}

}  // namespace

std::vector<Unmet> refuse_other_forms(std::vector<Wanted>& wanted, const Members& running) {
  Forms forms;
  std::vector<Unmet> refused;
  for (const bool are_to_run_on : {true, false}) {
    std::erase_if(wanted, [&](const Wanted& one) {
      if (runs_on(one, running) != are_to_run_on) return false;
      auto refusal = forms.take(one);
      if (refusal) refused.push_back(std::move(*refusal));
      return refusal.has_value();
    });
  }
  return refused;
}

}  // namespace mortise::release
