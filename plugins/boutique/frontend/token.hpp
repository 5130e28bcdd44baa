// Names that nobody can guess: carts have them, and orders.
#pragma once

#include <string>
#include <string_view>

namespace boutique::frontend {

/// 32 hexadecimal digits of the kernel's random numbers. Throws std::system_error when it has none to give.
std::string draw_token();
/// Whether it looks like one.
bool is_token(std::string_view text) noexcept;

}  // namespace boutique::frontend
