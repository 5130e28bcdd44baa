#include "http/content_type.hpp"

#include <algorithm>
#include <array>

#include "base/strings.hpp"

namespace mortise::http {

std::string_view content_type_of(std::string_view path) noexcept {
  struct Known {
    std::string_view ending;
    std::string_view type;
  };
  static constexpr std::array<Known, 30> kKnown{{{"avif", "image/avif"},
                                                 {"css", "text/css; charset=utf-8"},
                                                 {"csv", "text/csv; charset=utf-8"},
                                                 {"gif", "image/gif"},
                                                 {"gz", "application/gzip"},
                                                 {"htm", "text/html; charset=utf-8"},
                                                 {"html", "text/html; charset=utf-8"},
                                                 {"ico", "image/x-icon"},
                                                 {"jpeg", "image/jpeg"},
                                                 {"jpg", "image/jpeg"},
                                                 {"js", "text/javascript; charset=utf-8"},
                                                 {"json", "application/json"},
                                                 {"map", "application/json"},
                                                 {"md", "text/markdown; charset=utf-8"},
                                                 {"mjs", "text/javascript; charset=utf-8"},
                                                 {"mp3", "audio/mpeg"},
                                                 {"mp4", "video/mp4"},
                                                 {"otf", "font/otf"},
                                                 {"pdf", "application/pdf"},
                                                 {"png", "image/png"},
                                                 {"svg", "image/svg+xml"},
                                                 {"ttf", "font/ttf"},
                                                 {"txt", "text/plain; charset=utf-8"},
                                                 {"wasm", "application/wasm"},
                                                 {"webm", "video/webm"},
                                                 {"webmanifest", "application/manifest+json"},
                                                 {"webp", "image/webp"},
                                                 {"woff2", "font/woff2"},
                                                 {"xml", "application/xml"},
                                                 {"zip", "application/zip"}}};
  const auto dot = path.find_last_of("./");
  if (dot == std::string_view::npos || path[dot] != '.') return "application/octet-stream";
  const auto ending = path.substr(dot + 1);
  const auto found = std::find_if(kKnown.begin(), kKnown.end(),
                                  [&](const Known& known) { return base::equals_ignoring_case(known.ending, ending); });
  return found == kKnown.end() ? "application/octet-stream" : found->type;
}

}  // namespace mortise::http
