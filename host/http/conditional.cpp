#include "http/conditional.hpp"

#include <Poco/DateTime.h>
#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/DateTimeParser.h>

#include <algorithm>
#include <charconv>

#include "base/strings.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::http {
namespace {

std::optional<std::string_view> header(const mortise_http_request_v1& request, std::string_view name) {
  for (std::uint64_t i = 0; i < request.header_count; ++i) {
    const auto& field = request.headers[i];
    if (base::equals_ignoring_case({field.name.data, static_cast<std::size_t>(field.name.size)}, name)) {
      return std::string_view(field.value.data, static_cast<std::size_t>(field.value.size));
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Whether a list of entity tags holds ours, by weak comparison: "W/" does not count.
bool names_etag(std::string_view list, std::string_view etag) {
  if (list == "*") return true;
  for (std::size_t at = list.find(etag); at != std::string_view::npos; at = list.find(etag, at + 1)) {
    const auto end = at + etag.size();
    const bool begins = at == 0 || list[at - 1] == ' ' || list[at - 1] == ',' || list[at - 1] == '/';
    const bool ends = end == list.size() || list[end] == ' ' || list[end] == ',';
    if (begins && ends) return true;
  }
  return false;
}

bool is_unchanged(const mortise_http_request_v1& request, const FileFacts& file) {
  if (const auto tags = header(request, "If-None-Match")) return names_etag(*tags, file.etag);
  if (!file.modified_s) return false;
  const auto since = header(request, "If-Modified-Since");
  const auto time = since ? parse_http_date(*since) : std::nullopt;
  return time && *file.modified_s <= *time;
}

/// A range only counts for the very file that the client has a piece of.
bool is_range_current(const mortise_http_request_v1& request, const FileFacts& file) {
  const auto condition = header(request, "If-Range");
  if (!condition) return true;
  if (condition->starts_with('"')) return *condition == file.etag;
  const auto time = parse_http_date(*condition);
  return time && file.modified_s && *time == *file.modified_s;
}

}  // namespace

std::optional<ByteRange> parse_range(std::string_view text, std::uint64_t file_size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!text.starts_with(kUnit) || text.find(',') != std::string_view::npos) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_number(text.substr(0, dash));
  const auto last = parse_number(text.substr(dash + 1));
  if (dash == 0) {
    if (!last) return std::nullopt;
    const auto size = std::min(*last, file_size);
    return ByteRange{file_size - size, size};
  }
  const bool is_open = dash + 1 == text.size();
  if (!first || (!is_open && !last) || (last && *last < *first)) return std::nullopt;
  if (*first >= file_size) return ByteRange{0, 0};
  const auto end = is_open ? file_size : std::min(*last, file_size - 1) + 1;
  return ByteRange{*first, end - *first};
}

Selection select(const mortise_http_request_v1& request, const FileFacts& file) {
  if (is_unchanged(request, file)) return {.status = 304, .first = 0, .size = 0};
  const bool is_get = runtime::to_view(request.method) == "GET";
  const auto wanted = is_get ? header(request, "Range") : std::nullopt;  // no other method has ranges (RFC 9110 §14.2)
  const auto range = wanted && is_range_current(request, file) ? parse_range(*wanted, file.size) : std::nullopt;
  if (!range) return {.status = 200, .first = 0, .size = file.size};
  if (range->size == 0) return {.status = 416, .first = 0, .size = 0};
  return {.status = 206, .first = range->first, .size = range->size};
}

std::string to_http_date(std::int64_t seconds) {
  return Poco::DateTimeFormatter::format(Poco::Timestamp::fromEpochTime(seconds), Poco::DateTimeFormat::HTTP_FORMAT);
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  Poco::DateTime time;
  int zone = 0;
  if (!Poco::DateTimeParser::tryParse(Poco::DateTimeFormat::HTTP_FORMAT, std::string(text), time, zone)) {
    return std::nullopt;
  }
  const auto seconds = time.timestamp().epochTime();
  // Poco's parser takes words for dates.
  return to_http_date(seconds) == text ? std::optional(static_cast<std::int64_t>(seconds)) : std::nullopt;
}

}  // namespace mortise::http
