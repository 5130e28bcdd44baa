// What SQLite takes by itself for the statements of the benchmark's plugin, on a database that a host has made:
// prepared once, with the same settings. raw_sqlite FILE select|insert BATCHES CALLS prints the nanoseconds of one.
#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../batches.hpp"
#include "rows.hpp"

namespace {

sqlite3* connection = nullptr;

void check(int result, int expected = SQLITE_OK) {
  if (result == expected) return;
  std::fprintf(stderr, "raw_sqlite: %s\n", sqlite3_errmsg(connection));
  std::exit(1);
}

sqlite3_stmt* prepare(const char* text) {
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v3(connection, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
  return statement;
}

double select(std::size_t batches, std::size_t calls) {
  auto* const statement = prepare("SELECT name, amount FROM item WHERE id = ?");
  bench::Ids ids;
  std::int64_t sum = 0;
  const auto ns = bench::median_ns(batches, calls, [&] {
    check(sqlite3_bind_int64(statement, 1, ids.next()));
    check(sqlite3_step(statement), SQLITE_ROW);
    const std::string name(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)),
                           static_cast<std::size_t>(sqlite3_column_bytes(statement, 0)));
    sum += sqlite3_column_int64(statement, 1) + static_cast<std::int64_t>(name.size());
    check(sqlite3_step(statement), SQLITE_DONE);
    check(sqlite3_reset(statement));
  });
  if (sum == 0) std::exit(1);
  return ns;
}

double insert(std::size_t batches, std::size_t calls) {
  auto* const statement = prepare("INSERT INTO item (name, amount) VALUES (?, ?)");
  return bench::median_ns(batches, calls, [&] {
    check(sqlite3_bind_text(statement, 1, bench::kName.data(), static_cast<int>(bench::kName.size()), SQLITE_STATIC));
    check(sqlite3_bind_int64(statement, 2, sqlite3_last_insert_rowid(connection)));
    check(sqlite3_step(statement), SQLITE_DONE);
    check(sqlite3_reset(statement));
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  check(sqlite3_open(argv[1], &connection));
  check(sqlite3_exec(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON", nullptr,
                     nullptr, nullptr));
  const auto batches = std::strtoull(argv[3], nullptr, 10);
  const auto calls = std::strtoull(argv[4], nullptr, 10);
  const bool reads = std::string_view(argv[2]) == "select";
  std::printf("%f\n", reads ? select(batches, calls) : insert(batches, calls));
  return 0;
}
