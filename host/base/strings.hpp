// Small text helpers that the standard library lacks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mortise::base {

/// ASCII, without regard to locale.
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// The candidate nearest to `word` if it is near enough to be a typing slip, else "". For "did you mean".
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// The name of a file without its folder and its last ending: "/drop/notes.so" -> "notes".
std::string_view file_stem(std::string_view path) noexcept;

/// Lower-case hexadecimal.
std::string to_hex(std::span<const std::uint8_t> bytes);

/// Text of unknown origin as messages show it: printable ASCII, everything else as '?', at most `most` bytes and then
/// "...".
std::string printable(std::string_view text, std::size_t most = 200);

/// Whether `text` is a plugin name: a lower-case letter, then lower-case letters, digits, '-', at most 64.
bool is_plugin_name(std::string_view text) noexcept;

}  // namespace mortise::base
