#include "kv/store.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "kv/statements.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::kv {
namespace {

using base::Error;
using base::ErrorCode;
using runtime::guarded;
using runtime::to_abi;
using runtime::to_view;

mortise_sql_value blob(mortise_bytes bytes) { return {MORTISE_SQL_BLOB, 0, 0, 0, bytes}; }
mortise_sql_value blob(std::string_view bytes) {
  return blob(mortise_bytes{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}
mortise_sql_value number(std::int64_t integer) { return {MORTISE_SQL_INTEGER, 0, integer, 0, {nullptr, 0}}; }

mortise_status run(const Store& store, std::string_view statement, std::span<const mortise_sql_value> parameters,
                   const mortise_sql_rows* rows, mortise_sql_outcome* outcome, mortise_error* error) {
  return store.sql.run(reinterpret_cast<mortise_sql_database*>(store.handle), store.transaction, to_abi(statement),
                       parameters.data(), static_cast<std::uint32_t>(parameters.size()), rows, outcome, error);
}

/// What is wrong with one argument, if anything is.
using Fault = std::optional<Error>;

Fault check_bytes(const char* name, mortise_bytes bytes, std::uint64_t most) {
  const std::string what(name);
  if (bytes.data == nullptr && bytes.size > 0) return Error{ErrorCode::invalid_argument, what + " has no bytes"};
  if (bytes.size <= most) return std::nullopt;
  return Error{ErrorCode::out_of_range,
               what + " has " + std::to_string(bytes.size) + " bytes, and may have " + std::to_string(most)};
}

Fault check_key(mortise_bytes key) {
  if (key.size == 0) return Error{ErrorCode::invalid_argument, "the key is empty"};
  return check_bytes("the key", key, MORTISE_KV_MAX_KEY_BYTES);
}

bool is_whole(const mortise_kv_terms* terms) {
  return terms == nullptr || MORTISE_HAS(mortise_kv_terms, terms, ttl_ms);
}

/// There are none where there is no pointer.
mortise_kv_terms terms_of(const mortise_kv_terms* terms) {
  return terms == nullptr ? mortise_kv_terms{sizeof(mortise_kv_terms), 0, 0, 0} : *terms;
}

bool has_version(const mortise_kv_terms& terms) { return (terms.flags & MORTISE_KV_IF_VERSION) != 0; }

Fault check_terms(const mortise_kv_terms& terms) {
  if ((terms.flags & ~MORTISE_KV_IF_VERSION) != 0) {
    return Error{ErrorCode::invalid_argument, "the host does not know these flags; use a newer one"};
  }
  if (terms.version < 0) return Error{ErrorCode::invalid_argument, "no version is below 0"};
  if (terms.version != 0 && !has_version(terms)) {
    return Error{ErrorCode::invalid_argument, "a version is named without the flag MORTISE_KV_IF_VERSION; set it"};
  }
  if (terms.ttl_ms <= MORTISE_KV_MAX_TTL_MS) return std::nullopt;
  return Error{ErrorCode::out_of_range, "the time to live is longer than MORTISE_KV_MAX_TTL_MS"};
}

Fault check_terms_of_remove(const mortise_kv_terms& terms) {
  if (auto fault = check_terms(terms)) return fault;
  if (terms.ttl_ms != 0) return Error{ErrorCode::invalid_argument, "what is removed has no time to live; leave it 0"};
  if (!has_version(terms) || terms.version != 0) return std::nullopt;
  return Error{ErrorCode::invalid_argument, "version 0 is that of what is not there, and cannot be removed"};
}

bool is_whole(const mortise_kv_entries* entries) {
  return entries != nullptr && MORTISE_HAS(mortise_kv_entries, entries, entry) && entries->entry != nullptr;
}

/// Passes rows on as entries, and counts them.
class EntryTaker {
 public:
  explicit EntryTaker(const mortise_kv_entries& entries) noexcept : entries_(entries) {}

  mortise_sql_rows rows() noexcept { return {sizeof(mortise_sql_rows), 0, this, &take}; }
  [[nodiscard]] bool has_taken() const noexcept { return has_taken_; }

 private:
  /// In the order of Statements::scan.
  static mortise_status take(void* self, const mortise_sql_value* values, std::uint32_t /*count*/) {
    auto& taker = *static_cast<EntryTaker*>(self);
    taker.has_taken_ = true;
    const mortise_kv_entry entry{.struct_size = sizeof(mortise_kv_entry),
                                 .reserved = 0,
                                 .key = values[0].bytes,
                                 .value = values[1].bytes,
                                 .version = values[2].integer,
                                 .expires_at = values[3].integer};  // 0 where it is NULL
    return taker.entries_.entry(taker.entries_.self, &entry);
  }

  const mortise_kv_entries& entries_;
  bool has_taken_ = false;
};

/// The first key after all that begin with `prefix`.
std::string end_of(std::string_view prefix) {
  constexpr auto kLast = '\xff';
  const auto last = prefix.find_last_not_of(kLast);
  if (last == std::string_view::npos) return std::string(MORTISE_KV_MAX_KEY_BYTES + 1, kLast);  // none is as long
  std::string end(prefix.substr(0, last + 1));
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1U);
  return end;
}

/// The first key that begins with `prefix` and comes after `after`.
std::string begin_of(std::string_view prefix, std::string_view after) {
  if (after < prefix) return std::string(prefix);  // char_traits compare as bytes do
  return std::string(after) + '\0';
}

}  // namespace

mortise_status open(const mortise_sql_v1& sql, mortise_host* host, mortise_kv_store** store, mortise_error* error) {
  if (store == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    if (!runtime::Generation::from(host).spec().manifest->names_interface(MORTISE_KV_V1)) {
      return to_abi(Error{ErrorCode::failed_precondition,
                          "the plugin has no store: name \"mortise.kv/1\" in the manifest's \"interfaces\""},
                    error);
    }
    mortise_sql_database* database = nullptr;
    const auto opened = sql.open(host, &database, error);
    if (opened == MORTISE_OK) *store = reinterpret_cast<mortise_kv_store*>(database);
    return opened;
  });
}

mortise_status get(const Store& store, mortise_bytes key, const mortise_kv_entries* entries, mortise_error* error) {
  if (store.handle == nullptr || !is_whole(entries)) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    if (const auto fault = check_key(key)) return to_abi(*fault, error);
    EntryTaker taker(*entries);
    const auto rows = taker.rows();
    const std::array parameters{blob(key)};
    const auto status = run(store, statements().get, parameters, &rows, nullptr, error);
    if (status != MORTISE_OK || taker.has_taken()) return status;
    return to_abi(Error{ErrorCode::not_found, "there is nothing under the key"}, error);
  });
}

mortise_status put(const Store& store, mortise_bytes key, mortise_bytes value, const mortise_kv_terms* terms,
                   std::int64_t* version, mortise_error* error) {
  if (store.handle == nullptr || !is_whole(terms)) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto wanted = terms_of(terms);
    if (const auto fault = check_key(key)) return to_abi(*fault, error);
    if (const auto fault = check_bytes("the value", value, MORTISE_KV_MAX_VALUE_BYTES)) return to_abi(*fault, error);
    if (const auto fault = check_terms(wanted)) return to_abi(*fault, error);
    const mortise_sql_value nothing{};
    const std::array parameters{blob(key),
                                wanted.ttl_ms == 0 ? nothing : number(static_cast<std::int64_t>(wanted.ttl_ms)),
                                blob(value), number(wanted.version)};
    const bool names_one = wanted.version != 0;
    const auto& text = names_one             ? statements().put_if_version
                       : has_version(wanted) ? statements().put_if_absent
                                             : statements().put;
    mortise_sql_outcome outcome{sizeof(mortise_sql_outcome), 0, 0, 0};
    const auto status = run(store, text, std::span(parameters).first(names_one ? 4 : 3), nullptr, &outcome, error);
    if (status != MORTISE_OK) return status;
    if (version != nullptr) *version = outcome.last_row_id;
    if (outcome.last_row_id != 0) return status;
    return to_abi(Error{ErrorCode::aborted, "the key does not have the value of that version"}, error);
  });
}

mortise_status remove(const Store& store, mortise_bytes key, const mortise_kv_terms* terms, mortise_error* error) {
  if (store.handle == nullptr || !is_whole(terms)) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto wanted = terms_of(terms);
    if (const auto fault = check_key(key)) return to_abi(*fault, error);
    if (const auto fault = check_terms_of_remove(wanted)) return to_abi(*fault, error);
    const bool names_one = has_version(wanted);
    const std::array parameters{blob(key), number(wanted.version)};
    const auto& text = names_one ? statements().remove_version : statements().remove;
    mortise_sql_outcome outcome{sizeof(mortise_sql_outcome), 0, 0, 0};
    const auto status = run(store, text, std::span(parameters).first(names_one ? 2 : 1), nullptr, &outcome, error);
    if (status != MORTISE_OK || outcome.changed_rows != 0) return status;
    return to_abi(Error{ErrorCode::not_found, "there is nothing under the key, or not in that version"}, error);
  });
}

mortise_status scan(const Store& store, mortise_bytes prefix, mortise_bytes after, std::uint32_t limit,
                    const mortise_kv_entries* entries, mortise_error* error) {
  if (store.handle == nullptr || !is_whole(entries)) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    if (limit == 0)
      return to_abi(Error{ErrorCode::invalid_argument, "the limit is 0; ask for an entry at least"}, error);
    if (const auto fault = check_bytes("the prefix", prefix, MORTISE_KV_MAX_KEY_BYTES)) return to_abi(*fault, error);
    if (const auto fault = check_bytes("the key to begin after", after, MORTISE_KV_MAX_KEY_BYTES)) {
      return to_abi(*fault, error);
    }
    const auto begin = begin_of(to_view(prefix), to_view(after));
    const auto end = end_of(to_view(prefix));
    EntryTaker taker(*entries);
    const auto rows = taker.rows();
    const std::array parameters{blob(begin), blob(end), number(limit)};
    return run(store, statements().scan, parameters, &rows, nullptr, error);
  });
}

}  // namespace mortise::kv
