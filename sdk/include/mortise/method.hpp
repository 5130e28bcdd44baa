// One method of a contract: in memory a C function and what it is called with, in C++ a function object.
#pragma once

#include <mortise/abi/contracts.h>

#include <string>
#include <type_traits>

#include <mortise/error.hpp>
#include <mortise/scope.hpp>
#include <mortise/text.hpp>
#include <mortise/value_types.hpp>

namespace mortise {
namespace detail {

/// The layout of every method, whatever its signature.
struct MethodPair {
  void (*function)();
  void* self;
};

/// Throws what the scope says of the call that just failed. Its texts are the provider's arena's: copied.
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_failure(mortise_status status) {
  mortise_failure failure{};
  if (auto* scope = current_scope(); scope != nullptr && scope->failure.status == status) {
    failure = std::exchange(scope->failure, mortise_failure{});
  }
  const auto message = view(failure.message);
  throw Error(to_failure(status), std::string(message.empty() ? "the provider gave no reason" : message),
              std::string(view(failure.context)));
}

/// A type that cannot be passed is told by MORTISE_CONTRACT, which knows the method's name.
template <class R, class... Args>
struct CFunction {
  using Type = mortise_status (*)(void* self, Passed<Args>... arguments, Passed<R>* result);
};
template <class... Args>
struct CFunction<void, Args...> {
  using Type = mortise_status (*)(void* self, Passed<Args>... arguments);
};

}  // namespace detail

template <class Signature>
class Method;

/// A member of a contract's struct. Calling it calls the provider, on this thread; throws the Error that the provider
/// threw, with the provider's plugin and method in its context(). since 1.0 [in-scope]
template <class R, class... Args>
class Method<R(Args...)> {
 public:
  using Function = typename detail::CFunction<R, Args...>::Type;

  constexpr Method() noexcept = default;
  constexpr Method(Function called, void* with) noexcept : function_(called), self_(with) {}

  R operator()(Args... arguments) const {
    if constexpr (std::is_void_v<R>) {
      check(function_(self_, detail::Passed<Args>(arguments)...));
    } else {
      R result;  // NOLINT(cppcoreguidelines-pro-type-member-init): the provider's, as far as it succeeds
      check(function_(self_, detail::Passed<Args>(arguments)..., &result));
      return result;
    }
  }

  /// The C function and its first argument, for code that calls it as C does.
  [[nodiscard]] constexpr Function function() const noexcept { return function_; }
  [[nodiscard]] constexpr void* self() const noexcept { return self_; }

 private:
  static void check(mortise_status status) {
    if (status != MORTISE_OK) [[unlikely]]
      detail::throw_failure(status);
  }

  Function function_ = nullptr;
  void* self_ = nullptr;
};

}  // namespace mortise
