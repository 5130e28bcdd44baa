#include "fake_contracts.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

namespace mortise::sdk_testing {
namespace {

thread_local mortise_scope* current_scope = nullptr;

mortise_status verdict(mortise_error* error) {
  if (agreed.refuses != MORTISE_OK) detail::set_message(error, agreed.reason);
  return agreed.refuses;
}

}  // namespace

FakeScope::FakeScope(std::uint64_t cap_bytes, std::uint64_t piece_bytes)
    : outer_(std::exchange(current_scope, &raw_)), cap_bytes_(cap_bytes), piece_bytes_(piece_bytes) {
  raw_.struct_size = sizeof raw_;
}

FakeScope::~FakeScope() { current_scope = outer_; }

mortise_status FakeScope::fail(mortise_status status, std::string message, std::string context) {
  if (current_scope == nullptr) return status;
  auto& scope = from(current_scope);
  scope.message_ = std::move(message);
  scope.context_ = std::move(context);
  scope.raw_.failure = {status, 0, str(scope.message_), str(scope.context_)};
  return status;
}

FakeScope& FakeScope::from(mortise_scope* scope) {
  static_assert(std::is_standard_layout_v<FakeScope> && offsetof(FakeScope, raw_) == 0);
  return *reinterpret_cast<FakeScope*>(scope);
}

void FakeScope::Free::operator()(void* memory) const { std::free(memory); }

void* FakeScope::grow(std::uint64_t size, std::uint64_t alignment) {
  const auto piece = std::max(size, piece_bytes_);
  if (piece > cap_bytes_ - used_bytes_) return nullptr;
  void* memory = nullptr;
  const auto allowed = std::max<std::size_t>(static_cast<std::size_t>(alignment), alignof(void*));
  if (::posix_memalign(&memory, allowed, static_cast<std::size_t>(piece)) != 0) throw std::bad_alloc();
  pieces_.emplace_back(memory);
  used_bytes_ += piece;
  raw_.arena_next = static_cast<std::uint8_t*>(memory) + size;
  raw_.arena_end = static_cast<std::uint8_t*>(memory) + piece;
  return memory;
}

std::uint64_t FakeScope::mark() {
  marks_.push_back({pieces_.size(), used_bytes_, raw_.arena_next, raw_.arena_end});
  return marks_.size() - 1;
}

void FakeScope::rewind(std::uint64_t mark) {
  const auto& to = marks_.at(static_cast<std::size_t>(mark));
  pieces_.resize(to.pieces);
  used_bytes_ = to.used_bytes;
  raw_.arena_next = to.next;
  raw_.arena_end = to.end;
  marks_.resize(static_cast<std::size_t>(mark));
}

const mortise_contracts_v1& FakeScope::table() {
  static const mortise_contracts_v1 table{
      .struct_size = sizeof table,
      .reserved = 0,
      .scope_offset =
          reinterpret_cast<const char*>(&current_scope) - static_cast<const char*>(__builtin_thread_pointer()),
      .current = [] { return current_scope; },
      .require =
          [](mortise_host*, const mortise_requirement_v1* requirement, std::uint32_t* slot, mortise_error* error) {
            *slot = static_cast<std::uint32_t>(agreed.requirements.size());
            agreed.requirements.push_back(*requirement);
            return verdict(error);
          },
      .provide =
          [](mortise_host*, const mortise_provision_v1* provision, mortise_error* error) {
            agreed.provisions.push_back(*provision);
            return verdict(error);
          },
      .fail =
          [](mortise_host*, mortise_status status, mortise_str method, mortise_str message, mortise_str context) {
            const auto behind = context.size == 0 ? std::string() : to_string(context) + "; ";
            return FakeScope::fail(status, to_string(message), behind + "sample 1.2.3: " + to_string(method));
          },
      .arena_grow = [](mortise_scope* scope, std::uint64_t size,
                       std::uint64_t alignment) { return from(scope).grow(size, alignment); },
      .arena_mark = [](mortise_scope* scope) { return from(scope).mark(); },
      .arena_rewind = [](mortise_scope* scope, std::uint64_t mark) { from(scope).rewind(mark); },
      .time_left_ms = [](mortise_scope* scope) { return from(scope).time_left_ms_; },
      .limit_ms =
          [](mortise_scope* scope, std::uint64_t ms) {
            auto& left = from(scope).time_left_ms_;
            return std::exchange(left, std::min(left, ms));
          },
      .restore_limit = [](mortise_scope* scope, std::uint64_t former) { from(scope).time_left_ms_ = former; }};
  return table;
}

void link_contracts() {
  agreed = {};
  detail::contracts_link.set(&FakeScope::table(), nullptr);
}

}  // namespace mortise::sdk_testing
