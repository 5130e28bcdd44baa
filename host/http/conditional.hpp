// What a client's conditions and ranges (RFC 9110 §13, §14) make of a static file. Pure functions.
#pragma once

#include <mortise/abi/http.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::http {

/// What is known of a file before a byte of it is read.
struct FileFacts {
  std::uint64_t size = 0;
  std::string etag;                             // strong, with its quotes
  std::optional<std::int64_t> modified_s = {};  // seconds since the epoch; none for files in memory
};

/// The answer's status, and the piece of the file that it carries.
struct Selection {
  std::uint32_t status = 200;  // 200, 206, 304, 416
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};

/// Decides by If-None-Match, If-Modified-Since, Range and If-Range. Several ranges at once get the whole file.
Selection select(const mortise_http_request_v1& request, const FileFacts& file);

/// One "bytes=..." range over a file of that size. nullopt: none that counts; a size of 0: cannot be satisfied.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};
std::optional<ByteRange> parse_range(std::string_view header, std::uint64_t file_size);

/// "Mon, 23 Nov 2026 17:00:00 GMT", and back.
std::string to_http_date(std::int64_t seconds);
std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace mortise::http
