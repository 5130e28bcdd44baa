#include "tasks/handlers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mortise::tasks {
namespace {

using base::ErrorCode;
using ::testing::HasSubstr;

class HandlersTest : public ::testing::Test {
 protected:
  HandlersTest() {
    manifest::Manifest manifest;
    manifest.name = "works";
    manifest.version = manifest::Version::parse("1.0.0").value();
    manifest.durable_tasks = {"one", "two"};
    runtime::GenerationSpec spec;
    spec.manifest = std::make_shared<const manifest::Manifest>(std::move(manifest));
    generation_.emplace(1, std::move(spec), std::span<runtime::Service*>());
  }
  base::Result<void> add(const std::string& name) {
    const mortise_task_handler_v1 handler{
        .struct_size = sizeof handler,
        .reserved = 0,
        .name = {name.data(), name.size()},
        .self = this,
        .run = [](void*, const mortise_durable_task_v1*, mortise_error*) { return mortise_status{MORTISE_OK}; }};
    return handlers_.add(*generation_, handler);
  }

  std::optional<runtime::Generation> generation_;
  Handlers handlers_;
};

TEST_F(HandlersTest, AreThoseThatTheManifestNames) {
  EXPECT_TRUE(add("one"));
  const auto incomplete = handlers_.check_complete(*generation_);
  ASSERT_FALSE(incomplete);
  EXPECT_THAT(incomplete.error().message, HasSubstr("'two'"));
  EXPECT_TRUE(add("two"));
  EXPECT_TRUE(handlers_.check_complete(*generation_));
  EXPECT_EQ(handlers_.find(*generation_).size(), 2U);
  const auto other = add("three");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::failed_precondition);
  EXPECT_THAT(other.error().message, HasSubstr("name it in \"durable_tasks\""));
  const auto again = add("one");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::already_exists);
  handlers_.forget(*generation_);
  EXPECT_TRUE(handlers_.find(*generation_).empty());
}

TEST_F(HandlersTest, AreWhole) {
  mortise_task_handler_v1 handler{};
  handler.struct_size = sizeof handler;
  EXPECT_EQ(handlers_.add(*generation_, handler).error().code, ErrorCode::invalid_argument);
  handler.struct_size = 8;
  EXPECT_EQ(handlers_.add(*generation_, handler).error().code, ErrorCode::invalid_argument);
}

TEST_F(HandlersTest, AreRegisteredDuringInitOnly) {
  ASSERT_TRUE(generation_->give_up());
  const auto late = add("one");
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().message, HasSubstr("during init only"));
}

}  // namespace
}  // namespace mortise::tasks
