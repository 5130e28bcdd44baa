// Whether every part of an ELF file that its headers speak of lies inside the file. Comes before libelf, so that
// nothing behind it can be led out of bounds by a truncated or forged file. Inside this folder only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "manifest/binary.hpp"

namespace mortise::manifest {

/// The bytes of a file, borrowed.
using FileBytes = std::span<const std::uint8_t>;

/// What keeps the file from being looked at further: no ELF, another class or byte order, headers or segments that
/// reach beyond its end. None: every header, PT_LOAD, PT_DYNAMIC and PT_NOTE is inside the file.
std::optional<Finding> check_extents(FileBytes file, const std::string& shown_as);

}  // namespace mortise::manifest
