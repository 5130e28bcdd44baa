// The chunked transfer coding (RFC 9112 §7.1), strictly: every line ends in CRLF, sizes are plain hexadecimal digits.
// However the bytes are cut, the outcome is the same. Extensions and trailers are checked for form and dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace mortise::http {

/// Decodes one body; a value, started anew by assigning a fresh one.
class ChunkDecoder {
 public:
  enum class State { need_more, done, too_large, malformed };

  /// At most so much of a body, decoded; counts from here on.
  void limit(std::uint64_t bytes) noexcept { left_ = bytes; }
  /// Takes the next bytes, appends what they decode to, and says how many were used: all of them but at the end.
  State decode(std::string_view bytes, std::string& body, std::size_t& consumed);

 private:
  enum class At { size, extension, size_lf, data, data_cr, data_lf, line, trailer, trailer_lf, last_lf, done };

  State step(char c);
  State read_size(char c);

  At at_ = At::size;
  std::uint64_t left_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t size_ = 0;  // of the chunk that is read, or what is left of it
  std::size_t digits_ = 0;
  std::size_t dropped_ = 0;  // bytes of the extension, or of all trailers
};

}  // namespace mortise::http
