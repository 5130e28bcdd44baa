#include "http/workspace.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/loop.hpp"

namespace mortise::http {
namespace {

void receive(InputBuffer& input, std::string_view bytes) {
  ASSERT_GE(input.room().size(), bytes.size());
  std::copy(bytes.begin(), bytes.end(), input.room().begin());
  input.add(bytes.size());
}

TEST(InputBufferTest, KeepsWhatIsThereWhenItMakesRoom) {
  InputBuffer input;
  receive(input, std::string(InputBuffer::kSmall, 'a'));
  EXPECT_TRUE(input.room().empty());

  input.drop(InputBuffer::kSmall - 2);
  input.make_room(10000);
  EXPECT_GE(input.room().size(), 10000U);
  receive(input, "b");
  EXPECT_EQ(input.view(), "aab");
}

TEST(InputBufferTest, RemovesFromTheMiddle) {
  InputBuffer input;
  receive(input, "xheadbodynext");
  input.drop(1);
  input.remove(4, 4);
  EXPECT_EQ(input.view(), "headnext");
  input.remove(4, 4);
  EXPECT_EQ(input.view(), "head");
}

TEST(InputBufferTest, IsSmallAgainWhenCleared) {
  InputBuffer input;
  input.make_room(100000);
  receive(input, "a");
  input.clear();
  EXPECT_TRUE(input.is_empty());
  EXPECT_EQ(input.room().size(), InputBuffer::kSmall);
}

TEST(WorkspacePoolTest, LendsTheLastThatCameBackFirst) {
  WorkspacePool pool;
  auto first = pool.take();
  auto second = pool.take();
  const auto* const last = second.get();
  pool.give_back(std::move(first));
  pool.give_back(std::move(second));
  EXPECT_EQ(pool.take().get(), last);
}

TEST(WorkspacePoolTest, KeepsNothingOfARequestThatItsConnectionDidNotEnd) {
  WorkspacePool pool;
  const auto cone = std::make_shared<const runtime::Cone>();
  auto workspace = pool.take();
  workspace->cone = cone;
  workspace->is_parser_started = true;
  workspace->head_size = 5;
  workspace->out = "unsent";
  workspace->body = "received";
  receive(workspace->input, "GET / HTTP/1.1\r\n");
  pool.give_back(std::move(workspace));
  EXPECT_EQ(cone.use_count(), 1);

  workspace = pool.take();
  EXPECT_FALSE(workspace->is_parser_started);
  EXPECT_EQ(workspace->head_size, 0U);
  EXPECT_EQ(workspace->out, "");
  EXPECT_EQ(workspace->body, "");
  EXPECT_TRUE(workspace->input.is_empty());
}

}  // namespace
}  // namespace mortise::http
