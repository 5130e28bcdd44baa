#include "http/route_registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>

#include "make_generation.hpp"
#include "make_route.hpp"
#include "runtime/generation.hpp"

namespace mortise::http {
namespace {

using ::testing::HasSubstr;
using testing::make_generation;
using testing::make_release;
using testing::make_route;

class RouteRegistryTest : public ::testing::Test {
 protected:
  std::string refusal(const mortise_http_route_v1& added) {
    const auto outcome = registry_.add(*generation_, added);
    return outcome ? "was added" : outcome.error().message;
  }
  static runtime::GenerationSet set_of(const std::vector<runtime::GenerationPtr>& generations) {
    return runtime::GenerationSet(std::vector<runtime::GenerationRef>(generations.begin(), generations.end()));
  }
  Match::Kind find(std::span<const runtime::GenerationPtr> generations, std::string_view path) {
    return registry_.build(*make_release(generations))->find("GET", path, params_).kind;
  }

  RouteRegistry registry_;
  runtime::GenerationPtr generation_ = make_generation("p");
  Params params_;
};

TEST_F(RouteRegistryTest, RefusesWhatIsNoRoute) {
  EXPECT_THAT(refusal(make_route("get", "/a")), HasSubstr("route /a: 'get' is no method; write one like \"GET\""));
  EXPECT_THAT(refusal(make_route("", "/a")), HasSubstr("is no method"));
  EXPECT_THAT(refusal(make_route("GET /b", "/a")), HasSubstr("is no method"));
  EXPECT_THAT(refusal(make_route("GET", "a")), HasSubstr("must begin with '/'"));
  auto without_handler = make_route("GET", "/a");
  without_handler.handle = nullptr;
  EXPECT_THAT(refusal(without_handler), HasSubstr("without a handler"));
  auto short_struct = make_route("GET", "/a");
  short_struct.struct_size = 8;
  EXPECT_THAT(refusal(short_struct), HasSubstr("of an unknown layout"));
  auto from_the_future = make_route("GET", "/a");
  from_the_future.flags = 1U << 31;
  EXPECT_THAT(refusal(from_the_future), HasSubstr("a flag of a newer host"));
}

TEST_F(RouteRegistryTest, ReadsOfARouteNoMoreThanItSaysItHas) {
  auto with_deadline = make_route("GET", "/a");
  with_deadline.deadline_ms = 70;
  registry_.add(*generation_, with_deadline).value();
  auto as_of_1_0 = make_route("GET", "/b");
  as_of_1_0.deadline_ms = 70;  // whatever lies behind it
  as_of_1_0.struct_size = offsetof(mortise_http_route_v1, deadline_ms);
  registry_.add(*generation_, as_of_1_0).value();
  const auto table = registry_.build(*make_release({&generation_, 1}));
  EXPECT_EQ(table->find("GET", "/a", params_).route->deadline, std::chrono::milliseconds(70));
  EXPECT_EQ(table->find("GET", "/b", params_).route->deadline, std::chrono::milliseconds(0));
}

TEST_F(RouteRegistryTest, RefusesARouteTwice) {
  EXPECT_EQ(refusal(make_route("GET", "/a/{x}")), "was added");
  EXPECT_EQ(refusal(make_route("PUT", "/a/{x}")), "was added");
  EXPECT_THAT(refusal(make_route("GET", "/a/{y}")),
              HasSubstr("GET /a/{y} is registered already, as /a/{x}; remove one"));
}

TEST_F(RouteRegistryTest, TakesRoutesDuringInitOnly) {
  generation_->give_up();
  const auto outcome = registry_.add(*generation_, make_route("GET", "/a"));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, base::ErrorCode::failed_precondition);
}

TEST_F(RouteRegistryTest, BuildsTheTableOfTheGenerationsAsked) {
  const auto other = make_generation("other", 2);
  registry_.add(*generation_, make_route("GET", "/a")).value();
  registry_.add(*other, make_route("GET", "/b")).value();
  const std::vector both{generation_, other};
  EXPECT_EQ(find(both, "/a"), Match::Kind::found);
  EXPECT_EQ(find(both, "/b"), Match::Kind::found);
  EXPECT_EQ(find({&generation_, 1}, "/b"), Match::Kind::not_found);
}

TEST_F(RouteRegistryTest, NamesTheYoungerOfTwoThatConflict) {
  const auto other = make_generation("other", 2);
  registry_.add(*generation_, make_route("GET", "/a")).value();
  registry_.add(*other, make_route("GET", "/a")).value();
  registry_.add(*other, make_route("GET", "/b")).value();
  const auto conflicts = registry_.conflicts(set_of({generation_, other}));
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts.front().culprit, other);
  EXPECT_TRUE(registry_.conflicts(set_of({generation_})).empty());
}

TEST_F(RouteRegistryTest, ForgetsRoutesAndWhatWasKeptWithThem) {
  auto kept = std::make_shared<int>(1);
  registry_.add(*generation_, make_route("GET", "/a")).value();
  registry_.keep(*generation_, kept);
  EXPECT_EQ(kept.use_count(), 2);
  registry_.forget(*generation_);
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_EQ(find({&generation_, 1}, "/a"), Match::Kind::not_found);
}

}  // namespace
}  // namespace mortise::http
