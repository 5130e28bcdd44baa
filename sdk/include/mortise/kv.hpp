// The plugin's keys and values, in its database.
//
//   mortise::Kv kv = ctx.kv();
//   kv.put("session/" + id, user, {.time_to_live = 30min});
//   if (const auto user = kv.get("session/" + id)) greet(*user);
//
//   sql.transaction([&](mortise::SqlTransaction& tx) {
//     tx.execute("INSERT INTO orders (item) VALUES (?)", item);
//     kv.in(tx).remove("cart/" + id);
//   });
#pragma once

#include <mortise/abi/kv.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/error.hpp>
#include <mortise/json.hpp>
#include <mortise/sql.hpp>
#include <mortise/text.hpp>

namespace mortise {

/// What is kept under a key. since 1.1
struct KvEntry {
  std::string key;
  std::string value;
  std::int64_t version = 0;  // at least 1; none that was committed comes again
  std::optional<std::chrono::sys_time<std::chrono::milliseconds>> expires_at{};
};

/// How a value is put. since 1.1
struct KvTerms {
  static constexpr auto kForever = std::chrono::milliseconds::max();

  /// How long it is there, by the wall clock: at least 1 ms, at most MORTISE_KV_MAX_TTL_MS; kForever: until it is
  /// removed.
  std::chrono::milliseconds time_to_live = kForever;
};

namespace detail {

/// Takes entries from the host; keeps what a use of one has thrown until the call has returned.
template <class Use>
class KvSink {
 public:
  explicit KvSink(Use& use) noexcept : use_(use) {}

  mortise_kv_entries table() noexcept { return {sizeof(mortise_kv_entries), 0, this, &take}; }
  /// That, if there is any.
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  static mortise_status take(void* self, const mortise_kv_entry* entry) {
    auto& sink = *static_cast<KvSink*>(self);
    try {
      sink.use_(*entry);
      return MORTISE_OK;
    } catch (...) {
      sink.thrown_ = std::current_exception();
      return MORTISE_ABORTED;
    }
  }

  Use& use_;
  std::exception_ptr thrown_;
};

inline KvEntry to_entry(const mortise_kv_entry& entry) {
  KvEntry copy{std::string(view(entry.key)), std::string(view(entry.value)), entry.version};
  if (entry.expires_at != 0) copy.expires_at.emplace(std::chrono::milliseconds(entry.expires_at));
  return copy;
}

}  // namespace detail

/// The store: Context::kv(). A value; copies stand for the same. Keys (1 to 1024 bytes) and values are any bytes. All
/// throw mortise::Error, as statements of Sql do; what fails has changed nothing. since 1.1 [any-thread]
class Kv {
 public:
  /// For Context.
  Kv(const mortise_kv_v1& table, mortise_kv_store* store) noexcept : table_(&table), store_(store) {}

  /// The same store, where all is done in that transaction; as long as that lasts, and on its thread.
  [[nodiscard]] Kv in(const SqlTransaction& transaction) const noexcept {
    Kv inside = *this;
    inside.transaction_ = transaction.handle();
    return inside;
  }

  /// std::nullopt: nothing is kept under the key.
  [[nodiscard]] std::optional<std::string> get(std::string_view key) const {
    std::optional<std::string> value;
    find(key, [&value](const mortise_kv_entry& entry) { value.emplace(detail::view(entry.value)); });
    return value;
  }
  /// The same with its version and its end.
  [[nodiscard]] std::optional<KvEntry> get_entry(std::string_view key) const {
    std::optional<KvEntry> found;
    find(key, [&found](const mortise_kv_entry& entry) { found.emplace(detail::to_entry(entry)); });
    return found;
  }
  /// What put_json() has put; `internal` when it is no JSON, or nested deeper than 256 levels.
  [[nodiscard]] std::optional<nlohmann::json> get_json(std::string_view key) const {
    const auto text = get(key);
    if (!text) return std::nullopt;
    return detail::parse_json(*text, value_of(key), Status::internal);
  }

  /// Keeps the value under the key, whatever was there before; returns its version.
  std::int64_t put(std::string_view key, std::string_view value, const KvTerms& terms = {}) const {
    const auto wanted = to_terms(terms);
    std::int64_t version = 0;
    detail::Message message;
    detail::check(put_on(wanted, key, value, version, message), message);
    return version;
  }
  /// `invalid_argument` where texts in it are not UTF-8, or it is nested deeper than 256 levels.
  std::int64_t put_json(std::string_view key, const nlohmann::json& value, const KvTerms& terms = {}) const {
    return put(key, detail::print_json(value, value_of(key)), terms);
  }
  /// The same only if the value that is there has the version `expected`, or, for 0, none is there; std::nullopt:
  /// another one is, and nothing has changed.
  [[nodiscard]] std::optional<std::int64_t> compare_and_set(std::string_view key, std::int64_t expected,
                                                            std::string_view value, const KvTerms& terms = {}) const {
    auto wanted = to_terms(terms);
    wanted.flags = MORTISE_KV_IF_VERSION;
    wanted.version = expected;
    std::int64_t version = -1;
    detail::Message message;
    const auto status = put_on(wanted, key, value, version, message);
    if (status == MORTISE_ABORTED && version == 0) return std::nullopt;
    detail::check(status, message);
    return version;
  }

  /// False: it was not there.
  bool remove(std::string_view key) const { return remove_on(nullptr, key); }
  /// The same only if the value that is there has the version `expected`; false: it does not, and nothing has changed.
  [[nodiscard]] bool compare_and_remove(std::string_view key, std::int64_t expected) const {
    const mortise_kv_terms wanted{sizeof(mortise_kv_terms), MORTISE_KV_IF_VERSION, expected, 0};
    return remove_on(&wanted, key);
  }

  /// The first of those whose keys begin with `prefix` and come after `after`, in the order of their bytes: at most
  /// `limit`, and fewer where more would take more than MORTISE_KV_MAX_SCAN_BYTES. For the next ones `after` is the
  /// last key; none: there are no more.
  [[nodiscard]] std::vector<KvEntry> scan(std::string_view prefix, std::uint32_t limit,
                                          std::string_view after = {}) const {
    std::vector<KvEntry> found;
    const auto keep = [&found](const mortise_kv_entry& entry) { found.push_back(detail::to_entry(entry)); };
    detail::KvSink sink(keep);
    const auto entries = sink.table();
    detail::Message message;
    const auto status = table_->scan(store_, transaction_, detail::borrow_bytes(prefix), detail::borrow_bytes(after),
                                     limit, &entries, message.out());
    sink.rethrow();
    detail::check(status, message);
    return found;
  }

 private:
  static std::string value_of(std::string_view key) { return "the value of '" + std::string(key) + "'"; }
  static mortise_kv_terms to_terms(const KvTerms& terms) {
    if (terms.time_to_live == KvTerms::kForever) return {sizeof(mortise_kv_terms), 0, 0, 0};
    const auto ms = terms.time_to_live.count();
    if (ms <= 0) throw Error(Status::invalid_argument, "a time to live is at least 1 ms");
    return {sizeof(mortise_kv_terms), 0, 0, static_cast<std::uint64_t>(ms)};
  }
  mortise_status put_on(const mortise_kv_terms& terms, std::string_view key, std::string_view value,
                        std::int64_t& version, detail::Message& message) const {
    return table_->put(store_, transaction_, detail::borrow_bytes(key), detail::borrow_bytes(value), &terms, &version,
                       message.out());
  }
  bool remove_on(const mortise_kv_terms* terms, std::string_view key) const {
    detail::Message message;
    const auto status = table_->remove(store_, transaction_, detail::borrow_bytes(key), terms, message.out());
    if (status == MORTISE_NOT_FOUND) return false;
    detail::check(status, message);
    return true;
  }
  template <class Use>
  void find(std::string_view key, const Use& use) const {
    detail::KvSink sink(use);
    const auto entries = sink.table();
    detail::Message message;
    const auto status = table_->get(store_, transaction_, detail::borrow_bytes(key), &entries, message.out());
    sink.rethrow();
    if (status != MORTISE_NOT_FOUND) detail::check(status, message);
  }

  const mortise_kv_v1* table_;
  mortise_kv_store* store_;
  mortise_sql_transaction* transaction_ = nullptr;  // null: each call by itself
};

}  // namespace mortise
