// Calls as JSON, against the form that the SDK writes.
#include "remote/json_form.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include <mortise/wire.hpp>

namespace mortise::remote {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::size_t kMuch = 1 << 20;

CallTypes types_of(const std::string& signature) { return parse_call_types(signature).value(); }

/// As the SDK writes it.
template <class... T>
std::string message(const T&... values) {
  std::string bytes(detail::message_size(values...), '\0');
  detail::write_message(reinterpret_cast<std::uint8_t*>(bytes.data()), values...);
  return bytes;
}

std::string request(const std::string& json, const std::string& signature) {
  const auto read = to_request(json, types_of(signature));
  return read ? *read : "refused: " + read.error().message;
}
std::string refusal(const std::string& json, const std::string& signature) {
  const auto read = to_request(json, types_of(signature));
  if (read) return "was taken";
  EXPECT_EQ(read.error().code, base::ErrorCode::invalid_argument);
  return read.error().message;
}
base::Result<std::string> reply(const std::string& bytes, const std::string& type, std::size_t most = kMuch) {
  return to_json({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, types_of("f()->" + type), most);
}

TEST(JsonRequest, IsTheFormThatTheSdkWrites) {
  EXPECT_EQ(request("[]", "f()->void"), message());
  EXPECT_EQ(request(R"([[7, "EUR"], "CHF"])", "f({i64,str},str)->void"),
            message(std::int64_t{7}, Str("EUR"), Str("CHF")));
  EXPECT_EQ(request("[-128, 255, -32768, 65535]", "f(i8,u8,i16,u16)->void"),
            message(std::int8_t{-128}, std::uint8_t{255}, std::int16_t{-32768}, std::uint16_t{65535}));
  EXPECT_EQ(
      request("[-9223372036854775808, 18446744073709551615, -2147483648, 4294967295]", "f(i64,u64,i32,u32)->void"),
      message(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::uint64_t>::max(),
              std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::uint32_t>::max()));
  EXPECT_EQ(request("[1.5, -2, 1e300, true, false]", "f(f32,f32,f64,bool,bool)->void"),
            message(1.5F, -2.0F, 1e300, true, false));
  EXPECT_EQ(request(R"(["Infinity", "-Infinity"])", "f(f32,f64)->void"),
            message(std::numeric_limits<float>::infinity(), -std::numeric_limits<double>::infinity()));
  const std::vector<std::int16_t> numbers(200, 3);
  std::string text = "3";
  for (std::size_t i = 1; i < numbers.size(); ++i) text += ",3";
  EXPECT_EQ(request("[[" + text + "]]", "f([i16])->void"), message(List<std::int16_t>(numbers.data(), numbers.size())));
  const std::vector<Str> words{"a", "", "\xc3\xa9"};
  const List<Str> list(words.data(), words.size());
  const std::vector<List<Str>> rows{list, {}, list};
  EXPECT_EQ(request(R"([[["a","","é"],[],["a","","é"]]])", "f([[str]])->void"),
            message(List<List<Str>>(rows.data(), rows.size())));
}

TEST(JsonRequest, HasNullForAnOptionalThatIsNotThere) {
  EXPECT_EQ(request("[null, 5, null]", "f(u8?,u8?,{i64,str}?)->void"),
            message(Optional<std::uint8_t>(), Optional<std::uint8_t>(std::uint8_t{5}), false));
  using Doubt = Optional<Optional<bool>>;
  EXPECT_EQ(request("[null, [null], [true]]",
                    "f(bool??,bool??,bool?"
                    "?)->void"),
            message(Doubt(), Doubt(Optional<bool>()), Doubt(Optional<bool>(true))));
}

TEST(JsonRequest, HasBytesInBase64) {
  const std::string bytes("\0\xff\x10", 3);
  const auto form = [](std::string_view text) { return message(Str(text)); };
  EXPECT_EQ(request(R"(["AP8Q"])", "f(bytes)->void"), form(bytes));
  EXPECT_EQ(request(R"(["AP8="])", "f(bytes)->void"), form(std::string_view(bytes).substr(0, 2)));
  EXPECT_EQ(request(R"(["AA=="])", "f(bytes)->void"), form(std::string_view(bytes).substr(0, 1)));
  EXPECT_EQ(request(R"([""])", "f(bytes)->void"), form({}));
  for (const auto* bad : {"AP8", "AP8*", "=P8Q", "AP8Q\\n", " AP8", "A===", "====", "AP=8"}) {
    EXPECT_EQ(refusal("[\"" + std::string(bad) + "\"]", "f(bytes)->void"),
              "/0: must be text in base64, with padding, is other text")
        << bad;
  }
}

TEST(JsonRequest, IsRefusedWithThePlaceAndWhatBelongsThere) {
  EXPECT_EQ(refusal(R"([[1, 300]])", "f({i64,i8})->void"), "/0/1: must be a whole number from -128 to 127, is 300");
  EXPECT_EQ(refusal(R"([-1])", "f(u64)->void"), "/0: must be a whole number from 0 to 18446744073709551615, is -1");
  EXPECT_EQ(refusal(R"([18446744073709551616])", "f(u64)->void"),
            "/0: must be a whole number from 0 to 18446744073709551615, is 18446744073709551616");
  EXPECT_EQ(refusal(R"([1.0])", "f(i32)->void"), "/0: must be a whole number from -2147483648 to 2147483647, is 1.0");
  EXPECT_EQ(refusal(R"(["x", [[], ["a", 7]]])", "f(str,[[str]])->void"), "/1/1/1: must be text, is 7");
  EXPECT_EQ(refusal(R"([null])", "f(str)->void"), "/0: must be text, is null");
  EXPECT_EQ(refusal(R"([1])", "f(bool)->void"), "/0: must be true or false, is 1");
  EXPECT_EQ(refusal(R"([true])", "f([u8?])->void"), "/0: must be an array, for [u8?], is true or false");
  EXPECT_EQ(refusal(R"([{"cents": 1}])", "f({i64,str})->void"),
            "/0: must be an array of 2 values, for {i64,str}, is an object");
  EXPECT_EQ(refusal(R"([5])",
                    "f(u8?"
                    "?)->void"),
            "/0: must be null, or an array of one value, for u8??, is 5");
  EXPECT_EQ(refusal("[1e39]", "f(f32)->void"),
            R"(/0: must be a number that f32 can hold, or "NaN", "Infinity" or "-Infinity", is a larger one)");
  EXPECT_EQ(refusal(R"(["infinity"])", "f(f64?)->void"),
            R"(/0: must be null, or a number that f64 can hold, or "NaN", "Infinity" or "-Infinity", is text)");
}

TEST(JsonRequest, IsRefusedWithTooFewOrTooManyValues) {
  EXPECT_EQ(refusal("[1]", "f(u8,u8)->void"), "the body has 1 of the 2 values of f(u8,u8)->void");
  EXPECT_EQ(refusal("[1,2,3]", "f(u8,u8)->void"), "/2: is one too many for f(u8,u8)->void");
  EXPECT_EQ(refusal("[[]]", "f()->void"), "/0: is one too many for f()->void");
  EXPECT_EQ(refusal("[[[1]]]", "f([{u8,str}])->void"), "/0/0: has 1 of the 2 values of {u8,str}");
  EXPECT_EQ(refusal(R"([[[1,"a",null]]])", "f([{u8,str}])->void"), "/0/0/2: is one too many for {u8,str}");
  EXPECT_EQ(refusal("[[1, 2]]",
                    "f(u8?"
                    "?)->void"),
            "/0/1: is one too many for u8??");
  EXPECT_EQ(refusal("[[]]",
                    "f(u8?"
                    "?)->void"),
            "/0: has 0 of the 1 values of u8??");
}

TEST(JsonRequest, IsAnArrayOfTheArguments) {
  EXPECT_EQ(refusal("{}", "f(u8)->void"), "the body must be an array of the arguments of f(u8)->void, is an object");
  EXPECT_EQ(refusal("7", "f(u8)->void"), "the body must be an array of the arguments of f(u8)->void, is a number");
  EXPECT_EQ(refusal("null", "f(u8)->void"), "the body must be an array of the arguments of f(u8)->void, is null");
}

TEST(JsonRequest, MayBeAnything) {
  for (const auto* text :
       {"", "[", "[1", "[1,", "]", "[1]]", "[1] 2", "nul", "\"", "[\xff\"]", "[\"\xff\"]", "[01]", "[1e999]"}) {
    EXPECT_THAT(refusal(text, "f(f64)->void"), StartsWith("the body is no JSON at byte ")) << text;
  }
  EXPECT_THAT(refusal(std::string(1'000'000, '['), "f([[u8]])->void"), HasSubstr("must be a whole number"));
}

TEST(JsonReply, IsWhatTheSdkHasWritten) {
  const auto text = [](const std::string& bytes, const std::string& type) { return reply(bytes, type).value(); };
  EXPECT_EQ(text(message(), "void"), "null");
  EXPECT_EQ(text(message(std::int64_t{-7}, Str("EUR")), "{i64,str}"), R"([-7,"EUR"])");
  EXPECT_EQ(text(message(std::int8_t{-128}), "i8"), "-128");
  EXPECT_EQ(text(message(std::numeric_limits<std::uint64_t>::max()), "u64"), "18446744073709551615");
  EXPECT_EQ(text(message(std::numeric_limits<std::int64_t>::min()), "i64"), "-9223372036854775808");
  EXPECT_EQ(text(message(0.1F, 0.1), "{f32,f64}"), "[0.1,0.1]");
  EXPECT_EQ(text(message(std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<float>::infinity(), -0.0),
                 "{f64,f32,f64}"),
            R"(["NaN","-Infinity",-0.0])");
  EXPECT_EQ(text(message(true), "bool"), "true");
  EXPECT_EQ(text(message(Str("a\"\n\xff")), "str"), "\"a\\\"\\n\xef\xbf\xbd\"");
  EXPECT_EQ(text(message(Str(std::string_view("\0\xff", 2))), "bytes"), R"("AP8=")");
  EXPECT_EQ(text(message(Str("")), "bytes"), R"("")");
  const std::vector<std::int16_t> numbers{1, -2};
  EXPECT_EQ(text(message(List<std::int16_t>(numbers.data(), numbers.size())), "[i16]"), "[1,-2]");
  using Doubt = Optional<Optional<bool>>;
  EXPECT_EQ(text(message(Doubt(), Doubt(Optional<bool>()), Doubt(Optional<bool>(true))), "{bool??,bool??,bool??}"),
            "[null,[null],[true]]");
}

TEST(JsonReply, IsReadBackAsItWas) {
  const auto json = std::string(R"([[1,null,["a",[1.5,-0.0,"NaN"]]],"AP8Q",[[],[[2]]],3e-310])");
  const std::string types = "{u8,i8?,{str,[f32]}},bytes,[[[u16]]],f64";
  const auto bytes = request(json, "f(" + types + ")->void");
  const auto again = reply(bytes, "{" + types + "}").value();
  EXPECT_EQ(request(again, "f(" + types + ")->void"), bytes);
}

TEST(JsonReply, ThatIsMalformedIsAnInternalError) {
  const auto fault = [](const std::string& bytes, const std::string& type) {
    const auto read = reply(bytes, type);
    if (read) return "was taken: " + *read;
    EXPECT_EQ(read.error().code, base::ErrorCode::internal);
    return read.error().message;
  };
  EXPECT_THAT(fault("", "void"), HasSubstr("at byte 0 of 0: it ends within a value"));
  EXPECT_THAT(fault("\2", "void"), HasSubstr("form is not version 1"));
  EXPECT_THAT(fault("\1\1", "void"), HasSubstr("more after its last value"));
  EXPECT_THAT(fault("\1\2", "bool"), HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(fault("\1\2", "u8?"), HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(fault("\1\1\1", "u32"), HasSubstr("ends within a value"));
  EXPECT_THAT(fault("\1\3ab", "str"), HasSubstr("what a length or count announces"));
  EXPECT_THAT(fault("\1\3\1\1\1\1\1\1\1\1", "[u64]"), HasSubstr("what a length or count announces"));
  EXPECT_THAT(fault(std::string("\1\x80\0", 3), "str"), HasSubstr("not in its shortest form"));
  EXPECT_THAT(fault("\1" + std::string(10, '\xff'), "[u8?]"), HasSubstr("past 64 bits"));
}

TEST(JsonReply, HasNoMoreBytesThanItMay) {
  const std::vector<std::int8_t> numbers(1000, -100);
  const auto bytes = message(List<std::int8_t>(numbers.data(), numbers.size()));
  const auto fits = reply(bytes, "[i8]", 5001);
  EXPECT_TRUE(fits);
  const auto exceeds = reply(bytes, "[i8]", 4000);
  ASSERT_FALSE(exceeds);
  EXPECT_EQ(exceeds.error().code, base::ErrorCode::resource_exhausted);
  EXPECT_EQ(exceeds.error().message, "the result has more than 4000 bytes as JSON");
}

}  // namespace
}  // namespace mortise::remote
