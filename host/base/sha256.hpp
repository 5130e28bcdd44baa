// SHA-256 over bytes that arrive in pieces.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace mortise::base {

/// One digest in the making. One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void update(std::span<const std::uint8_t> bytes);
  /// The digest in 64 hexadecimal digits. Call once, last.
  std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace mortise::base
