// What the host asks the dynamic linker beyond what Boost.DLL offers.
#pragma once

#include <string>

namespace mortise::base {

/// Whether the process has this library mapped, by its path. Any thread.
bool is_library_loaded(const std::string& file);

/// Why this thread's last attempt to load a library failed, in the linker's words; asking clears it.
std::string last_library_error();

}  // namespace mortise::base
