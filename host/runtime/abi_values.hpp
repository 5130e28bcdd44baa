// Between the values of the C ABI and ours: strings, status codes, messages. Borrowed in, borrowed out; no copies.
#pragma once

#include <mortise/abi/types.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/result.hpp"

namespace mortise::runtime {

inline mortise_str to_abi(std::string_view text) noexcept { return {text.data(), text.size()}; }

inline std::string_view to_view(mortise_str text) noexcept {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, static_cast<std::size_t>(text.size));
}

inline std::string_view to_view(mortise_bytes bytes) noexcept {
  return bytes.data == nullptr
             ? std::string_view()
             : std::string_view(reinterpret_cast<const char*>(bytes.data), static_cast<std::size_t>(bytes.size));
}

/// What a plugin gets for one of our errors: the code, and the message if it offered room for one.
inline mortise_status to_abi(const base::Error& error, mortise_error* out) noexcept {
  if (out != nullptr && out->message != nullptr) {
    out->size = static_cast<std::uint32_t>(std::min<std::size_t>(out->capacity, error.message.size()));
    std::memcpy(out->message, error.message.data(), out->size);
  }
  return static_cast<mortise_status>(error.code);
}

/// Runs what an entry of a table does. No exception may cross the ABI; ours are those of a full memory.
template <class Call>
mortise_status guarded(mortise_error* out, const Call& call) noexcept {
  try {
    return call();
  } catch (...) {
    return to_abi(base::Error{base::ErrorCode::resource_exhausted, "out of memory"}, out);
  }
}

/// A plugin's status as our code; one that nobody knows is `unknown`.
inline base::ErrorCode to_code(mortise_status status) noexcept {
  const bool is_known = status >= MORTISE_CANCELLED && status <= MORTISE_UNAUTHENTICATED;
  return is_known ? static_cast<base::ErrorCode>(status) : base::ErrorCode::unknown;
}

}  // namespace mortise::runtime
