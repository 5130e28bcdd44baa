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
#include <utility>

#include <mortise/text.hpp>

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
  /// For the SDK: a failure that came through a contract.
  Error(Status status, const std::string& message, std::string context)
      : std::runtime_error(message), status_(status), context_(std::move(context)) {}
  [[nodiscard]] Status status() const noexcept { return status_; }
  /// The plugins and methods that it came through, the innermost first, or empty:
  /// "currency 1.2.0: boutique.currency/1 convert; checkout 2.0.0: boutique.checkout/1 place".
  [[nodiscard]] const std::string& context() const noexcept { return context_; }

 private:
  Status status_;
  std::string context_;
};

namespace detail {

/// A code that this version does not know counts as `unknown`, and so does success where there is none.
inline Status to_failure(mortise_status status) noexcept {
  const bool is_known = status >= MORTISE_CANCELLED && status <= MORTISE_UNAUTHENTICATED;
  return is_known ? static_cast<Status>(status) : Status::unknown;
}

/// Stores as much of the message as there is room for, cut between UTF-8 characters.
inline void set_message(mortise_error* error, std::string_view message) noexcept {
  if (error == nullptr || !MORTISE_HAS(mortise_error, error, message) || error->message == nullptr) return;
  auto size = std::min<std::size_t>(error->capacity, message.size());
  const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(message[at]) & 0xC0U) == 0x80U; };
  while (size > 0 && size < message.size() && continues(size)) --size;
  if (size > 0) std::memcpy(error->message, message.data(), size);
  error->size = static_cast<std::uint32_t>(size);
}

/// Runs `body`; what it throws becomes a status and a message.
template <class Body>
mortise_status barrier(mortise_error* error, Body&& body) noexcept {
  try {
    body();
    return MORTISE_OK;
  } catch (const Error& failure) {
    // Of an internal failure nobody but the log is told, and there it matters where it came from.
    const bool has_way = failure.status() == Status::internal && !failure.context().empty();
    set_message(error, has_way ? failure.what() + (" (" + failure.context() + ")") : std::string(failure.what()));
    return static_cast<mortise_status>(to_failure(static_cast<mortise_status>(failure.status())));
  } catch (const std::exception& failure) {
    set_message(error, failure.what());
  } catch (...) {
    set_message(error, "an exception that is no std::exception");
  }
  return MORTISE_INTERNAL;
}

/// Throws the failure that a host function reported.
inline void check(mortise_status status, std::string_view what) {
  if (status == MORTISE_OK) return;
  throw Error(to_failure(status), std::string(what.empty() ? "the host gave no reason" : what));
}

/// A buffer for the message of a call into the host.
class Message {
 public:
  Message() = default;
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  mortise_error* out() noexcept { return &error_; }
  [[nodiscard]] std::string_view text() const noexcept {
    return {text_, std::min<std::size_t>(error_.size, sizeof text_)};
  }

 private:
  char text_[1024] = {};
  mortise_error error_{sizeof(mortise_error), sizeof text_, 0, 0, text_};
};

/// The same for `check(f(message.out()), message)`: the text is read when the call has written it.
inline void check(mortise_status status, const Message& message) { check(status, message.text()); }

}  // namespace detail
}  // namespace mortise
