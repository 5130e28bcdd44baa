// What SQLite takes by itself to commit the rows of an outbox in batches: a statement that is prepared once, with the
// host's settings, on a database with the tables of a host's. raw_outbox HOSTS_FILE OWN_FILE COUNT BATCH prints the
// nanoseconds of one row.
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kTopic = "bench.kept/1";
// As large as what the benchmark's plugin publishes.
constexpr std::string_view kEvent = "\x01 number an event that was not there before";

sqlite3* connection = nullptr;

void check(int result, int expected = SQLITE_OK) {
  if (result == expected) return;
  std::fprintf(stderr, "raw_outbox: %s\n", sqlite3_errmsg(connection));
  std::exit(1);
}

void run(const std::string& script) { check(sqlite3_exec(connection, script.c_str(), nullptr, nullptr, nullptr)); }

sqlite3_stmt* prepare(const char* text) {
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v3(connection, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
  return statement;
}

/// Of the outbox in the host's file.
std::vector<std::string> read_schema(const char* file) {
  check(sqlite3_open_v2(file, &connection, SQLITE_OPEN_READONLY, nullptr));
  auto* const statement =
      prepare("SELECT sql FROM sqlite_schema WHERE tbl_name = 'mortise_outbox' AND sql IS NOT NULL");
  std::vector<std::string> schema;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    schema.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)));
  }
  sqlite3_finalize(statement);
  sqlite3_close(connection);
  return schema;
}

double commit(std::int64_t count, std::int64_t batch) {
  auto* const begin = prepare("BEGIN IMMEDIATE");
  auto* const commit = prepare("COMMIT");
  auto* const insert =
      prepare("INSERT INTO mortise_outbox (topic, form, key, published_ms, event) VALUES (?1, ?2, x'', ?3, ?4)");
  const auto step = [](sqlite3_stmt* statement) {
    check(sqlite3_step(statement), SQLITE_DONE);
    check(sqlite3_reset(statement));
  };
  const auto begun = std::chrono::steady_clock::now();
  for (std::int64_t done = 0; done < count; done += batch) {
    step(begin);
    for (std::int64_t i = 0; i < batch; ++i) {
      check(sqlite3_bind_text(insert, 1, kTopic.data(), static_cast<int>(kTopic.size()), SQLITE_STATIC));
      check(sqlite3_bind_int64(insert, 2, INT64_MAX));
      check(sqlite3_bind_int64(insert, 3, done + i));
      check(sqlite3_bind_blob(insert, 4, kEvent.data(), static_cast<int>(kEvent.size()), SQLITE_STATIC));
      step(insert);
    }
    step(commit);
  }
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begun).count() /
         static_cast<double>(count);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const auto schema = read_schema(argv[1]);
  check(sqlite3_open(argv[2], &connection));
  run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON");
  for (const auto& one : schema) run(one);
  std::printf("%f\n", commit(std::strtoll(argv[3], nullptr, 10), std::strtoll(argv[4], nullptr, 10)));
  return 0;
}
