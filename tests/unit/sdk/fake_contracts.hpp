// The host's side of mortise.contracts/1 with one scope per thread, and a provider that is reached over bytes.
#pragma once

#include <mortise/abi/contracts.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <mortise/contracts.hpp>

#include "fake_exchange.hpp"

namespace mortise::sdk_testing {

/// What plugins have agreed with the host since link_contracts().
struct Agreed {
  std::vector<mortise_requirement_v1> requirements;
  std::vector<mortise_provision_v1> provisions;
  mortise_status refuses = MORTISE_OK;  // what the next ones are told
  std::string reason;                   // and why
};
inline Agreed agreed;

/// The calling thread is in a scope while one of these lives. Unless it is given room to bump in, each allocation is a
/// heap block of exactly its size, so that a sanitizer sees the first byte beyond it.
class FakeScope {
 public:
  static constexpr std::uint64_t kNoCap = UINT64_MAX;

  explicit FakeScope(std::uint64_t cap_bytes = kNoCap, std::uint64_t piece_bytes = 0);
  ~FakeScope();
  FakeScope(const FakeScope&) = delete;
  FakeScope& operator=(const FakeScope&) = delete;

  mortise_scope& raw() { return raw_; }
  /// What the host says of it from here on; time does not pass.
  void set_time_left_ms(std::uint64_t ms) { time_left_ms_ = ms; }
  /// Heap blocks that the arena holds.
  [[nodiscard]] std::size_t pieces() const { return pieces_.size(); }
  void bind(const void* contract) {
    bindings_.push_back(contract);
    raw_.bindings = bindings_.data();
    raw_.binding_count = static_cast<std::uint32_t>(bindings_.size());
  }

  /// Of this thread's innermost scope, if it is in one.
  static mortise_status fail(mortise_status status, std::string message, std::string context);
  static const mortise_contracts_v1& table();

 private:
  struct Mark {
    std::size_t pieces;
    std::uint64_t used_bytes;
    std::uint8_t* next;
    std::uint8_t* end;
  };
  struct Free {
    void operator()(void* memory) const;
  };
  static FakeScope& from(mortise_scope* scope);
  void* grow(std::uint64_t size, std::uint64_t alignment);
  std::uint64_t mark();
  void rewind(std::uint64_t mark);

  mortise_scope raw_{};
  mortise_scope* outer_;
  std::uint64_t cap_bytes_;
  std::uint64_t piece_bytes_;
  std::uint64_t used_bytes_ = 0;
  std::uint64_t time_left_ms_ = UINT64_MAX;
  std::vector<std::unique_ptr<void, Free>> pieces_;
  std::vector<Mark> marks_;
  std::vector<const void*> bindings_;
  std::string message_;
  std::string context_;
};

/// Links this program to table(), as a plugin's Context does. What it provides fails as "sample 1.2.3".
void link_contracts();

/// C provided by an implementation, and called over a channel that copies every request, so that nothing that is kept
/// of it stays readable.
template <class C>
class Loopback {
 public:
  template <class Implementation>
  explicit Loopback(Implementation& implementation) : provided_(detail::bind_contract<C>(implementation)) {
    detail::fill_proxy<C>(&proxy_, &channel_);
  }
  Loopback(const Loopback&) = delete;
  Loopback& operator=(const Loopback&) = delete;

  const C* operator->() const { return &proxy_; }
  [[nodiscard]] const C& provided() const { return provided_; }

 private:
  static mortise_status call(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply) {
    const std::vector<std::uint8_t> copied(request.data, request.data + request.size);
    return detail::dispatch<C>(&static_cast<Loopback*>(self)->provided_, method, {copied.data(), copied.size()}, reply);
  }

  C provided_;
  C proxy_;
  mortise_channel_v1 channel_{sizeof(mortise_channel_v1), 0, this, &call, nullptr};
};

}  // namespace mortise::sdk_testing
