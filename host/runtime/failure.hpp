// Why a call through a contract failed, as the caller's scope has it (mortise_failure).
#pragma once

#include <mortise/abi/types.h>

#include <string_view>

#include "runtime/generation.hpp"

namespace mortise::runtime {

/// Records that a method of `generation` failed, with its name added to the context of the failure behind it, and
/// returns the status, which is no success whatever was given. All is copied. Any thread; outside any scope there is
/// nothing to record it in.
mortise_status fail_call(const Generation& generation, mortise_status status, std::string_view method,
                         std::string_view message, std::string_view context = {});

/// Records a failure of `generation` as its own process has told it.
mortise_status take_failure(const Generation& generation, mortise_status status, std::string_view message,
                            std::string_view context);

/// That a call of `generation` is about to fail of which its plugin has seen nothing. Where that is the call which the
/// thread's scope was entered for, what it was entered for has not begun, and may come again as if nothing had been.
void note_unbegun(const Generation& generation) noexcept;

}  // namespace mortise::runtime
