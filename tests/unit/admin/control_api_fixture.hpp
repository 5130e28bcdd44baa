// The control API without a host: what it asks whom, and what it makes of the answers.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "admin/control_api.hpp"
#include "admin/fake_control.hpp"

namespace mortise::admin {

class ControlApi : public ::testing::Test {
 protected:
  ApiAnswer ask(const std::string& method, const std::string& target, const std::string& body = "") {
    return answer({.method = method, .target = target, .body = body, .who = "ada (uid 7)"},
                  {.releases = control_, .host = host_, .events = events_, .tasks = tasks_});
  }
  /// The answer's detail, which must be a problem of that status.
  std::string refusal(unsigned status, const std::string& method, const std::string& target,
                      const std::string& body = "") {
    const auto made = ask(method, target, body);
    EXPECT_EQ(made.status, status) << made.body;
    EXPECT_EQ(made.content_type, "application/problem+json");
    const auto problem = nlohmann::json::parse(made.body);
    EXPECT_EQ(problem["status"], status);
    EXPECT_EQ(problem["type"], "about:blank");
    EXPECT_NE(problem["title"], "");
    return problem["detail"];
  }

  FakeControl control_;
  FakeHost host_;
  FakeEvents events_;
  FakeTasks tasks_;
};

}  // namespace mortise::admin
