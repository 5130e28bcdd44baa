// What is asked of arguments, as a plugin in C passes them.
#include <gtest/gtest.h>

#include "kv_test_base.hpp"

namespace mortise::kv {
namespace {

using ::testing::HasSubstr;

class TermsTest : public KvTest {
 protected:
  mortise_status put(std::string_view key, std::string_view value, const mortise_kv_terms* terms = nullptr) {
    return table_.put(handle(), nullptr, detail::borrow_bytes(key), detail::borrow_bytes(value), terms, nullptr,
                      message_.out());
  }
  mortise_status remove_on(const mortise_kv_terms& terms) {
    return table_.remove(handle(), nullptr, one_, &terms, message_.out());
  }
  mortise_status put_on(const mortise_kv_terms& terms) { return put("a", "1", &terms); }
  mortise_status get(mortise_bytes key) { return table_.get(handle(), nullptr, key, &entries_, message_.out()); }
  mortise_status scan(mortise_bytes prefix, mortise_bytes after, std::uint32_t limit = 1) {
    return table_.scan(handle(), nullptr, prefix, after, limit, &entries_, message_.out());
  }

  detail::Message message_;
  const mortise_kv_entries entries_{sizeof(mortise_kv_entries), 0, nullptr,
                                    [](void*, const mortise_kv_entry*) -> mortise_status { return MORTISE_OK; }};
  const mortise_bytes one_ = detail::borrow_bytes("a");
  const mortise_bytes none_{nullptr, 0};
  const mortise_bytes lies_{nullptr, 5};
};

TEST_F(TermsTest, AKeyHasOneToManyBytes) {
  EXPECT_EQ(put("", "1"), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(put(std::string(MORTISE_KV_MAX_KEY_BYTES, 'k'), "1"), MORTISE_OK);
  EXPECT_EQ(put(std::string(MORTISE_KV_MAX_KEY_BYTES + 1, 'k'), "1"), MORTISE_OUT_OF_RANGE);
  EXPECT_THAT(std::string(message_.text()), HasSubstr("the key has 1025 bytes, and may have 1024"));
  EXPECT_EQ(get(none_), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(get(lies_), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(table_.remove(handle(), nullptr, none_, nullptr, nullptr), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(table_.remove(handle(), nullptr, lies_, nullptr, nullptr), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(row_count(), 1);
}

TEST_F(TermsTest, AValueHasAsManyBytesAsCross) {
  std::string value(MORTISE_KV_MAX_VALUE_BYTES, 'v');
  EXPECT_EQ(put("a", value), MORTISE_OK);
  EXPECT_EQ(kv().get("a"), value);
  value += 'v';
  EXPECT_EQ(put("b", value), MORTISE_OUT_OF_RANGE);
  EXPECT_EQ(table_.put(handle(), nullptr, one_, lies_, nullptr, nullptr, nullptr), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(row_count(), 1);
}

TEST_F(TermsTest, PrefixesAndKeysToBeginAfterAreNoLongerThanKeys) {
  const std::string longest(MORTISE_KV_MAX_KEY_BYTES, 'k');
  const auto too_long = longest + "k";
  EXPECT_EQ(scan(detail::borrow_bytes(longest), detail::borrow_bytes(longest)), MORTISE_OK);
  EXPECT_EQ(scan(detail::borrow_bytes(too_long), none_), MORTISE_OUT_OF_RANGE);
  EXPECT_EQ(scan(none_, detail::borrow_bytes(too_long)), MORTISE_OUT_OF_RANGE);
  EXPECT_EQ(scan(lies_, none_), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(scan(none_, lies_), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(scan(none_, none_, 0), MORTISE_INVALID_ARGUMENT) << "of nothing";
}

TEST_F(TermsTest, TermsThatTheHostDoesNotKnowAreRefused) {
  EXPECT_EQ(put_on({sizeof(mortise_kv_terms), 2, 0, 0}), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(put_on({sizeof(mortise_kv_terms), MORTISE_KV_IF_VERSION, -1, 0}), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(put_on({sizeof(mortise_kv_terms), 0, 0, UINT64_MAX}), MORTISE_OUT_OF_RANGE);
  EXPECT_EQ(put_on({offsetof(mortise_kv_terms, ttl_ms), 0, 0, 0}), MORTISE_INVALID_ARGUMENT) << "too short";
  EXPECT_EQ(put_on({sizeof(mortise_kv_terms), 0, 7, 0}), MORTISE_INVALID_ARGUMENT) << "is it to be compared?";
  EXPECT_THAT(std::string(message_.text()), HasSubstr("without the flag MORTISE_KV_IF_VERSION"));
  EXPECT_EQ(row_count(), 0);
  EXPECT_EQ(put_on({sizeof(mortise_kv_terms) + 8, 0, 0, 0}), MORTISE_OK) << "of a newer header";
}

TEST_F(TermsTest, RemovingHasTheSameTermsAsPutting) {
  ASSERT_EQ(put("a", "1"), MORTISE_OK);
  const auto version = kv().get_entry("a")->version;
  EXPECT_EQ(remove_on({sizeof(mortise_kv_terms), 2, 0, 0}), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(remove_on({sizeof(mortise_kv_terms), 0, version, 0}), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(remove_on({sizeof(mortise_kv_terms), MORTISE_KV_IF_VERSION, -1, 0}), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(remove_on({sizeof(mortise_kv_terms), MORTISE_KV_IF_VERSION, 0, 0}), MORTISE_INVALID_ARGUMENT);
  EXPECT_THAT(std::string(message_.text()), HasSubstr("version 0 is that of what is not there"));
  EXPECT_EQ(remove_on({sizeof(mortise_kv_terms), 0, 0, 5}), MORTISE_INVALID_ARGUMENT) << "a time to live";
  EXPECT_EQ(remove_on({offsetof(mortise_kv_terms, ttl_ms), 0, 0, 0}), MORTISE_INVALID_ARGUMENT) << "too short";
  EXPECT_EQ(remove_on({sizeof(mortise_kv_terms), MORTISE_KV_IF_VERSION, version + 1, 0}), MORTISE_NOT_FOUND);
  EXPECT_EQ(row_count(), 1);
  EXPECT_EQ(remove_on({sizeof(mortise_kv_terms), MORTISE_KV_IF_VERSION, version, 0}), MORTISE_OK);
  ASSERT_EQ(put("a", "2"), MORTISE_OK);
  EXPECT_EQ(remove_on({sizeof(mortise_kv_terms), 0, 0, 0}), MORTISE_OK) << "as without terms";
}

TEST_F(TermsTest, WhatMustBeThereIsMissed) {
  const mortise_kv_entries short_one{offsetof(mortise_kv_entries, entry), 0, nullptr, entries_.entry};
  const mortise_kv_entries empty{sizeof empty, 0, nullptr, nullptr};
  for (const auto* entries : {&short_one, &empty, static_cast<const mortise_kv_entries*>(nullptr)}) {
    EXPECT_EQ(table_.get(handle(), nullptr, one_, entries, nullptr), MORTISE_INVALID_ARGUMENT);
    EXPECT_EQ(table_.scan(handle(), nullptr, none_, none_, 1, entries, nullptr), MORTISE_INVALID_ARGUMENT);
  }
  EXPECT_EQ(table_.get(nullptr, nullptr, one_, &entries_, nullptr), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(table_.put(nullptr, nullptr, one_, one_, nullptr, nullptr, nullptr), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(table_.remove(nullptr, nullptr, one_, nullptr, nullptr), MORTISE_INVALID_ARGUMENT);
  EXPECT_EQ(table_.scan(nullptr, nullptr, none_, none_, 1, &entries_, nullptr), MORTISE_INVALID_ARGUMENT);
}

TEST_F(TermsTest, SaysWhatHasNotBeenDone) {
  EXPECT_EQ(get(one_), MORTISE_NOT_FOUND);
  EXPECT_THAT(std::string(message_.text()), HasSubstr("there is nothing under the key"));
  EXPECT_EQ(table_.remove(handle(), nullptr, one_, nullptr, nullptr), MORTISE_NOT_FOUND);
  const mortise_kv_terms terms{sizeof terms, MORTISE_KV_IF_VERSION, 7, 0};
  EXPECT_EQ(remove_on(terms), MORTISE_NOT_FOUND);
  std::int64_t version = 77;
  EXPECT_EQ(table_.put(handle(), nullptr, one_, one_, &terms, &version, message_.out()), MORTISE_ABORTED);
  EXPECT_EQ(version, 0);
  EXPECT_THAT(std::string(message_.text()), HasSubstr("does not have the value of that version"));
}

}  // namespace
}  // namespace mortise::kv
