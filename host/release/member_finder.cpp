#include "release/member_finder.hpp"

#include <utility>

#include "release/remote_record.hpp"
#include "release/settings_text.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

MemberFinder::MemberFinder(const catalog::RecordSet& records, catalog::Catalog& catalog) : catalog_(catalog) {
  for (const auto& record : records) {
    if (record->state == catalog::FileState::verified) known_.emplace(record->sha256, record);
  }
}

std::optional<Member> MemberFinder::find(const std::string& plugin, const Identity& identity) {
  const auto to_member = [&](const catalog::RecordPtr& record) {
    return Member{.record = is_remote(identity.config_text) ? to_remote(*record) : record,
                  .config_text = identity.config_text};
  };
  const auto found = known_.find(identity.sha256);
  if (found != known_.end()) return to_member(found->second);
  const auto image = catalog_.find_image(identity.sha256);
  if (image) return to_member(*image);
  telemetry::log(telemetry::Level::warning, "release", "a plugin of a former release is lost",
                 {{"plugin", plugin}, {"reason", image.error().message}});
  return std::nullopt;
}

}  // namespace mortise::release
