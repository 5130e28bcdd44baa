#include "storage/sqlite.hpp"

#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/SQLite/SQLiteException.h>
#include <Poco/Data/SQLite/Utility.h>

#include <system_error>

namespace mortise::storage {
namespace {

constexpr std::size_t kBusySeconds = 2;

}  // namespace

Poco::Data::Session open_sqlite(const std::filesystem::path& file) {
  Poco::Data::SQLite::Connector::registerConnector();
  return {"SQLite", file.string(), kBusySeconds};
}

Poco::Data::Session copy_to_memory(const std::filesystem::path& file) {
  auto memory = open_sqlite(":memory:");
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return memory;
  if (!Poco::Data::SQLite::Utility::fileToMemory(memory, file.string())) {
    throw Poco::Data::SQLite::IOErrorException("cannot read '" + file.string() + "'");
  }
  return memory;
}

Transaction::Transaction(Poco::Data::Session& session) : session_(session) {
  session_ << "BEGIN", Poco::Data::Keywords::now;
}

Transaction::~Transaction() {
  if (!is_open_) return;
  try {
    session_ << "ROLLBACK", Poco::Data::Keywords::now;
  } catch (const Poco::Exception&) {  // NOLINT(bugprone-empty-catch): SQLite has rolled it back by itself
  }
}

void Transaction::commit() {
  session_ << "COMMIT", Poco::Data::Keywords::now;
  is_open_ = false;
}

base::Result<std::filesystem::path> move_aside(const std::filesystem::path& file, base::Files& files) {
  for (unsigned i = 1;; ++i) {
    std::filesystem::path name = file.string() + ".corrupt-" + std::to_string(i);
    std::error_code ignored;
    if (std::filesystem::exists(std::filesystem::symlink_status(name, ignored))) continue;
    if (const auto moved = files.rename(file, name); !moved) return moved.error();
    return name;
  }
}

base::Error to_error(const Poco::Exception& exception) {
  namespace sqlite = Poco::Data::SQLite;
  const bool is_passing = dynamic_cast<const sqlite::DBLockedException*>(&exception) != nullptr ||
                          dynamic_cast<const sqlite::TableLockedException*>(&exception) != nullptr ||
                          dynamic_cast<const sqlite::ReadOnlyException*>(&exception) != nullptr ||
                          dynamic_cast<const sqlite::IOErrorException*>(&exception) != nullptr ||
                          dynamic_cast<const sqlite::DatabaseFullException*>(&exception) != nullptr ||
                          dynamic_cast<const sqlite::CantOpenDBFileException*>(&exception) != nullptr ||
                          dynamic_cast<const sqlite::NoMemoryException*>(&exception) != nullptr ||
                          dynamic_cast<const Poco::Data::ConnectionFailedException*>(&exception) != nullptr;
  return {is_passing ? base::ErrorCode::unavailable : base::ErrorCode::data_loss, exception.displayText()};
}

}  // namespace mortise::storage
