// Expected failures are values: Result<T> carries a value or an Error. Exceptions stay inside constructors and
// at the edges of libraries; nothing that a plugin, an admin or a client can cause is thrown across the host.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <utility>

namespace mortise::base {

/// Why something failed; the names follow the ABI's status codes (sdk: abi/types.h) and share their values.
enum class ErrorCode : int {
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// The field's name of a code: "not_found".
const char* to_string(ErrorCode code);

/// A failure that a person can act on: the message names the thing, the place, the cause and the next step.
struct Error {
  ErrorCode code = ErrorCode::unknown;
  std::string message;

  /// The same failure seen from one level further out: "prefix: message".
  [[nodiscard]] Error in(const std::string& prefix) const { return {code, prefix + ": " + message}; }
};

/// value() on a failure is a bug of the caller and throws std::logic_error with the message.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace mortise::base
