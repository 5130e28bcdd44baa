// Which requests run on the canary: a draw for each, or for all that have the same key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/request_parser.hpp"
#include "runtime/service.hpp"

namespace mortise::http {

/// Immutable; any thread.
class CanaryDraw {
 public:
  explicit CanaryDraw(const runtime::CanaryShare& share);

  /// A request that lacks the key is a draw of its own.
  [[nodiscard]] bool takes(const RequestHead& head, std::string_view remote_address) const;

 private:
  enum class Key { none, address, header, cookie };
  [[nodiscard]] std::string_view key_of(const RequestHead& head, std::string_view remote_address) const;

  unsigned percent_;
  Key kind_ = Key::none;
  std::string name_;
};

}  // namespace mortise::http
