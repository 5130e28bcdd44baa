// The media type of a file by its name's ending.
#pragma once

#include <string_view>

namespace mortise::http {

/// "text/html; charset=utf-8" for "index.html"; "application/octet-stream" for what is not known.
std::string_view content_type_of(std::string_view path) noexcept;

}  // namespace mortise::http
