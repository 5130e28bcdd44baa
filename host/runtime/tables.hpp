// The interfaces that the runtime itself gives to plugins: mortise.log/1 and mortise.config/1.
#pragma once

#include <string_view>

namespace mortise::runtime {

/// The table of one of the runtime's own interfaces, or null. Any thread.
const void* own_interface(std::string_view id) noexcept;

}  // namespace mortise::runtime
