// Contracts: versioned interfaces between plugins, in plain C++. A contract's header belongs to the team that provides
// it.
//
//   struct Currency {                                              // boutique.currency/1
//     mortise::Method<Money(Money amount, std::string_view to)> convert;
//     mortise::Method<mortise::List<mortise::Str>()> supported;
//   };
//   MORTISE_CONTRACT(Currency, "boutique.currency", 1, convert, supported)
//   MORTISE_IDEMPOTENT(Currency, convert, supported)              // what may be called once more
//
// Methods are only ever appended; a changed or removed one makes a new version. Each side is built with its own copy of
// the header, and the host compares the two before anything starts.
#pragma once

#include <mortise/abi/contracts.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include <mortise/for_each.hpp>
#include <mortise/method.hpp>
#include <mortise/signature.hpp>

namespace mortise::detail {

template <class T>
struct MemberType;
template <class C, class M>
struct MemberType<M C::*> {
  using Type = M;
};

template <class M>
struct MethodSignature : std::false_type {};
template <class R, class... Args>
struct MethodSignature<Method<R(Args...)>> : std::true_type {};

/// Fails to compile where a type cannot cross; the compiler prints the method's name and the type with the message.
template <auto method, class T, bool may_stand>
struct CheckParameter {
  static_assert(
      may_stand,
      "this parameter type of this method cannot cross a contract; use a fixed-width integer, bool, float, "
      "double, an enum with a fixed underlying type, mortise::Str, Bytes, List<T>, Optional<T>, "
      "std::string_view, std::span<const T>, std::optional<T>, or a plain aggregate of these without arrays, by "
      "value");
  static constexpr bool kIsChecked = true;
};
template <auto method, class T, bool may_stand>
struct CheckResult {
  static_assert(
      may_stand,
      "this result type of this method cannot cross a contract; use void, a fixed-width integer, bool, float, "
      "double, an enum with a fixed underlying type, mortise::Str, Bytes, List<T>, Optional<T>, or a plain "
      "aggregate of these without arrays, by value");
  static constexpr bool kIsChecked = true;
};

template <auto method, class M>
struct CheckMethod {
  static_assert(MethodSignature<M>::value, "every member that MORTISE_CONTRACT lists is a mortise::Method<R(Args...)>");
};
template <auto method, class R, class... Args>
struct CheckMethod<method, Method<R(Args...)>> {
  static constexpr bool kIsChecked = CheckResult<method, R, is_result<R>()>::kIsChecked &&
                                     (CheckParameter<method, Args, is_parameter<Args>()>::kIsChecked && ... && true);
  static constexpr void add_to(TextBuilder& text, std::string_view name) { add_method<R, Args...>(text, name); }
};

/// One method of a contract: where it stands, and how to call the member of that name in an implementation.
template <auto member, FixedString name, std::size_t offset, class CallMember>
struct Member {
  using Call = CallMember;
  using Type = typename MemberType<decltype(member)>::Type;
  static constexpr auto kMember = member;
  static constexpr std::string_view kName = name.view();
  static constexpr std::size_t kOffset = offset;
  static constexpr void add_to(TextBuilder& text) {
    static_assert(CheckMethod<member, Type>::kIsChecked);
    CheckMethod<member, Type>::add_to(text, kName);
  }
};

/// All that the macro says of a contract.
template <class C, FixedString name, std::uint32_t version, class... Members>
struct Description {
  static_assert(std::is_standard_layout_v<C> && sizeof(C) == sizeof...(Members) * sizeof(MethodPair),
                "MORTISE_CONTRACT lists every member of the struct, and the struct has nothing but methods");
  static constexpr std::uint32_t kMethodCount = sizeof...(Members);
  static constexpr bool has_method(std::string_view method) { return ((Members::kName == method) || ...); }

  static constexpr void add_id(TextBuilder& text) { text.add(name.view()).add("/").add_number(version); }
  static constexpr void add_methods(TextBuilder& text) {
    bool is_first = true;
    ((text.add(is_first ? "" : "\n"), is_first = false, Members::add_to(text)), ...);
  }
  static constexpr bool is_in_order() {
    std::size_t index = 0;
    return ((Members::kOffset == index++ * sizeof(MethodPair)) && ...);
  }
  static_assert(is_in_order(), "MORTISE_CONTRACT lists the members in the order of the struct");

  /// Calls `visit(Member{}, index constant)` for each.
  template <class Visit>
  static constexpr void for_each(Visit&& visit) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (visit(Members{}, std::integral_constant<std::uint32_t, I>{}), ...);
    }
    (std::make_index_sequence<sizeof...(Members)>());
  }
};

template <class C, FixedString name, std::uint32_t version, class... Members>
constexpr Description<C, name, version, Members...> describe(Members...) {
  return {};
}
template <auto member, FixedString name, std::size_t offset, class Call>
constexpr Member<member, name, offset, Call> describe_member(Call) {
  return {};
}

/// The description of a contract, which the macro has put beside its struct.
template <class C>
using DescriptionOf = decltype(mortise_contract_of(static_cast<const C*>(nullptr)));

template <class C>
concept IsContract = requires(const C* contract) {
  mortise_contract_of(contract);
};

/// Text of exactly its size, from a function that builds it.
template <auto build>
struct StaticText {
  static constexpr std::size_t kSize = [] {
    TextBuilder text;
    build(text);
    return text.view().size();
  }();
  static constexpr std::array<char, kSize> kCharacters = [] {
    TextBuilder text;
    build(text);
    std::array<char, kSize> characters{};
    for (std::size_t i = 0; i < kSize; ++i) characters[i] = text.view()[i];
    return characters;
  }();
  static constexpr std::string_view view() noexcept { return {kCharacters.data(), kSize}; }
};

template <class C>
constexpr std::string_view contract_id() noexcept {
  return StaticText<&DescriptionOf<C>::add_id>::view();
}
template <class C>
constexpr std::string_view contract_methods() noexcept {
  return StaticText<&DescriptionOf<C>::add_methods>::view();
}

/// An ELF note on a contract: see MORTISE_CONTRACT_NOTE and MORTISE_IDEMPOTENT_NOTE of abi/contracts.h.
template <std::size_t size>
struct ContractNote {
  std::uint32_t owner_size = 8;
  std::uint32_t text_size = size;
  std::uint32_t type = MORTISE_NOTE_TYPE_CONTRACT;
  char owner[8] = "Mortise";
  char text[(size + 3) / 4 * 4]{};
};
template <class C>
constexpr auto make_contract_note() {
  constexpr auto id = contract_id<C>();
  constexpr auto methods = contract_methods<C>();
  ContractNote<id.size() + 1 + methods.size()> note;
  std::size_t at = 0;
  for (const char c : id) note.text[at++] = c;
  note.text[at++] = '\n';
  for (const char c : methods) note.text[at++] = c;
  return note;
}

/// Fails to compile where the contract has no such method; the compiler prints the contract and the name.
template <class C, FixedString name>
struct CheckIdempotent {
  static_assert(DescriptionOf<C>::has_method(name.view()), "MORTISE_IDEMPOTENT names methods of the contract");
  static constexpr bool kIsChecked = true;
};
template <class C, FixedString... names>
constexpr auto make_idempotent_note() {
  static_assert(IsContract<C>, "MORTISE_IDEMPOTENT stands below the MORTISE_CONTRACT of its struct");
  static_assert(sizeof...(names) > 0, "MORTISE_IDEMPOTENT names at least one method");
  static_assert((CheckIdempotent<C, names>::kIsChecked && ...));
  constexpr auto id = contract_id<C>();
  ContractNote<id.size() + (0 + ... + (1 + names.view().size()))> note;
  note.type = MORTISE_NOTE_TYPE_IDEMPOTENT;
  std::size_t at = 0;
  for (const char c : id) note.text[at++] = c;
  const auto add_line = [&](std::string_view name) {
    note.text[at++] = '\n';
    for (const char c : name) note.text[at++] = c;
  };
  (add_line(names.view()), ...);
  return note;
}

}  // namespace mortise::detail

/// Makes a struct of mortise::Method members a contract: its name without the version, its version, and the members in
/// their order. In the struct's own namespace, once. since 1.0
#define MORTISE_CONTRACT(type, name, version, ...)                                                                \
  inline constexpr auto mortise_contract_of(const type*) {                                                        \
    return ::mortise::detail::describe<type, name, version>(                                                      \
        MORTISE_FOR_EACH(MORTISE_CONTRACT_MEMBER, type, __VA_ARGS__));                                            \
  }                                                                                                               \
  [[gnu::used, gnu::section(MORTISE_NOTE_CONTRACT_SECTION), gnu::aligned(4)]] static constexpr auto MORTISE_JOIN( \
      mortise_contract_note_of_, type) = ::mortise::detail::make_contract_note<type>();

#define MORTISE_CONTRACT_MEMBER(type, member)                                         \
  ::mortise::detail::describe_member<&type::member, #member, offsetof(type, member)>( \
      [](auto& implementation, auto... arguments) -> decltype(auto) { return implementation.member(arguments...); })

/// Says which methods of a contract may be called once more when nobody knows whether a call arrived, as happens
/// between two hosts: those that only read, and those that twice do what they do once. Below MORTISE_CONTRACT, once.
/// since 1.1
#define MORTISE_IDEMPOTENT(type, ...)                                                                             \
  [[gnu::used, gnu::section(MORTISE_NOTE_CONTRACT_SECTION), gnu::aligned(4)]] static constexpr auto MORTISE_JOIN( \
      mortise_idempotent_note_of_, type) =                                                                        \
      ::mortise::detail::make_idempotent_note<type __VA_OPT__(, )                                                 \
                                                  MORTISE_FOR_EACH(MORTISE_METHOD_NAME, type, __VA_ARGS__)>();

#define MORTISE_METHOD_NAME(type, member) #member
