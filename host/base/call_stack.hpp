// Where a thread is that a signal has interrupted, for the handler of that signal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace mortise::base {

/// The address of the code that was interrupted; 0 where this is not known of the machine. `context`: the handler's
/// third argument. Async-signal-safe.
std::uintptr_t interrupted_at(const void* context) noexcept;

/// Calls `visit` with the addresses of code on the calling thread's stack, the innermost first, those of the handler
/// among them, until it returns false. `context`: as above, or null outside a handler. Async-signal-safe once
/// prepare_call_stacks() was called, but it follows what lies on the stack: where that is corrupt it may fault.
void walk_call_stack(const void* context, bool (*visit)(std::uintptr_t address, void* argument), void* argument);

/// What is done only once for all walks, and not from a handler.
void prepare_call_stacks();

/// A place in code that a debugger finds again, whatever address it was mapped at.
struct CodePlace {
  std::string_view image;  // its file's path; empty: the program itself
  std::uintptr_t offset = 0;
  std::span<const std::uint8_t> build_id;  // empty: it has none
};
/// Nothing but the address where no image is mapped. Async-signal-safe; for as long as the image is mapped.
CodePlace locate(std::uintptr_t address) noexcept;

}  // namespace mortise::base
