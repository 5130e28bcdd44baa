// A queue over a real file, with handlers that do what a test says, and a clock on the wall that it puts forward and
// back.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/temporary_directory.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"
#include "sql/migrations.hpp"
#include "tasks/task_queue.hpp"

namespace mortise::tasks {

inline constexpr std::chrono::seconds kPatience{60};

/// How a test submits.
struct Terms {
  std::string handler = "work";
  std::string name{};
  std::int64_t after_ms = 0;
};

class QueueTest : public ::testing::Test {
 protected:
  struct Ran {
    std::string handler;
    std::string payload;
    std::int64_t id = 0;
    std::uint32_t attempt = 0;
  };
  /// What it returns, with no lock held.
  using Handle = std::function<mortise_status(const Ran&)>;

  QueueTest() { open(); }
  ~QueueTest() override { close(); }

  void open() {
    auto opened = sql::Database::open(directory_.path() / "works.sqlite");
    if (!opened) throw std::runtime_error(opened.error().message);
    database_ = *opened;
    if (!sql::migrate(*database_, manifest())) throw std::runtime_error("no tables");
    queue_ = TaskQueue::make("works", database_, means_);
  }
  /// As a process that ends when nothing is under way.
  void close() {
    settle();
    queue_.reset();
    database_.reset();
  }
  void settle() {
    queue_->set_owner(false);
    EXPECT_TRUE(queue_->settle(std::chrono::steady_clock::now() + kPatience, {}));
  }
  static manifest::Manifest manifest() {
    manifest::Manifest manifest;
    manifest.name = "works";
    manifest.version = manifest::Version::parse("1.0.0").value();
    manifest.durable_tasks = {"work", "other"};
    return manifest;
  }
  /// One version of the plugin, as a release has it.
  static runtime::ConePtr make_cone(std::uint64_t number) {
    runtime::GenerationSpec spec;
    spec.manifest = std::make_shared<const manifest::Manifest>(manifest());
    return std::make_shared<runtime::Cone>(runtime::Cone{
        .entry = std::make_shared<runtime::Generation>(number, std::move(spec), std::span<runtime::Service*>()),
        .bindings = std::make_shared<const runtime::BindingTable>(0)});
  }
  HandlerMap handlers(const std::vector<std::string>& names = {"work", "other"}) {
    HandlerMap map;
    for (const auto& name : names) {
      handlers_.push_back(std::make_unique<Named>(Named{*this, name}));
      map.emplace(name, Handler{.self = handlers_.back().get(), .run = &Named::run});
    }
    return map;
  }
  void run() {
    queue_->set_owner(true);
    queue_->run(cone_, handlers());
  }
  void handle_with(Handle handle) {
    const std::lock_guard lock(mutex_);
    handle_ = std::move(handle);
  }

  /// As the plugin does, by the test's clock.
  std::int64_t submit(const std::string& payload, const Terms& terms = {}) {
    const auto transaction = *database_->begin(sql::Database::Access::write, sql::Time::max());
    const auto id = submit(*transaction, payload, terms);
    EXPECT_TRUE(transaction->commit());
    return id;
  }
  std::int64_t submit(sql::Database::Transaction& transaction, const std::string& payload, const Terms& terms = {}) {
    const auto now = now_ms();
    const std::vector<mortise_sql_value> parameters{
        sql::text(terms.handler), terms.name.empty() ? mortise_sql_value{} : sql::text(terms.name), sql::number(now),
        sql::number(now + terms.after_ms), sql::blob(payload)};
    mortise_sql_outcome outcome{sizeof outcome, 0, 0, 0};
    const auto done = transaction.run(
        "INSERT OR REPLACE INTO mortise_tasks (handler, name, since_ms, due_ms, payload) VALUES (?, ?, ?, ?, ?)",
        {.parameters = parameters, .outcome = &outcome});
    EXPECT_TRUE(done) << done.error().message;
    return outcome.last_row_id;
  }
  void submit_many(int count, const Terms& terms = {}) {
    const auto transaction = *database_->begin(sql::Database::Access::write, sql::Time::max());
    for (int i = 0; i < count; ++i) submit(*transaction, std::to_string(i), terms);
    EXPECT_TRUE(transaction->commit());
  }
  void withdraw(std::int64_t id) {
    const std::vector<mortise_sql_value> parameters{sql::number(id)};
    EXPECT_TRUE(database_->run("DELETE FROM mortise_tasks WHERE id = ?", {.parameters = parameters}));
  }
  /// On the disk, as a condition has them.
  std::int64_t count(const std::string& where = "1") {
    std::int64_t found = -1;
    const auto reading = *database_->begin(sql::Database::Access::read, sql::Time::max());
    const auto asked = reading->connection().ask("SELECT count(*) FROM mortise_tasks WHERE " + where, {},
                                                 [&](auto columns) { found = std::stoll(std::string(columns[0])); });
    EXPECT_TRUE(asked);
    return found;
  }
  /// All that have succeeded, as soon as that are so many.
  std::vector<Ran> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return ran_.size() >= count; })) << ran_.size();
    return ran_;
  }
  std::vector<std::string> wait_for_payloads(std::size_t count) {
    std::vector<std::string> payloads;
    for (const auto& one : wait_for(count)) payloads.push_back(one.payload);
    return payloads;
  }

  [[nodiscard]] std::int64_t now_ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now().wall.time_since_epoch()).count();
  }
  void turn_clock(std::chrono::hours by) { leap_ += std::chrono::milliseconds(by).count(); }

  const testing::TemporaryDirectory directory_;
  const runtime::ConePtr cone_ = make_cone(1);
  runtime::BlockingPool pool_{8, 1000};
  runtime::BlockingPool desk_{4, 16};
  runtime::Alarm alarm_;
  const QueueMeans means_{.pool = pool_,
                          .desk = desk_,
                          .alarm = alarm_,
                          .rules = {.attempts = 3,
                                    .first_pause = std::chrono::milliseconds(1),
                                    .longest_pause = std::chrono::milliseconds(5)},
                          .now = [this] { return now(); }};
  std::shared_ptr<sql::Database> database_;
  std::shared_ptr<TaskQueue> queue_;

 private:
  struct Named {
    QueueTest& test;
    std::string name;
    static mortise_status run(void* self, const mortise_durable_task_v1* task, mortise_error*) {
      const auto& named = *static_cast<const Named*>(self);
      return named.test.hear({.handler = named.name,
                              .payload = {reinterpret_cast<const char*>(task->payload.data), task->payload.size},
                              .id = task->id,
                              .attempt = task->attempt});
    }
  };

  mortise_status hear(const Ran& ran) {
    EXPECT_NE(runtime::Scope::current(), nullptr);
    Handle handle;
    {
      const std::lock_guard lock(mutex_);
      handle = handle_;
    }
    const auto status = handle ? handle(ran) : mortise_status{MORTISE_OK};
    if (status != MORTISE_OK) return status;
    const std::lock_guard lock(mutex_);
    ran_.push_back(ran);
    changed_.notify_all();
    return status;
  }
  [[nodiscard]] Moment now() const {
    auto moment = Moment::now();
    moment.wall += std::chrono::milliseconds(leap_.load());
    return moment;
  }

  std::atomic<std::int64_t> leap_{0};  // ms, of the clock on the wall
  std::vector<std::unique_ptr<Named>> handlers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Handle handle_;         // guarded by mutex_
  std::vector<Ran> ran_;  // guarded by mutex_
};

}  // namespace mortise::tasks
