// Requests and answers of mortise.http/1 as bytes in shared memory. Both sides are one program in one version.
#pragma once

#include <mortise/abi/http.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mortise::isolation {

/// A request where its bytes lie; copies nothing.
struct RequestView {
  mortise_http_request_v1 request{};
  std::vector<mortise_http_field> params;
  std::vector<mortise_http_field> headers;
};

std::uint64_t form_size(const mortise_http_request_v1& request) noexcept;
/// `out` has room for it.
void write_form(const mortise_http_request_v1& request, std::uint8_t* out) noexcept;
/// What write_form() has written; the view points into it.
void read_form(const std::uint8_t* form, RequestView& view);

/// An answer whose head was copied, so that nobody else can change it, and whose body lies where it was.
struct AnswerView {
  mortise_http_response_v1 response{};
  std::vector<mortise_http_field> headers;
  std::string head;
};

/// Of all headers of an answer, which the host copies.
inline constexpr std::uint64_t kMostHeaderBytes = std::uint64_t{1} << 20U;

std::uint64_t form_size(const mortise_http_response_v1& response) noexcept;
/// `out` has room for it.
void write_form(const mortise_http_response_v1& response, std::uint8_t* out) noexcept;
/// Whatever the bytes are; false: they are no answer, or one with too many headers.
bool read_form(std::span<const std::uint8_t> form, AnswerView& view);

}  // namespace mortise::isolation
