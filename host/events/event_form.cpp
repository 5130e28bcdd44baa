#include "events/event_form.hpp"

#include <bit>
#include <charconv>
#include <cstring>
#include <string>

#include "base/sha256.hpp"

namespace mortise::events {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::uint8_t kWireVersion = 1;

std::size_t varint_size(std::uint64_t number) noexcept {
  constexpr unsigned kBits = 7;
  return (static_cast<std::size_t>(std::bit_width(number | 1U)) + kBits - 1) / kBits;
}

std::size_t text_size(std::string_view text) noexcept { return varint_size(text.size()) + text.size(); }

/// Of one request, to memory with room for it.
class Writer {
 public:
  explicit Writer(std::uint8_t* to) noexcept : at_(to) {}

  template <class Number>
  void number(Number number) noexcept {
    static_assert(std::endian::native == std::endian::little);
    bytes(&number, sizeof number);
  }
  void text(std::string_view text) noexcept {
    constexpr std::uint64_t kMore = 0x80;
    std::uint64_t size = text.size();
    for (; size >= kMore; size >>= 7U) *at_++ = static_cast<std::uint8_t>(size | kMore);
    *at_++ = static_cast<std::uint8_t>(size);
    bytes(text.data(), text.size());
  }
  void bytes(const void* from, std::size_t size) noexcept {
    if (size == 0) return;
    std::memcpy(at_, from, size);
    at_ += size;
  }

 private:
  std::uint8_t* at_;
};

}  // namespace

std::uint64_t form_of(std::string_view methods) {
  constexpr std::size_t kDigits = 16;
  constexpr int kHexadecimal = 16;
  base::Sha256 sum;
  sum.update({reinterpret_cast<const std::uint8_t*>(methods.data()), methods.size()});
  const auto digits = sum.finish();
  std::uint64_t form = 0;
  std::from_chars(digits.data(), digits.data() + kDigits, form, kHexadecimal);
  return form;
}

base::Result<void> check(std::string_view key, mortise_bytes bytes) {
  if (key.size() > kMostKeyBytes) {
    return Error{ErrorCode::invalid_argument, "the event's key has " + std::to_string(key.size()) +
                                                  " bytes, the limit is " + std::to_string(kMostKeyBytes)};
  }
  if (bytes.size > kMostEventBytes) {
    return Error{ErrorCode::invalid_argument, "the event has " + std::to_string(bytes.size) + " bytes, the limit is " +
                                                  std::to_string(kMostEventBytes) +
                                                  "; keep what is large elsewhere, and tell where"};
  }
  if (bytes.data == nullptr || bytes.size == 0 || bytes.data[0] != kWireVersion) {
    return Error{ErrorCode::invalid_argument, "the event's bytes are not in the form of contracts"};
  }
  return {};
}

std::size_t request_size(const Event& event) noexcept {
  return sizeof kWireVersion + sizeof event.id_high + sizeof event.id_low + sizeof event.published_ms +
         sizeof event.attempt + text_size(event.publisher) + text_size(event.key) + event.bytes.size -
         sizeof kWireVersion;
}

void write_request(const Event& event, std::uint8_t* to) noexcept {
  Writer writer(to);
  writer.number(kWireVersion);
  writer.number(event.id_high);
  writer.number(event.id_low);
  writer.number(event.published_ms);
  writer.number(event.attempt);
  writer.text(event.publisher);
  writer.text(event.key);
  writer.bytes(event.bytes.data + sizeof kWireVersion, event.bytes.size - sizeof kWireVersion);
}

}  // namespace mortise::events
