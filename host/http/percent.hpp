// Percent-encoding (RFC 3986 §2.1).
#pragma once

#include <string>
#include <string_view>

namespace mortise::http {

/// Appends `text` decoded; false at an escape that is not two hexadecimal digits.
bool append_percent_decoded(std::string_view text, std::string& to);

/// Text as the value of a header, from which it is decoded: '%' and what a header cannot hold is encoded. As much of it
/// as does not make more than `most` bytes.
std::string percent_encoded(std::string_view text, std::size_t most);

}  // namespace mortise::http
