// What a contract's types become: their signature text, and their layout in C.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

#include "every_type.hpp"

namespace mortise {
namespace sdk_testing {

// As two headers would have them: in one namespace, on lines of one number.
struct Levels {
  Method<List<Level>(std::span<const std::byte>)> levels;
};
struct Others {
  Method<void()> other;
};
#line 100
MORTISE_CONTRACT(Levels, "sample.levels", 1, levels)
#line 100
MORTISE_CONTRACT(Others, "sample.others", 1, other)

}  // namespace sdk_testing

namespace {

using namespace sdk_testing;

TEST(Signature, CallsAListOfAnythingThatIsAByteBytes) {
  EXPECT_EQ(detail::contract_methods<Levels>(), "levels(bytes)->bytes");
}

TEST(Signature, IsMadeForTwoContractsOnLinesOfOneNumber) {
  EXPECT_EQ(detail::contract_id<Others>(), "sample.others/1");
}

TEST(Signature, HasALineForEachMethodInItsOrder) {
  EXPECT_EQ(detail::contract_id<EveryType>(), "sample.every-type/3");
  EXPECT_EQ(detail::contract_methods<EveryType>(),
            "scalars(i8,u8,i16,u16,i32,u32,i64,u64,f32,f64,bool,u8,i64,bool)->"
            "{i8,u8,i16,u16,i32,u32,i64,u64,f32,f64,bool,u8,i64,bool}\n"
            "convert({i64,str},str)->{i64,str}\n"
            "text(str)->str\n"
            "blob(bytes)->bytes\n"
            "numbers([i64])->[i64]\n"
            "truths([bool])->[bool]\n"
            "points([{i32,f32}])->[{i32,f32}]\n"
            "texts([str])->[str]\n"
            "table([[{i64,str}]])->[[{i64,str}]]\n"
            "maybe({{i32,f32},{i64,str}?,[{i64,str}],[[i16]],bool??,bytes,[str?]}?)->"
            "{{i32,f32},{i64,str}?,[{i64,str}],[[i16]],bool??,bytes,[str?]}?\n"
            "nested({{i32,f32},{i64,str}?,[{i64,str}],[[i16]],bool??,bytes,[str?]})->"
            "{{i32,f32},{i64,str}?,[{i64,str}],[[i16]],bool??,bytes,[str?]}\n"
            "raw(bytes)->bytes\n"
            "small([i8])->[i8]\n"
            "nothing(bytes,f64?)->void");
}

TEST(Signature, StandsInTheNoteOfTheFile) {
  constexpr auto note = detail::make_contract_note<EveryType>();
  const auto text =
      std::string(detail::contract_id<EveryType>()) + "\n" + std::string(detail::contract_methods<EveryType>());
  EXPECT_EQ(note.owner_size, sizeof note.owner);
  EXPECT_EQ(note.type, MORTISE_NOTE_TYPE_CONTRACT);
  ASSERT_EQ(note.text_size, text.size());
  EXPECT_EQ(std::string(note.text, note.text_size), text);
  EXPECT_EQ(sizeof note % 4, 0U);
}

TEST(Signature, IsFollowedByANoteOfWhatMayBeCalledOnceMore) {
  constexpr auto note = detail::make_idempotent_note<EveryType, "text", "numbers">();
  EXPECT_EQ(note.owner_size, sizeof note.owner);
  EXPECT_EQ(note.type, MORTISE_NOTE_TYPE_IDEMPOTENT);
  EXPECT_EQ(std::string(note.text, note.text_size), "sample.every-type/3\ntext\nnumbers");
  EXPECT_EQ(sizeof note % 4, 0U);
}

TEST(Signature, SaysTheSameOfAStandardTypeAsOfItsLayout) {
  detail::TextBuilder standard;
  detail::add_method<void, std::string_view, std::span<const Str>, std::span<const std::byte>, std::optional<Level>>(
      standard, "f");
  detail::TextBuilder layout;
  detail::add_method<void, Str, List<Str>, Bytes, Optional<Level>>(layout, "f");
  EXPECT_EQ(standard.view(), "f(str,[str],bytes,u8?)->void");
  EXPECT_EQ(standard.view(), layout.view());
}

/// The same types as a C header of the contract would have them.
struct CMoney {
  std::int64_t units;
  mortise_str currency;
};
struct CMoneys {
  const CMoney* data;
  std::uint64_t count;
};
struct COptionalMoney {
  CMoney value;
  std::uint8_t has_value;
};
struct CNested {
  struct {
    std::int32_t x;
    float y;
  } origin;
  COptionalMoney price;
  CMoneys history;
  struct {
    const void* data;
    std::uint64_t count;
  } rows;
  struct {
    struct {
      bool value;
      std::uint8_t has_value;
    } value;
    std::uint8_t has_value;
  } doubt;
  mortise_bytes blob;
  CMoneys names;
};

template <class Value, class InC>
void expect_same_size() {
  EXPECT_EQ(sizeof(Value), sizeof(InC));
  EXPECT_EQ(alignof(Value), alignof(InC));
}

TEST(Layout, IsThatOfTheCStructs) {
  expect_same_size<Str, mortise_str>();
  expect_same_size<Bytes, mortise_bytes>();
  expect_same_size<Money, CMoney>();
  expect_same_size<List<Money>, CMoneys>();
  expect_same_size<Optional<Money>, COptionalMoney>();
  expect_same_size<Nested, CNested>();
  EXPECT_EQ(offsetof(Money, currency), offsetof(CMoney, currency));
  EXPECT_EQ(offsetof(Nested, price), offsetof(CNested, price));
  EXPECT_EQ(offsetof(Nested, history), offsetof(CNested, history));
  EXPECT_EQ(offsetof(Nested, rows), offsetof(CNested, rows));
  EXPECT_EQ(offsetof(Nested, doubt), offsetof(CNested, doubt));
  EXPECT_EQ(offsetof(Nested, blob), offsetof(CNested, blob));
  EXPECT_EQ(offsetof(Nested, names), offsetof(CNested, names));
}

TEST(Layout, HoldsWhatCReadsInItsPlaces) {
  const Money price{7, "EUR"};
  const Optional<Money> some(price);
  COptionalMoney in_c{};
  std::memcpy(&in_c, &some, sizeof in_c);
  EXPECT_EQ(in_c.has_value, 1);
  EXPECT_EQ(in_c.value.units, 7);
  EXPECT_EQ(detail::view(in_c.value.currency), "EUR");
  const List<Money> list(&price, 1);
  CMoneys list_in_c{};
  std::memcpy(&list_in_c, &list, sizeof list_in_c);
  EXPECT_EQ(list_in_c.count, 1U);
  EXPECT_EQ(static_cast<const void*>(list_in_c.data), static_cast<const void*>(&price));
}

TEST(Layout, OfAContractIsAPairPerMethod) {
  EXPECT_EQ(sizeof(EveryType), 14 * 2 * sizeof(void*));
  EXPECT_EQ(offsetof(EveryType, convert), 2 * sizeof(void*));
  EXPECT_EQ(detail::DescriptionOf<EveryType>::kMethodCount, 14U);
}

}  // namespace
}  // namespace mortise
