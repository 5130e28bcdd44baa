#include "release/left_mapped.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "manifest/binary.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {
namespace {

constexpr std::array<std::string_view, 3> kCauses{"gnu-unique", "nodelete", "thread-local-destructors"};

}  // namespace

std::string find_why_it_stays(const std::filesystem::path& image, const std::string& shown_as) {
  std::string reason;
  const auto inspection = manifest::inspect(image, shown_as);
  if (inspection.manifest && !inspection.manifest->unloadable) {
    reason = "'" + shown_as +
             "' must not be unloaded, as its manifest says; \"unload\": true is for a plugin none of "
             "whose code runs on when it is destroyed";
  }
  for (const auto& finding : inspection.findings) {
    if (std::find(kCauses.begin(), kCauses.end(), finding.check) == kCauses.end()) continue;
    reason += (reason.empty() ? "" : "; ") + finding.message;
  }
  if (!reason.empty()) return reason;
  return "'" + shown_as +
         "' shows no cause in its file; a thread of its own may run still, or a library that it needs keeps it";
}

void LeftMapped::add(const runtime::Generation& generation) {
  const auto& spec = generation.spec();
  auto& image = images_[spec.sha256];
  if (image.count == 0) {
    image.plugin = generation.name();
    image.version = generation.version_text();
    image.sha256 = spec.sha256;
    image.reason = find_why_it_stays(spec.image, image.plugin + " " + image.version);
  }
  ++image.count;
  ++count_;
  telemetry::log(telemetry::Level::warning, "release", "generation retired, but its image stays mapped",
                 {{"plugin", image.plugin}, {"generation", generation.number_text()}, {"reason", image.reason}});
  if (count_ == limit_ + 1) {
    telemetry::log(telemetry::Level::warning, "release", "more images of retired plugins stay mapped than should",
                   {{"limit", std::to_string(limit_)}, {"reason", warning()}});
  }
}

std::string LeftMapped::warning() const {
  if (count_ <= limit_) return {};
  return "more than left_mapped_limit images of retired plugins stay in memory; restart the host to free them, without "
         "a refused connection by `mortise upgrade-host`, and have their teams mend the cause";
}

LeftMappedStatus LeftMapped::status() const {
  LeftMappedStatus status{.count = count_, .limit = limit_, .warning = warning(), .images = {}};
  for (const auto& [sha256, image] : images_) status.images.push_back(image);
  std::sort(status.images.begin(), status.images.end(), [](const auto& a, const auto& b) {
    return std::tie(a.plugin, a.version, a.sha256) < std::tie(b.plugin, b.version, b.sha256);
  });
  return status;
}

}  // namespace mortise::release
