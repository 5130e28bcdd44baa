// The tasks of a plugin in a process of its own, as it adds and cancels them, and a host that says what a test has it
// say.
#include "isolation/remote_tasks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "isolation/both_sides.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::isolation {
namespace {

using ::testing::HasSubstr;

class RemoteTasksTest : public testing::BothSidesTest {
 protected:
  RemoteTasksTest() : BothSidesTest(nullptr) {}

  static runtime::GenerationPtr make_worker() {
    manifest::Manifest manifest;
    manifest.name = "works";
    manifest.interfaces = {MORTISE_TASKS_V1};
    runtime::GenerationSpec spec;
    spec.manifest = std::make_shared<const manifest::Manifest>(std::move(manifest));
    return std::make_shared<runtime::Generation>(1, std::move(spec), std::span<runtime::Service* const>());
  }
  base::Result<void> add(std::uint64_t tag, const std::string& name = "", std::uint64_t every_ms = 0) {
    const mortise_task_v1 task{.struct_size = sizeof task,
                               .reserved = 0,
                               .tag = tag,
                               .name = runtime::to_abi(name),
                               .delay_ms = 0,
                               .every_ms = every_ms,
                               .cron = {},
                               .time_zone = {},
                               .self = nullptr,
                               .run = [](void*, std::uint64_t, mortise_error*) { return MORTISE_OK; }};
    return tasks_->add(*worker_, task);
  }
  mortise_status add_task(const mortise_task_v1&) override { return answer_; }

  std::atomic<mortise_status> answer_{MORTISE_OK};  // before anybody asks
  const runtime::GenerationPtr worker_ = make_worker();
  const std::unique_ptr<RemoteTasks> tasks_ = std::make_unique<RemoteTasks>(*link_);
};

TEST_F(RemoteTasksTest, WhatTheHostHasIsThereUntilItIsCancelled) {
  EXPECT_TRUE(add(1));
  EXPECT_TRUE(tasks_->cancel(1));
  EXPECT_FALSE(tasks_->cancel(1));
}

TEST_F(RemoteTasksTest, WhatTheHostRefusesFailsAndIsNotKept) {
  answer_ = MORTISE_RESOURCE_EXHAUSTED;
  const auto many = add(1, "sweep", 1000);
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code, base::ErrorCode::resource_exhausted);
  EXPECT_THAT(many.error().message, HasSubstr("one too many"));
  answer_ = MORTISE_CANCELLED;
  const auto late = add(1, "sweep", 1000);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, base::ErrorCode::cancelled);
  EXPECT_THAT(late.error().message, HasSubstr("the plugin's instance ends"));
  EXPECT_FALSE(tasks_->cancel(1));
  answer_ = MORTISE_OK;
  EXPECT_TRUE(add(1, "sweep", 1000)) << "tag and name are free";
}

TEST_F(RemoteTasksTest, ANameThatAnotherWorkerHasIsNoFailureAndNotThisOnesToCancel) {
  answer_ = MORTISE_ALREADY_EXISTS;
  EXPECT_TRUE(add(1, "sweep", 1000));
  EXPECT_FALSE(add(2, "sweep", 1000)) << "it is there already";
  const auto cancelled = tasks_->cancel(1);
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, base::ErrorCode::not_found);
  EXPECT_TRUE(add(2, "sweep", 1000)) << "tag and name are free";
}

}  // namespace
}  // namespace mortise::isolation
