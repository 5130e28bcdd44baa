#include "manifest/provider_match.hpp"

namespace mortise::manifest {
namespace {

/// The range below the version that brought a break, as far as versions tell.
std::string range_below(const Version& version) {
  if (version.major > 0) return "<" + std::to_string(version.major);
  if (version.minor > 0) return "<0." + std::to_string(version.minor);
  return "<" + version.to_string();
}

std::string explain(const Difference& difference, const Manifest& consumer, const Manifest& provider) {
  const auto who = "'" + provider.name + "' " + provider.version.to_string();
  const auto head = difference.title() + ": needs " + difference.needed + ", provider " + who + " has ";
  if (difference.kind == Difference::Kind::missing) {
    return head + "no such method and is older than what '" + consumer.name + "' was built with; upgrade '" +
           provider.name + "'";
  }
  return head + difference.provided + "; upgrade both in one release or pin " + provider.name + " " +
         range_below(provider.version);
}

}  // namespace

std::optional<Mismatch> find_mismatch(const Manifest& consumer, const RequiredContract& required,
                                      const Manifest& provider, const ProvidedContract& provided) {
  // Built only for a reason: most providers fit, and a release asks of each pair in it.
  const auto who = [&] { return "'" + provider.name + "' " + provider.version.to_string() + " provides it"; };
  if (!required.name.empty() && required.name != provided.name) {
    return Mismatch{
        .kind = Mismatch::Kind::name, .reason = who() + " under the name '" + provided.name + "'", .difference = {}};
  }
  if (!required.provider.contains(provider.version)) {
    return Mismatch{.kind = Mismatch::Kind::version, .reason = who() + " but is outside the range", .difference = {}};
  }
  auto difference = find_difference(consumer.methods_of(required.contract), provider.methods_of(required.contract));
  if (!difference) return std::nullopt;
  auto reason = explain(*difference, consumer, provider);
  return Mismatch{.kind = Mismatch::Kind::methods, .reason = std::move(reason), .difference = std::move(difference)};
}

std::string to_string(const RequiredContract& required) {
  auto text = required.contract;
  if (!required.name.empty()) text += " named '" + required.name + "'";
  if (required.provider.text() != "*") text += " from a plugin of version '" + required.provider.text() + "'";
  return text;
}

}  // namespace mortise::manifest
