#include "runtime/offers.hpp"

#include <mortise/abi/health.h>
#include <mortise/abi/state.h>

#include <new>

namespace mortise::runtime {
namespace {

/// A table that the plugin offers, or null; an error when it is not all there.
template <class Table>
base::Result<const Table*> find_offer(Generation& generation, const char* id) {
  const auto* table = static_cast<const Table*>(generation.offered(id));
  if (table != nullptr && table->struct_size < sizeof(Table)) {
    return base::Error{base::ErrorCode::failed_precondition,
                       std::string("its ") + id + " has a table of " + std::to_string(table->struct_size) +
                           " bytes, too few for its members; set struct_size to sizeof"};
  }
  return table;
}

base::Error lacks(const char* id, const char* member) {
  return {base::ErrorCode::failed_precondition,
          std::string("its ") + id + " has no " + member + ", which is required; set it"};
}

/// Keeps what is written in memory, up to the limit.
class Buffer {
 public:
  [[nodiscard]] mortise_state_writer_v1 writer() noexcept {
    return {.struct_size = sizeof(mortise_state_writer_v1), .reserved = 0, .target = this, .write = &write};
  }
  [[nodiscard]] bool has_overflown() const noexcept { return has_overflown_; }
  std::string bytes;

 private:
  static mortise_status write(void* target, mortise_bytes piece) {
    auto& buffer = *static_cast<Buffer*>(target);
    if (piece.data == nullptr || buffer.has_overflown_)
      return buffer.has_overflown_ ? MORTISE_RESOURCE_EXHAUSTED : MORTISE_OK;
    if (piece.size > MORTISE_STATE_MAX_BYTES - buffer.bytes.size()) return buffer.overflow();
    try {
      buffer.bytes.append(reinterpret_cast<const char*>(piece.data), static_cast<std::size_t>(piece.size));
    } catch (const std::bad_alloc&) {
      return buffer.overflow();
    }
    return MORTISE_OK;
  }
  mortise_status overflow() noexcept {
    has_overflown_ = true;
    return MORTISE_RESOURCE_EXHAUSTED;
  }

  bool has_overflown_ = false;
};

}  // namespace

base::Result<void> check_health(Generation& generation) {
  const auto table = find_offer<mortise_health_v1>(generation, MORTISE_HEALTH_V1);
  if (!table) return table.error();
  if (*table == nullptr) return {};
  const auto check = (*table)->check;
  if (check == nullptr) return lacks(MORTISE_HEALTH_V1, "check");
  return generation.call("health check", check);
}

base::Result<std::optional<State>> export_state(Generation& generation, StatePart part) {
  const auto table = find_offer<mortise_state_v1>(generation, MORTISE_STATE_V1);
  if (!table) return table.error();
  if (*table == nullptr) return std::optional<State>();
  const bool is_rest = part == StatePart::rest;
  const auto hook = is_rest ? (*table)->export_rest : (*table)->export_snapshot;
  if (hook == nullptr && is_rest) return std::optional<State>();
  if (hook == nullptr) return lacks(MORTISE_STATE_V1, "export_snapshot");

  Buffer buffer;
  const auto writer = buffer.writer();
  const auto done = generation.call(is_rest ? "export_rest" : "export_snapshot",
                                    [&](void* self, mortise_error* error) { return hook(self, &writer, error); });
  if (!done) return done.error();
  if (buffer.has_overflown()) {
    return base::Error{base::ErrorCode::resource_exhausted, "its state is larger than " +
                                                                std::to_string(MORTISE_STATE_MAX_BYTES) +
                                                                " bytes; keep what is that large in files"};
  }
  return std::optional<State>(State{.version = (*table)->version, .bytes = std::move(buffer.bytes)});
}

base::Result<bool> import_state(Generation& generation, StatePart part, const State& state) {
  const auto table = find_offer<mortise_state_v1>(generation, MORTISE_STATE_V1);
  if (!table) return table.error();
  if (*table == nullptr) return false;
  const bool is_rest = part == StatePart::rest;
  const auto hook = is_rest ? (*table)->import_rest : (*table)->import_snapshot;
  if (hook == nullptr && is_rest) return false;
  if (hook == nullptr) return lacks(MORTISE_STATE_V1, "import_snapshot");
  const mortise_bytes bytes{reinterpret_cast<const std::uint8_t*>(state.bytes.data()), state.bytes.size()};
  const auto done = generation.call(is_rest ? "import_rest" : "import_snapshot", [&](void* self, mortise_error* error) {
    return hook(self, state.version, bytes, error);
  });
  if (!done) return done.error();
  return true;
}

}  // namespace mortise::runtime
