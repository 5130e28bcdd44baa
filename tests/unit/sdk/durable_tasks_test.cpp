#include <gtest/gtest.h>

#include <chrono>
#include <mortise/mortise.hpp>
#include <string>
#include <vector>

#include "fake_host.hpp"

namespace mortise {
namespace {

using namespace std::chrono_literals;

/// A host that keeps what it is given, and whose database has no rows but says how many it would have changed.
class DurableTasksTest : public ::testing::Test {
 protected:
  struct Statement {
    std::string text;
    std::vector<std::string> parameters;
    bool is_in_transaction = false;
  };

  DurableTasksTest() {
    current_ = this;
    tasks_.handle = [](mortise_host*, const mortise_task_handler_v1* handler, mortise_error*) {
      current_->handler_ = *handler;
      current_->handler_name_ = detail::view(handler->name);
      return mortise_status{MORTISE_OK};
    };
    sql_.open = [](mortise_host*, mortise_sql_database** database, mortise_error*) {
      *database = reinterpret_cast<mortise_sql_database*>(current_);
      return mortise_status{MORTISE_OK};
    };
    sql_.run = [](mortise_sql_database*, mortise_sql_transaction* transaction, mortise_str text,
                  const mortise_sql_value* values, std::uint32_t count, const mortise_sql_rows*,
                  mortise_sql_outcome* outcome, mortise_error*) {
      auto& statement = current_->statements_.emplace_back();
      statement.text = detail::view(text);
      statement.is_in_transaction = transaction != nullptr;
      for (std::uint32_t i = 0; i < count; ++i) {
        statement.parameters.push_back(values[i].type == MORTISE_SQL_NULL ? "NULL"
                                       : values[i].type == MORTISE_SQL_INTEGER
                                           ? std::to_string(values[i].integer)
                                           : std::string(detail::view(values[i].bytes)));
      }
      outcome->changed_rows = current_->changed_rows_;
      outcome->last_row_id = 17;
      return mortise_status{MORTISE_OK};
    };
    sql_.begin = [](mortise_sql_database*, std::uint32_t, mortise_sql_transaction** transaction, mortise_error*) {
      *transaction = reinterpret_cast<mortise_sql_transaction*>(current_);
      return mortise_status{MORTISE_OK};
    };
    sql_.commit = [](mortise_sql_transaction*, mortise_error*) {
      ++current_->commits_;
      return mortise_status{MORTISE_OK};
    };
    sql_.roll_back = [](mortise_sql_transaction*) { ++current_->roll_backs_; };
    host_.interfaces[MORTISE_TASKS_V1] = &tasks_;
    host_.interfaces[MORTISE_SQL_V1] = &sql_;
  }

  mortise_status run(const std::string& payload) {
    const mortise_durable_task_v1 task{sizeof task, 2, 41, 1000, detail::borrow_bytes(payload)};
    return handler_.run(handler_.self, &task, nullptr);
  }

  inline static DurableTasksTest* current_ = nullptr;
  sdk_testing::FakeHost host_;
  mortise_tasks_v1 tasks_{sizeof(mortise_tasks_v1), 0, nullptr, nullptr, nullptr};
  mortise_sql_v1 sql_{sizeof(mortise_sql_v1), 0, nullptr, nullptr, nullptr, nullptr, nullptr};
  mortise_task_handler_v1 handler_{};
  std::string handler_name_;
  std::vector<Statement> statements_;
  std::int64_t changed_rows_ = 1;
  int commits_ = 0;
  int roll_backs_ = 0;
  Context context_{host_.table()};
};

TEST_F(DurableTasksTest, AHandlerHearsWhatItHasAskedFor) {
  std::string heard;
  context_.tasks().handle("work", [&](std::string_view payload) { heard = payload; });
  EXPECT_EQ(handler_name_, "work");
  EXPECT_EQ(run("one"), MORTISE_OK);
  EXPECT_EQ(heard, "one");
  TaskInfo told;
  context_.tasks().handle("more", [&](std::string_view, const TaskInfo& info) { told = info; });
  EXPECT_EQ(run("two"), MORTISE_OK);
  EXPECT_EQ(told.id, 41);
  EXPECT_EQ(told.attempt, 2U);
  EXPECT_EQ(told.due.time_since_epoch(), 1s);
  EXPECT_TRUE(statements_.empty());
}

TEST_F(DurableTasksTest, WhatItThrowsIsItsStatus) {
  context_.tasks().handle("work", [](std::string_view) { throw Error(Status::unavailable, "not now"); });
  EXPECT_EQ(run("one"), MORTISE_UNAVAILABLE);
}

TEST_F(DurableTasksTest, InATransactionTheRowGoesWithTheWork) {
  std::string heard;
  context_.tasks().handle("work", [&](SqlTransaction& tx, std::string_view payload, const TaskInfo&) {
    tx.execute("INSERT INTO done (what) VALUES (?)", payload);
    heard = payload;
  });
  EXPECT_EQ(run("one"), MORTISE_OK);
  EXPECT_EQ(heard, "one");
  ASSERT_EQ(statements_.size(), 2U);
  EXPECT_EQ(statements_[0].text, "DELETE FROM mortise_tasks WHERE id = ?");
  EXPECT_EQ(statements_[0].parameters, std::vector<std::string>{"41"});
  EXPECT_TRUE(statements_[0].is_in_transaction);
  EXPECT_EQ(commits_, 1);
}

TEST_F(DurableTasksTest, WhatWasDoneIsNotDoneAgain) {
  context_.tasks().handle("work", [](SqlTransaction&, std::string_view) { ADD_FAILURE(); });
  changed_rows_ = 0;
  EXPECT_EQ(run("one"), MORTISE_OK);
}

TEST_F(DurableTasksTest, WhatFailsInATransactionIsRolledBack) {
  context_.tasks().handle("work", [](SqlTransaction&, std::string_view) { throw Error(Status::aborted, "no"); });
  EXPECT_EQ(run("one"), MORTISE_ABORTED);
  EXPECT_EQ(commits_, 0);
  EXPECT_EQ(roll_backs_, 1);
}

TEST_F(DurableTasksTest, SubmittingAndWithdrawingAreStatements) {
  auto& tasks = context_.tasks();
  EXPECT_EQ(tasks.submit("work", "bytes"), 17);
  EXPECT_EQ(statements_.back().parameters, (std::vector<std::string>{"work", "NULL", "0", "bytes"}));
  EXPECT_FALSE(statements_.back().is_in_transaction);
  context_.sql().transaction([&](SqlTransaction& tx) {
    tasks.submit(tx, "work", "bytes", {.after = 10min, .name = "mail-17"});
    EXPECT_EQ(statements_.back().parameters, (std::vector<std::string>{"work", "mail-17", "600000", "bytes"}));
    EXPECT_TRUE(statements_.back().is_in_transaction);
    EXPECT_TRUE(tasks.withdraw(tx, "work", "mail-17"));
    EXPECT_EQ(statements_.back().parameters, (std::vector<std::string>{"work", "mail-17"}));
  });
  changed_rows_ = 0;
  EXPECT_FALSE(tasks.withdraw("work", "mail-17"));
}

}  // namespace
}  // namespace mortise
