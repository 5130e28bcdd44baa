// Failures in C++: mortise::Error inside a plugin, a status and a message at its edge. Invariant: nothing is thrown
// across the ABI; every entry goes through barrier().
#pragma once

#include <mortise/abi/types.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mortise {

/// Why something failed: the ABI's status codes by name. since 1.0
enum class Status : std::int32_t {
  cancelled = MORTISE_CANCELLED,
  unknown = MORTISE_UNKNOWN,
  invalid_argument = MORTISE_INVALID_ARGUMENT,
  deadline_exceeded = MORTISE_DEADLINE_EXCEEDED,
  not_found = MORTISE_NOT_FOUND,
  already_exists = MORTISE_ALREADY_EXISTS,
  permission_denied = MORTISE_PERMISSION_DENIED,
  resource_exhausted = MORTISE_RESOURCE_EXHAUSTED,
  failed_precondition = MORTISE_FAILED_PRECONDITION,
  aborted = MORTISE_ABORTED,
  out_of_range = MORTISE_OUT_OF_RANGE,
  unimplemented = MORTISE_UNIMPLEMENTED,
  internal = MORTISE_INTERNAL,
  unavailable = MORTISE_UNAVAILABLE,
  data_loss = MORTISE_DATA_LOSS,
  unauthenticated = MORTISE_UNAUTHENTICATED,
};

/// What a plugin throws to refuse: the caller gets the status and the message; an HTTP client gets them as a problem
/// document with the status that fits (not_found: 404). Any other exception arrives as `internal`, and its text goes
/// to the log alone. since 1.0
class Error : public std::runtime_error {
 public:
  Error(Status status, const std::string& message) : std::runtime_error(message), status_(status) {}
  [[nodiscard]] Status status() const noexcept { return status_; }

 private:
  Status status_;
};

namespace detail {

inline std::string_view view(mortise_str text) noexcept {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, static_cast<std::size_t>(text.size));
}

inline mortise_str borrow(std::string_view text) noexcept { return {text.data(), text.size()}; }

inline void set_message(mortise_error* error, std::string_view message) noexcept {
  if (error == nullptr || error->message == nullptr) return;
  error->size = static_cast<std::uint32_t>(std::min<std::size_t>(error->capacity, message.size()));
  std::memcpy(error->message, message.data(), error->size);
}

/// Runs `body`; what it throws becomes a status and a message.
template <class Body>
mortise_status barrier(mortise_error* error, Body&& body) noexcept {
  try {
    body();
    return MORTISE_OK;
  } catch (const Error& failure) {
    set_message(error, failure.what());
    return static_cast<mortise_status>(failure.status());
  } catch (const std::exception& failure) {
    set_message(error, failure.what());
  } catch (...) {
    set_message(error, "an exception that is no std::exception");
  }
  return MORTISE_INTERNAL;
}

/// Throws the failure that a host function reported.
inline void check(mortise_status status, std::string_view what) {
  if (status != MORTISE_OK) throw Error(static_cast<Status>(status), std::string(what));
}

/// A buffer for the message of a call into the host.
class Message {
 public:
  Message() = default;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  mortise_error* out() noexcept { return &error_; }
  [[nodiscard]] std::string_view text() const noexcept { return {text_, error_.size}; }

 private:
  char text_[512] = {};
  mortise_error error_{sizeof(mortise_error), sizeof text_, 0, 0, text_};
};

}  // namespace detail
}  // namespace mortise
