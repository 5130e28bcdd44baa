// The host's side against a worker that does as it likes: whatever it writes, the host goes no further than to say so.
#include "isolation/calls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "http/make_generation.hpp"
#include "isolation/fake_edge.hpp"
#include "isolation/fake_socket.hpp"
#include "isolation/http_form.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::isolation {
namespace {

using Kind = Completion::Kind;
using testing::FakeExchange;
using ::testing::HasSubstr;

class CallsTest : public ::testing::Test {
 protected:
  /// A request is inside; the worker has taken it.
  void SetUp() override {
    ASSERT_EQ(submit(exchange_), MORTISE_OK);
    number_ = *RingReader<std::uint32_t>(area_->memory().submissions).pop();
  }
  mortise_status submit(FakeExchange& exchange) {
    return calls_->submit(route_, exchange.handle(), testing::make_request("GET"));
  }
  [[nodiscard]] Completion make(Kind kind) const {
    Completion completion;
    completion.kind = kind;
    completion.call = number_;
    return completion;
  }
  /// An answer in the call's own place.
  Completion make_answer(Kind kind) {
    const mortise_http_response_v1 response{
        .struct_size = sizeof response, .status = 200, .headers = nullptr, .header_count = 0, .body = {}};
    auto& place = area_->memory().calls[number_].answer;
    write_form(response, place.data());
    auto completion = make(kind);
    completion.offset = area_->offset_of(place.data());
    completion.size = form_size(response);
    return completion;
  }
  /// What the host makes of it.
  std::string say(const Completion& completion) {
    worker_.push(completion);
    calls_->take_some();
    return end_.breach->what();
  }

  std::shared_ptr<Area> area_ = *Area::make();
  HostEnd end_ = HostEnd::make(area_, [] {});
  std::vector<ForwardedSlot> slots_;
  GrowingPool pool_{4};
  runtime::GenerationPtr generation_ = http::testing::make_generation("mirror");
  std::shared_ptr<Calls> calls_ =
      std::make_shared<Calls>(end_, std::make_shared<OutgoingCalls>(end_, slots_), *generation_, FakeExchange::table(),
                              Means{pool_, pool_, [](mortise_http_exchange*) {}, testing::FakeSocket::edge()});
  RingWriter<Completion> worker_{area_->memory().completions};
  ForwardedRoute route_{.text = "GET /"};
  FakeExchange exchange_;
  std::uint32_t number_ = 0;
};

TEST_F(CallsTest, AnAnswerReachesTheClientAndTheCallIsUsedAgain) {
  EXPECT_EQ(say(make_answer(Kind::respond)), "");
  EXPECT_EQ(exchange_.status(), 200U);
  EXPECT_EQ(say(make(Kind::done)), "");
  FakeExchange next;
  EXPECT_EQ(submit(next), MORTISE_OK);
  EXPECT_EQ(area_->memory().calls[number_].sequence, 2U);
}

TEST_F(CallsTest, TheEndOfTheWorkerIsA503OrTheEndOfAnAnswerThatHasBegun) {
  FakeExchange begun;
  ASSERT_EQ(submit(begun), MORTISE_OK);
  const auto first = std::exchange(number_, number_ + 1);
  ASSERT_EQ(say(make_answer(Kind::start)), "");
  number_ = first;
  calls_->end();
  EXPECT_EQ(exchange_.status(), 503U);
  EXPECT_THAT(exchange_.body(), HasSubstr("\"request_id\":\"1-1\""));
  EXPECT_TRUE(begun.was_cut());
  FakeExchange late;
  EXPECT_EQ(submit(late), MORTISE_OK);
  EXPECT_EQ(late.status(), 503U);
  EXPECT_EQ(late.retry_after(), "1");
}

TEST_F(CallsTest, NoMoreAreInsideThanThereIsRoomFor) {
  std::vector<std::unique_ptr<FakeExchange>> crowd;
  for (std::uint32_t i = 1; i < kCallCount; ++i) {
    crowd.push_back(std::make_unique<FakeExchange>());
    ASSERT_EQ(submit(*crowd.back()), MORTISE_OK);
  }
  FakeExchange one_more;
  EXPECT_EQ(submit(one_more), MORTISE_OK);
  EXPECT_EQ(one_more.status(), 503U);
  EXPECT_EQ(one_more.retry_after(), "1");
  calls_->end();
  for (const auto& one : crowd) EXPECT_EQ(one->ends(), 1);
}

TEST_F(CallsTest, SaysThatAClientHasGone) {
  exchange_.leave();
  EXPECT_EQ(area_->memory().calls[number_].gone, 1U);
  EXPECT_EQ(area_->memory().gone_count, 1U);
}

TEST_F(CallsTest, SaysOnceThatSomebodyIsNotWaitedForAnyMore) {
  EXPECT_FALSE(calls_->take_unheard());
  exchange_.leave();
  EXPECT_TRUE(calls_->take_unheard());
  EXPECT_FALSE(calls_->take_unheard());
}

TEST_F(CallsTest, KnowsWhoseHandlersHoldAThread) {
  FakeExchange waiting;
  ASSERT_EQ(submit(waiting), MORTISE_OK);
  EXPECT_EQ(calls_->deadlines_at_work().size(), 1U) << "the other one is still in the ring";
  ASSERT_EQ(say(make(Kind::returned)), "");
  EXPECT_EQ(calls_->deadlines_at_work().size(), 0U) << "it is inside, and holds none";
  RingReader<std::uint32_t> worker(area_->memory().submissions);
  number_ = *worker.pop();
  EXPECT_EQ(calls_->deadlines_at_work().size(), 1U);
  ASSERT_EQ(say(make_answer(Kind::respond)), "");
  EXPECT_EQ(calls_->deadlines_at_work().size(), 1U) << "it has answered, and runs on";
  ASSERT_EQ(say(make(Kind::done)), "");
  EXPECT_EQ(calls_->deadlines_at_work().size(), 0U);
  calls_->end();
}

TEST_F(CallsTest, ACallThatThereIsNoneOfIsAViolation) {
  auto completion = make(Kind::done);
  completion.call = kCallCount;
  EXPECT_THAT(say(completion), HasSubstr("a call that there is none of"));
}

TEST_F(CallsTest, ACallThatIsOverIsAViolation) {
  auto completion = make(Kind::abort);
  completion.call = number_ + 1;
  EXPECT_THAT(say(completion), HasSubstr("a call that is over"));
}

TEST_F(CallsTest, AWordThatThereIsNoneOfIsAViolation) {
  EXPECT_THAT(say(make(static_cast<Kind>(4711))), HasSubstr("no word"));
}

TEST_F(CallsTest, AnotherOnesPlaceIsAViolation) {
  const auto whole = make_answer(Kind::respond);
  const auto& memory = area_->memory();
  const std::uint64_t places[] = {0,
                                  area_->offset_of(memory.calls[number_].request.data()),
                                  area_->offset_of(memory.calls[number_ + 1].answer.data()),
                                  area_->offset_of(memory.host_heap.data()),
                                  sizeof(AreaMemory),
                                  UINT64_MAX - 1};
  for (const auto place : places) EXPECT_FALSE(area_->is_workers(number_, place, whole.size)) << place;
  EXPECT_FALSE(area_->is_workers(number_, whole.offset, UINT64_MAX));
  EXPECT_FALSE(area_->is_workers(number_, whole.offset + kDirectBytes, 1));
  EXPECT_TRUE(area_->is_workers(number_, whole.offset, kDirectBytes));
  auto completion = whole;
  completion.offset = places[1];
  EXPECT_THAT(say(completion), HasSubstr("where it must not write"));
}

TEST_F(CallsTest, DoneWithoutAnEndIsAViolation) {
  EXPECT_THAT(say(make(Kind::done)), HasSubstr("that it has not ended"));
}

TEST_F(CallsTest, TheEndOfWhatWasNotBegunIsAViolation) {
  EXPECT_THAT(say(make(Kind::finish)), HasSubstr("that it has not begun"));
}

TEST_F(CallsTest, AReplyPlaceThatThereIsNoneOfIsAViolation) {
  auto completion = make(Kind::abort);
  completion.reply = kReplyCount;
  EXPECT_THAT(say(completion), HasSubstr("a place that there is none of"));
}

TEST_F(CallsTest, GarbageDoesNoHarm) {
  std::mt19937_64 random(4711);
  for (int round = 0; round < 100; ++round) {
    end_ = HostEnd::make(area_, [] {});
    calls_ = std::make_shared<Calls>(end_, std::make_shared<OutgoingCalls>(end_, slots_), *generation_,
                                     FakeExchange::table(),
                                     Means{pool_, pool_, [](mortise_http_exchange*) {}, testing::FakeSocket::edge()});
    RingWriter<Completion> worker(area_->memory().completions);
    FakeExchange inside;
    ASSERT_EQ(submit(inside), MORTISE_OK);
    while (end_.breach->what().empty()) {
      auto completion = make_answer(Kind::respond);
      completion.kind = static_cast<Kind>(random() % 18);
      // What waits for a client does so on another thread, and a worker that writes there meanwhile garbles its own
      // client's bytes: no harm to the host, but to ThreadSanitizer, which cannot know, a race.
      if (completion.kind == Kind::read_body) completion.kind = Kind::write;
      completion.call = static_cast<std::uint32_t>(random() % 2);  // the one that is inside is number 0
      completion.reply = static_cast<std::uint32_t>(random() % (kReplyCount + 1));
      if (random() % 2 == 0) completion.offset = random() % (sizeof(AreaMemory) * 2);
      if (random() % 2 == 0) completion.size = random() % 3 == 0 ? random() : random() % 10'000;
      completion.argument = 0;
      worker.push(completion);
      calls_->take_some();
    }
    calls_->end();
    inside.wait();
    EXPECT_EQ(inside.ends(), 1);
  }
}

}  // namespace
}  // namespace mortise::isolation
