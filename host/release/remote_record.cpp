#include "release/remote_record.hpp"

#include <memory>
#include <utility>

namespace mortise::release {

catalog::RecordPtr to_remote(const catalog::Record& record) {
  auto manifest = std::make_shared<manifest::Manifest>(*record.manifest);
  manifest->interfaces = {"mortise.contracts/1"};
  manifest->requires_.clear();
  manifest->publishes.clear();
  manifest->durable_tasks.clear();
  manifest->migrations.clear();
  auto remote = std::make_shared<catalog::Record>(record);
  remote->manifest = std::move(manifest);
  return remote;
}

catalog::RecordPtr RemoteRecords::of(const catalog::RecordPtr& record) {
  auto& pair = pairs_[record->manifest->name];
  if (pair.original != record) pair = {.original = record, .remote = to_remote(*record)};
  return pair.remote;
}

}  // namespace mortise::release
