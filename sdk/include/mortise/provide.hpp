// A provider's side of a contract: the C functions that call an implementation's members of the methods' names.
#pragma once

#include <mortise/abi/contracts.h>

#include <concepts>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <mortise/arena.hpp>
#include <mortise/contract.hpp>
#include <mortise/error.hpp>

namespace mortise::detail {

/// What the exception that is being handled becomes for the caller: see Error.
[[gnu::cold, gnu::noinline]] inline mortise_status fail_with_current_exception(std::string_view method) noexcept {
  const auto fail = [method](mortise_status status, std::string_view message, std::string_view context) {
    return contracts_link.contracts->fail(contracts_link.host, status, borrow(method), borrow(message),
                                          borrow(context));
  };
  try {
    throw;
  } catch (const Error& failure) {
    return fail(static_cast<mortise_status>(failure.status()), failure.what(), failure.context());
  } catch (const std::exception& failure) {
    return fail(MORTISE_INTERNAL, failure.what(), {});
  } catch (...) {
    return fail(MORTISE_INTERNAL, "an exception that is no std::exception", {});
  }
}

/// "boutique.currency/1 convert", as failures name a method.
template <class C, class M>
struct MethodTitle {
  static constexpr void build(TextBuilder& text) {
    DescriptionOf<C>::add_id(text);
    text.add(" ").add(M::kName);
  }
  static constexpr std::string_view view() noexcept { return StaticText<&build>::view(); }
};

/// What a member returned in the form that crosses: texts and ranges that own their elements are copied to the arena.
template <class R, class Value>
R to_result(Value&& value) {
  if constexpr (std::is_same_v<R, Str> && std::is_same_v<std::remove_cvref_t<Value>, std::string>) {
    return copy(std::string_view(value));
  } else if constexpr (std::is_convertible_v<Value, R>) {
    return std::forward<Value>(value);
  } else {
    return copy(std::span<const typename R::value_type>(value));
  }
}
template <class R, class Value>
constexpr bool can_be_result() {
  if constexpr (std::is_convertible_v<Value, R> || std::is_same_v<R, Str>) {
    return std::is_convertible_v<Value, R> || std::is_same_v<std::remove_cvref_t<Value>, std::string>;
  } else if constexpr (ListTraits<R>::value) {
    return std::is_constructible_v<std::span<const typename R::value_type>, Value>;
  } else {
    return false;
  }
}

/// The C function of one method for one type of implementation.
template <class C, class Implementation, class M, class Call, class Signature>
struct Thunk;
template <class C, class Implementation, class M, class Call, class R, class... Args>
struct Thunk<C, Implementation, M, Call, Method<R(Args...)>> {
  static_assert(std::is_invocable_v<Call, Implementation&, Args...>,
                "the implementation lacks a member function of this method's name that takes its parameters");
  using Value = std::invoke_result_t<Call, Implementation&, Args...>;
  static_assert(std::is_void_v<R> || can_be_result<R, Value>(),
                "the member function returns another type than the method");

  static mortise_status call(void* self, Passed<Args>... arguments, R* result) noexcept {
    try {
      *result = to_result<R>(Call{}(*static_cast<Implementation*>(self), static_cast<Args>(arguments)...));
      return MORTISE_OK;
    } catch (...) {
      return fail_with_current_exception(MethodTitle<C, M>::view());
    }
  }
};
template <class C, class Implementation, class M, class Call, class... Args>
struct Thunk<C, Implementation, M, Call, Method<void(Args...)>> {
  static_assert(std::is_invocable_v<Call, Implementation&, Args...>,
                "the implementation lacks a member function of this method's name that takes its parameters");

  static mortise_status call(void* self, Passed<Args>... arguments) noexcept {
    try {
      Call{}(*static_cast<Implementation*>(self), static_cast<Args>(arguments)...);
      return MORTISE_OK;
    } catch (...) {
      return fail_with_current_exception(MethodTitle<C, M>::view());
    }
  }
};

/// A contract's struct that calls `implementation`, which outlives it.
template <class C, class Implementation>
C bind_contract(Implementation& implementation) {
  C contract;
  DescriptionOf<C>::for_each([&]<class M, class Index>(M, Index) {
    contract.*M::kMember = {&Thunk<C, Implementation, M, typename M::Call, typename M::Type>::call, &implementation};
  });
  return contract;
}

}  // namespace mortise::detail
