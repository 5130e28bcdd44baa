#include "base/strings.hpp"

#include <gtest/gtest.h>
#include <array>

namespace mortise::base {
namespace {

constexpr std::array<std::string_view, 4> kWords{"version", "provides", "requires", "config"};

TEST(Strings, SuggestsTheNearestWordForASlip) {
  EXPECT_EQ(nearest("verson", kWords), "version");
  EXPECT_EQ(nearest("requries", kWords), "requires");
  EXPECT_EQ(nearest("confg", kWords), "config");
}

TEST(Strings, CountsSwappedLettersAsOneSlip) {
  constexpr std::array<std::string_view, 1> kPort{"port"};
  EXPECT_EQ(nearest("prot", kPort), "port");
}

TEST(Strings, SuggestsNothingForAnotherWord) {
  EXPECT_EQ(nearest("elephant", kWords), "");
  EXPECT_EQ(nearest("", kWords), "");
  EXPECT_EQ(nearest("version", {}), "");
}

TEST(Strings, ComparesWithoutCase) {
  EXPECT_TRUE(equals_ignoring_case("Content-Type", "cONTENT-tYPE"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));  // a bit apart like A and a, but no letters
}

TEST(Strings, WritesHexadecimal) {
  constexpr std::array<std::uint8_t, 4> kBytes{0x00, 0x0f, 0xa0, 0xff};
  EXPECT_EQ(to_hex(kBytes), "000fa0ff");
  EXPECT_EQ(to_hex({}), "");
}

TEST(Strings, ShowsUnknownTextWithoutControlCharacters) {
  EXPECT_EQ(printable("plain text"), "plain text");
  EXPECT_EQ(printable("\x1b[2J\xc3\xa4\n"), "?[2J???");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable("abc", 3), "abc");
}

TEST(Strings, TellsTheStemOfAFile) {
  EXPECT_EQ(file_stem("/drop/notes.so"), "notes");
  EXPECT_EQ(file_stem("notes-1.2.so"), "notes-1.2");
  EXPECT_EQ(file_stem("/drop.d/notes"), "notes");
  EXPECT_EQ(file_stem("/drop/.hidden"), ".hidden");
  EXPECT_EQ(file_stem(""), "");
}

TEST(Strings, TellsPluginNames) {
  for (const std::string_view good : {"a", "hello", "notes-2", "a-"}) EXPECT_TRUE(is_plugin_name(good)) << good;
  for (const std::string_view bad : {"", "2notes", "-a", "Hello", "a_b", "a/b", "a.b", "ä"}) {
    EXPECT_FALSE(is_plugin_name(bad)) << bad;
  }
  EXPECT_TRUE(is_plugin_name(std::string(64, 'a')));
  EXPECT_FALSE(is_plugin_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace mortise::base
