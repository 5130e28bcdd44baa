// Percent-decoding (RFC 3986 §2.1).
#pragma once

#include <string>
#include <string_view>

namespace mortise::http {

/// Appends `text` decoded; false at an escape that is not two hexadecimal digits.
bool append_percent_decoded(std::string_view text, std::string& to);

}  // namespace mortise::http
