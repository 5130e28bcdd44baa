// What the host asks the dynamic linker beyond what Boost.DLL offers.
#pragma once

#include <cstdint>
#include <string>

namespace mortise::base {

/// Whether the process has this library mapped, by its path. Any thread.
bool is_library_loaded(const std::string& file);

/// Has a library that is mapped stay so until the process ends, whoever closes it. Any thread.
void keep_library_loaded(const std::string& file);

/// Why this thread's last attempt to load a library failed, in the linker's words; asking clears it.
std::string last_library_error();

/// Addresses, the end excluded.
struct CodeRange {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};
/// Where the library that has this address is mapped; empty when none has it. Any thread.
CodeRange mapping_of(const void* address) noexcept;

}  // namespace mortise::base
