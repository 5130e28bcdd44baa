#include "http/conditional.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "http/content_type.hpp"

namespace mortise::http {
namespace {

constexpr std::int64_t kModified = 1'790'000'000;  // Mon, 21 Sep 2026 14:13:20 GMT
constexpr const char* kDate = "Mon, 21 Sep 2026 14:13:20 GMT";

/// "STATUS first+size" of what a file of 100 bytes is answered with.
std::string answer(const std::vector<std::pair<std::string, std::string>>& headers, std::string_view method = "GET",
                   FileFacts file = {.size = 100, .etag = "\"abc\"", .modified_s = kModified}) {
  std::vector<mortise_http_field> fields;
  for (const auto& [name, value] : headers) {
    fields.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }
  mortise_http_request_v1 request{};
  request.method = {method.data(), method.size()};
  request.headers = fields.data();
  request.header_count = fields.size();
  const auto selection = select(request, file);
  return std::to_string(selection.status) + " " + std::to_string(selection.first) + "+" +
         std::to_string(selection.size);
}

TEST(Conditional, GivesTheWholeFileWithoutConditions) { EXPECT_EQ(answer({}), "200 0+100"); }

TEST(Conditional, HeedsIfNoneMatch) {
  for (const auto* tags : {"\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "\"abc\",\"x\"", "*"}) {
    EXPECT_EQ(answer({{"If-None-Match", tags}}), "304 0+0") << tags;
  }
  for (const auto* tags : {"\"abcd\"", "abc", "\"x\"", "", "\"xabc\""}) {
    EXPECT_EQ(answer({{"If-None-Match", tags}}), "200 0+100") << tags;
  }
}

TEST(Conditional, HeedsIfModifiedSinceWithoutIfNoneMatch) {
  EXPECT_EQ(answer({{"if-modified-since", kDate}}), "304 0+0");
  EXPECT_EQ(answer({{"If-Modified-Since", "Mon, 21 Sep 2026 14:13:21 GMT"}}), "304 0+0");
  EXPECT_EQ(answer({{"If-Modified-Since", "Mon, 21 Sep 2026 14:13:19 GMT"}}), "200 0+100");
  EXPECT_EQ(answer({{"If-Modified-Since", "yesterday"}}), "200 0+100");
  EXPECT_EQ(answer({{"If-Modified-Since", kDate}, {"If-None-Match", "\"x\""}}), "200 0+100");
  EXPECT_EQ(answer({{"If-Modified-Since", kDate}}, "GET", {.size = 100, .etag = "\"abc\"", .modified_s = {}}),
            "200 0+100")
      << "a file in memory has no date";
}

TEST(Conditional, SelectsARange) {
  EXPECT_EQ(answer({{"Range", "bytes=0-0"}}), "206 0+1");
  EXPECT_EQ(answer({{"Range", "bytes=10-19"}}), "206 10+10");
  EXPECT_EQ(answer({{"Range", "bytes=90-1000"}}), "206 90+10");
  EXPECT_EQ(answer({{"Range", "bytes=99-"}}), "206 99+1");
  EXPECT_EQ(answer({{"Range", "bytes=-10"}}), "206 90+10");
  EXPECT_EQ(answer({{"Range", "bytes=-1000"}}), "206 0+100");
}

TEST(Conditional, RefusesARangeThatIsNotThere) {
  for (const auto* range : {"bytes=100-", "bytes=100-200", "bytes=-0"}) {
    EXPECT_EQ(answer({{"Range", range}}), "416 0+0") << range;
  }
  EXPECT_EQ(answer({{"Range", "bytes=0-"}}, "GET", {.size = 0, .etag = "\"abc\""}), "416 0+0");
}

TEST(Conditional, IgnoresRangesThatAreNoneOrSeveral) {
  for (const auto* range : {"bytes=", "bytes=-", "bytes=a-b", "bytes=2-1", "bytes=1", "items=0-1", "bytes=0-1,3-4",
                            "bytes=1-a", "bytes=--1", "bytes=+1-2", "bytes= 1-2", "0-1", ""}) {
    EXPECT_EQ(answer({{"Range", range}}), "200 0+100") << range;
  }
}

TEST(Conditional, RangesAreForGetAlone) { EXPECT_EQ(answer({{"Range", "bytes=0-0"}}, "HEAD"), "200 0+100"); }

TEST(Conditional, HeedsIfRange) {
  EXPECT_EQ(answer({{"Range", "bytes=0-0"}, {"If-Range", "\"abc\""}}), "206 0+1");
  EXPECT_EQ(answer({{"Range", "bytes=0-0"}, {"If-Range", kDate}}), "206 0+1");
  for (const auto* condition : {"\"other\"", "W/\"abc\"", "Mon, 21 Sep 2026 14:13:21 GMT", "nonsense"}) {
    EXPECT_EQ(answer({{"Range", "bytes=0-0"}, {"If-Range", condition}}), "200 0+100") << condition;
  }
}

TEST(Conditional, UnchangedFilesNeedNoRange) {
  EXPECT_EQ(answer({{"Range", "bytes=0-0"}, {"If-None-Match", "\"abc\""}}), "304 0+0");
}

TEST(HttpDate, IsReadAsItIsWritten) {
  EXPECT_EQ(to_http_date(kModified), kDate);
  EXPECT_EQ(parse_http_date(kDate), kModified);
  EXPECT_EQ(parse_http_date(""), std::nullopt);
  EXPECT_EQ(parse_http_date("tomorrow"), std::nullopt);
}

TEST(ContentType, GoesByTheEndingWhateverItsCase) {
  EXPECT_EQ(content_type_of("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type_of("a/b.tar.GZ"), "application/gzip");
  EXPECT_EQ(content_type_of("SITE.CSS"), "text/css; charset=utf-8");
  EXPECT_EQ(content_type_of("app.mjs"), "text/javascript; charset=utf-8");
  for (const auto* path : {"", "README", "a.html/b", "a.", "a.unknown", "html"}) {
    EXPECT_EQ(content_type_of(path), "application/octet-stream") << path;
  }
}

}  // namespace
}  // namespace mortise::http
