#include "http/chunk_decoder.hpp"

#include <algorithm>

namespace mortise::http {
namespace {

constexpr std::size_t kMaxDigits = 16;
constexpr std::size_t kMaxExtension = 256;
constexpr std::size_t kMaxTrailers = 8192;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_text(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u >= 0x20 && u != 0x7f) || c == '\t';
}

}  // namespace

ChunkDecoder::State ChunkDecoder::decode(std::string_view bytes, std::string& body, std::size_t& consumed) {
  consumed = 0;
  while (at_ != At::done && consumed < bytes.size()) {
    if (at_ == At::data) {
      const auto piece = bytes.substr(consumed, static_cast<std::size_t>(std::min<std::uint64_t>(size_, bytes.size())));
      body += piece;
      consumed += piece.size();
      size_ -= piece.size();
      if (size_ == 0) at_ = At::data_cr;
      continue;
    }
    if (const auto state = step(bytes[consumed++]); state != State::need_more) return state;
  }
  return at_ == At::done ? State::done : State::need_more;
}

/// One byte outside of a chunk's data.
ChunkDecoder::State ChunkDecoder::step(char c) {
  const auto expect = [&](char wanted, At next) {
    at_ = next;
    return c == wanted ? State::need_more : State::malformed;
  };
  const auto drop_until_cr = [&](std::size_t most, At next) {
    if (c == '\r') return expect('\r', next);
    return is_text(c) && ++dropped_ <= most ? State::need_more : State::malformed;
  };
  switch (at_) {
    case At::size: return read_size(c);
    case At::extension: return drop_until_cr(kMaxExtension, At::size_lf);
    case At::size_lf: dropped_ = 0; return expect('\n', size_ == 0 ? At::line : At::data);
    case At::data_cr: return expect('\r', At::data_lf);
    case At::data_lf: digits_ = 0; return expect('\n', At::size);
    case At::line:
      if (c == '\r') return expect('\r', At::last_lf);
      at_ = At::trailer;
      return c == ' ' || c == '\t' ? State::malformed : drop_until_cr(kMaxTrailers, At::trailer_lf);
    case At::trailer: return drop_until_cr(kMaxTrailers, At::trailer_lf);
    case At::trailer_lf: return expect('\n', At::line);
    case At::last_lf: return expect('\n', At::done);
    case At::data:
    case At::done: break;
  }
  return State::malformed;
}

ChunkDecoder::State ChunkDecoder::read_size(char c) {
  if (const int digit = hex_digit(c); digit >= 0) {
    if (++digits_ > kMaxDigits) return State::malformed;
    size_ = size_ * 16 + static_cast<std::uint64_t>(digit);
    return State::need_more;
  }
  if (digits_ == 0 || (c != '\r' && c != ';')) return State::malformed;
  if (size_ > left_) return State::too_large;
  left_ -= size_;
  dropped_ = 0;
  at_ = c == ';' ? At::extension : At::size_lf;
  return State::need_more;
}

}  // namespace mortise::http
