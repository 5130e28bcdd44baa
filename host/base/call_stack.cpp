#include "base/call_stack.hpp"

#include <dlfcn.h>
#include <ucontext.h>
#include <unwind.h>

#include <bit>

namespace mortise::base {
namespace {

struct Visitor {
  bool (*visit)(std::uintptr_t, void*);
  void* argument;
};

_Unwind_Reason_Code visit_frame(_Unwind_Context* frame, void* argument) {
  const auto& visitor = *static_cast<const Visitor*>(argument);
  return visitor.visit(_Unwind_GetIP(frame), visitor.argument) ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/// Where a function was called that is none (a null pointer): the unwinder knows no way back from there. Else 0.
std::uintptr_t caller_of_nothing(const void* context) noexcept {
  dl_find_object object{};
  if (_dl_find_object(std::bit_cast<void*>(interrupted_at(context)), &object) == 0) return 0;
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return *std::bit_cast<const std::uintptr_t*>(registers.gregs[REG_RSP]);
#elif defined(__aarch64__)
  return registers.regs[30];
#else
  static_cast<void>(registers);
  return 0;
#endif
}

}  // namespace

std::uintptr_t interrupted_at(const void* context) noexcept {
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(registers.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return registers.pc;
#else
  static_cast<void>(registers);
  return 0;
#endif
}

void walk_call_stack(const void* context, bool (*visit)(std::uintptr_t, void*), void* argument) {
  if (const auto caller = caller_of_nothing(context); caller != 0 && !visit(caller, argument)) return;
  Visitor visitor{visit, argument};
  _Unwind_Backtrace(&visit_frame, &visitor);
}

void prepare_call_stacks() {
  Visitor visitor{[](std::uintptr_t, void*) { return true; }, nullptr};
  _Unwind_Backtrace(&visit_frame, &visitor);
}

}  // namespace mortise::base
