// Answers that are no reply: a failure of the other host's plugin, or something else that speaks HTTP where the host
// was to be.
#pragma once

#include <string_view>

#include "remote/connection.hpp"

namespace Poco::Net {
class HTTPResponse;
}

namespace mortise::remote {

/// `body` is all of the answer's.
[[nodiscard]] Attempt to_failed_attempt(const Poco::Net::HTTPResponse& response, std::string_view body);

}  // namespace mortise::remote
