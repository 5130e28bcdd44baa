// The host's side of WebSockets against a worker that does as it likes.
#include "isolation/sockets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <cstring>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "http/make_generation.hpp"
#include "isolation/calls.hpp"
#include "isolation/fake_edge.hpp"
#include "isolation/fake_socket.hpp"
#include "isolation/ring.hpp"
#include "isolation/socket_form.hpp"

namespace mortise::isolation {
namespace {

using Kind = Completion::Kind;
using ::testing::ElementsAre;
using testing::FakeExchange;
using testing::FakeSocket;
using ::testing::HasSubstr;

/// A worker, as the host sees it.
class SocketsTest : public ::testing::Test {
 protected:
  struct Peer {
    FakeExchange exchange;
    FakeSocket socket{exchange};
    std::uint32_t call = 0;
  };

  /// A request that asks for an upgrade is inside; the worker has taken it.
  std::unique_ptr<Peer> submit() {
    auto peer = std::make_unique<Peer>();
    const runtime::Scope scope(cone_);
    EXPECT_EQ(calls_->submit(route_, peer->exchange.handle(), testing::make_upgrade_request("GET")), MORTISE_OK);
    peer->call = take();
    return peer;
  }
  std::uint32_t take() { return submissions_.pop().value_or(UINT32_MAX); }
  /// With a payload at the beginning of the worker's heap.
  [[nodiscard]] Completion make(Kind kind, std::uint32_t call, std::string_view payload = {}) const {
    Completion completion;
    completion.kind = kind;
    completion.call = call;
    completion.reply = 0;
    completion.offset = area_->offset_of(area_->memory().worker_heap.data());
    completion.size = payload.size();
    if (!payload.empty()) std::memcpy(area_->memory().worker_heap.data(), payload.data(), payload.size());
    return completion;
  }
  [[nodiscard]] Completion make_accept(std::uint32_t call, SocketTerms terms, std::string_view protocol = {}) const {
    std::string form(reinterpret_cast<const char*>(&terms), sizeof terms);
    return make(Kind::accept, call, form.append(protocol));
  }
  [[nodiscard]] Completion make_said(Kind kind, std::uint64_t socket, std::string_view payload) const {
    auto completion = make(kind, 0, payload);
    completion.argument = socket;
    return completion;
  }
  /// What the host makes of it.
  std::string say(const Completion& completion) {
    area_->memory().replies[0].is_there.store(0);
    worker_.push(completion);
    calls_->take_some();
    return end_.breach->what();
  }
  [[nodiscard]] mortise_status reply_status() const { return area_->memory().replies[0].status.load(); }
  [[nodiscard]] std::uint64_t reply_value() const { return area_->memory().replies[0].value.load(); }
  /// The number of its socket.
  std::uint64_t accept(const Peer& peer) {
    EXPECT_EQ(say(make_accept(peer.call, {.cookie = 4711})), "");
    EXPECT_EQ(reply_status(), MORTISE_OK);
    const auto number = reply_value();
    EXPECT_EQ(say(make(Kind::done, peer.call)), "");
    EXPECT_TRUE(peer.socket.is_open());
    return number;
  }

  std::shared_ptr<Area> area_ = *Area::make();
  HostEnd end_ = HostEnd::make(area_, [] {});
  std::vector<ForwardedSlot> slots_;
  GrowingPool pool_{4};
  runtime::ConePtr cone_ = http::testing::make_cone(http::testing::make_generation("talks"));
  std::shared_ptr<Calls> calls_ =
      std::make_shared<Calls>(end_, std::make_shared<OutgoingCalls>(end_, slots_), *cone_->entry, FakeExchange::table(),
                              Means{pool_, pool_, [](mortise_http_exchange*) {}, FakeSocket::edge()});
  RingWriter<Completion> worker_{area_->memory().completions};
  RingReader<std::uint32_t> submissions_{area_->memory().submissions};
  ForwardedRoute route_{.text = "GET /"};
};

TEST_F(SocketsTest, OpensWhenTheHandlerHasReturned) {
  const auto peer = submit();
  EXPECT_TRUE(peer->socket.is_expected());
  ASSERT_EQ(say(make_accept(peer->call, {.cookie = 4711, .protocol_size = 4}, "talk")), "");
  EXPECT_EQ(reply_status(), MORTISE_OK);
  EXPECT_EQ(peer->socket.protocol(), "talk");
  const auto number = reply_value();
  EXPECT_EQ(say(make_said(Kind::send_text, number, "early")), "");
  EXPECT_FALSE(peer->socket.is_open());
  EXPECT_EQ(say(make(Kind::done, peer->call)), "");
  EXPECT_TRUE(peer->socket.is_open());
  EXPECT_THAT(peer->socket.sent(), ElementsAre("early"));
  EXPECT_EQ(peer->exchange.ends(), 0) << "the exchange is the edge's to end";
  peer->socket.tell_close(cone_, 1000, "");
  EXPECT_EQ(say(make(Kind::heard, take())), "");
}

TEST_F(SocketsTest, WhatItTellsIsACallThatNamesTheWorkersCookie) {
  const auto peer = submit();
  accept(*peer);
  EXPECT_EQ(peer->socket.tell(cone_, "hello"), MORTISE_OK);
  const auto call = take();
  const auto& memory = area_->memory().calls[call];
  EXPECT_EQ(memory.route, kSocketRoute);
  SocketEvent event;
  std::memcpy(&event, area_->at(memory.offset), sizeof event);
  EXPECT_EQ(event.cookie, 4711U);
  EXPECT_EQ(event.kind, SocketEvent::Kind::text);
  const std::string rest(reinterpret_cast<const char*>(area_->at(memory.offset)) + sizeof event,
                         memory.size - sizeof event);
  EXPECT_EQ(rest, "1-1hello") << "the request's id, and the message";
  EXPECT_EQ(peer->socket.heard(), 0U);
  auto heard = make(Kind::heard, call, "because");
  heard.status = MORTISE_NOT_FOUND;
  EXPECT_EQ(say(heard), "");
  EXPECT_EQ(peer->socket.heard(), 1U);
  EXPECT_FALSE(peer->socket.was_ok());
  peer->socket.tell_close(cone_, 1000, "");
  EXPECT_EQ(say(make(Kind::heard, take())), "");
  EXPECT_FALSE(calls_->is_anybody_inside());
}

TEST_F(SocketsTest, ARefusedRequestIsOverAndOneThatIsNotStaysTheWorkers) {
  const auto refused = submit();
  refused->socket.answer = FakeSocket::Accepted::refused;
  EXPECT_EQ(say(make_accept(refused->call, {})), "");
  EXPECT_EQ(reply_status(), MORTISE_FAILED_PRECONDITION);
  EXPECT_EQ(reply_value(), kExchangeIsOver);
  EXPECT_EQ(say(make(Kind::done, refused->call)), "");
  const auto kept = submit();
  kept->socket.answer = FakeSocket::Accepted::no;
  EXPECT_EQ(say(make_accept(kept->call, {})), "");
  EXPECT_EQ(reply_value(), kExchangeIsOpen);
  EXPECT_FALSE(calls_->has_sockets());
  EXPECT_EQ(say(make(Kind::abort, kept->call)), "");
  EXPECT_TRUE(kept->exchange.was_cut());
}

TEST_F(SocketsTest, AHandlerThatHasReturnedAcceptsNothing) {
  const auto peer = submit();
  EXPECT_EQ(say(make(Kind::returned, peer->call)), "");
  EXPECT_EQ(say(make_accept(peer->call, {})), "");
  EXPECT_EQ(reply_status(), MORTISE_FAILED_PRECONDITION);
  EXPECT_EQ(reply_value(), kExchangeIsOpen);
  EXPECT_FALSE(peer->socket.was_asked()) << "there is no scope left that its messages could have";
  EXPECT_FALSE(calls_->has_sockets());
  EXPECT_EQ(say(make(Kind::abort, peer->call)), "");
  EXPECT_TRUE(peer->exchange.was_cut());
  EXPECT_EQ(say(make(Kind::done, peer->call)), "");
  EXPECT_FALSE(peer->socket.is_open());
  const auto next = submit();
  EXPECT_EQ(next->call, peer->call) << "the same place";
  accept(*next);
  EXPECT_EQ(next->socket.tell(cone_, "hello"), MORTISE_OK);
  EXPECT_EQ(say(make(Kind::heard, take())), "");
  next->socket.tell_close(cone_, 1000, "");
  EXPECT_EQ(say(make(Kind::heard, take())), "");
}

TEST_F(SocketsTest, ASocketThatIsGoneIsToldToTheWorker) {
  const auto peer = submit();
  const auto number = accept(*peer);
  EXPECT_EQ(say(make_said(Kind::send_binary, number, "x")), "");
  EXPECT_THAT(peer->socket.sent(), ElementsAre("bytes x"));
  auto bye = make_said(Kind::close, number, "bye");
  bye.status = 4000;
  EXPECT_EQ(say(bye), "");
  EXPECT_EQ(peer->socket.sent().back(), "close 4000 bye");
  peer->socket.tell_close(cone_, 4000, "bye");
  EXPECT_EQ(say(make(Kind::heard, take())), "");
  EXPECT_EQ(say(make_said(Kind::send_text, number, "late")), "");
  EXPECT_EQ(reply_status(), MORTISE_CANCELLED);
}

TEST_F(SocketsTest, TheEndOfTheWorkerClosesEachSocketAndEndsWhatItWasBusyWith) {
  const auto busy = submit();
  accept(*busy);
  EXPECT_EQ(busy->socket.tell(cone_, "hello"), MORTISE_OK);
  EXPECT_NE(take(), UINT32_MAX);
  const auto silent = submit();
  accept(*silent);
  const auto opening = submit();
  ASSERT_EQ(say(make_accept(opening->call, {})), "");
  calls_->end();
  for (const auto* peer : {busy.get(), silent.get(), opening.get()}) {
    EXPECT_TRUE(peer->socket.is_open());
    ASSERT_EQ(peer->socket.sent().size(), 1U);
    EXPECT_THAT(peer->socket.sent().front(), HasSubstr("close 1012 the process that runs the plugin has ended"));
  }
  EXPECT_EQ(busy->socket.heard(), 1U);
  EXPECT_TRUE(busy->socket.was_ok());
  EXPECT_EQ(silent->socket.heard(), 0U);
  for (auto* peer : {busy.get(), silent.get(), opening.get()}) {
    const auto before = peer->socket.heard();
    peer->socket.tell_close(cone_, 1012, "");
    EXPECT_EQ(peer->socket.heard(), before + 1) << "nobody is there to be told";
  }
  EXPECT_FALSE(calls_->has_sockets());
}

TEST_F(SocketsTest, SocketsThatFindNoPlaceWaitAndRequestsFindOne) {
  constexpr std::size_t kWaiting = 3;
  std::vector<std::unique_ptr<Peer>> peers;
  for (std::size_t i = 0; i < kMostSocketCalls + kWaiting; ++i) {
    peers.push_back(submit());
    accept(*peers.back());
  }
  for (const auto& peer : peers) EXPECT_EQ(peer->socket.tell(cone_, "x"), MORTISE_OK);
  std::vector<std::uint32_t> told;
  while (const auto number = submissions_.pop()) told.push_back(*number);
  EXPECT_EQ(told.size(), kMostSocketCalls);
  FakeExchange request;
  EXPECT_EQ(calls_->submit(route_, request.handle(), testing::make_request("GET")), MORTISE_OK);
  EXPECT_NE(take(), UINT32_MAX);
  for (std::size_t i = 0; i < kWaiting; ++i) {
    EXPECT_EQ(say(make(Kind::heard, told[i])), "");
    const auto next = take();
    ASSERT_NE(next, UINT32_MAX);
    told.push_back(next);
  }
  // One that still waits when the worker ends is told of nothing.
  EXPECT_EQ(peers.front()->socket.tell(cone_, "y"), MORTISE_OK);
  EXPECT_EQ(submissions_.pop(), std::nullopt);
  calls_->end();
  EXPECT_EQ(peers.front()->socket.heard(), 2U);
  for (const auto& peer : peers) {
    EXPECT_GE(peer->socket.heard(), 1U);
    peer->socket.tell_close(cone_, 1012, "");
  }
  EXPECT_FALSE(calls_->has_sockets());
}

TEST_F(SocketsTest, WithoutMemoryForItAMessageClosesItsSocketAndACloseWaits) {
  const auto peer = submit();
  accept(*peer);
  const std::string message(kDirectBytes, 'x');
  std::vector<std::uint8_t*> taken;
  while (auto* const block = end_.heap->allocate(BlockHeap::kLeastBytes)) taken.push_back(block);
  EXPECT_EQ(peer->socket.tell(cone_, message), MORTISE_OK);
  EXPECT_EQ(peer->socket.sent().back(), "close 1013 too much is inside the plugin at this moment");
  EXPECT_EQ(peer->socket.heard(), 1U);
  peer->socket.tell_close(cone_, 1013, std::string(kDirectBytes, 'r'));
  EXPECT_EQ(submissions_.pop(), std::nullopt);
  const auto other = submit();
  end_.heap->free(taken.back());
  EXPECT_EQ(say(make(Kind::abort, other->call)), "");
  EXPECT_EQ(say(make(Kind::done, other->call)), "");
  const auto told = take();
  ASSERT_NE(told, UINT32_MAX) << "there is room again";
  EXPECT_EQ(say(make(Kind::heard, told)), "");
  EXPECT_EQ(peer->socket.heard(), 2U);
  EXPECT_FALSE(calls_->has_sockets());
}

TEST_F(SocketsTest, AMessageWithoutMemoryForItWaitsForThoseThatAreInside) {
  const auto first = submit();
  accept(*first);
  const auto second = submit();
  accept(*second);
  EXPECT_EQ(first->socket.tell(cone_, "small"), MORTISE_OK);
  const auto small = take();
  const std::string message(kDirectBytes, 'x');
  std::vector<std::uint8_t*> taken;
  while (auto* const block = end_.heap->allocate(BlockHeap::kLeastBytes)) taken.push_back(block);
  EXPECT_EQ(second->socket.tell(cone_, message), MORTISE_OK);
  EXPECT_EQ(submissions_.pop(), std::nullopt);
  EXPECT_THAT(second->socket.sent(), ElementsAre());
  EXPECT_EQ(second->socket.heard(), 0U);
  end_.heap->free(taken.back());
  EXPECT_EQ(say(make(Kind::heard, small)), "");
  const auto told = take();
  ASSERT_NE(told, UINT32_MAX) << "there is room again";
  EXPECT_EQ(say(make(Kind::heard, told)), "");
  EXPECT_EQ(second->socket.heard(), 1U);
  EXPECT_THAT(second->socket.sent(), ElementsAre());
  calls_->end();
  for (const auto* peer : {&first, &second}) (*peer)->socket.tell_close(cone_, 1012, "");
}

TEST_F(SocketsTest, MessagesTakeHalfOfTheMemoryAndLeaveTheRestToRequests) {
  const std::string message((kHeapBytes / 8) + 1, 'x');  // a quarter, as blocks are powers of two
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 3; ++i) {
    peers.push_back(submit());
    accept(*peers.back());
  }
  for (const auto& peer : peers) EXPECT_EQ(peer->socket.tell(cone_, message), MORTISE_OK);
  const auto told = take();
  EXPECT_NE(told, UINT32_MAX);
  EXPECT_NE(take(), UINT32_MAX);
  EXPECT_EQ(submissions_.pop(), std::nullopt) << "the third waits";
  FakeExchange request;
  EXPECT_EQ(calls_->submit(route_, request.handle(), testing::make_request("GET", message)), MORTISE_OK);
  EXPECT_NE(take(), UINT32_MAX);
  EXPECT_EQ(request.ends(), 0) << "it is inside";
  EXPECT_EQ(say(make(Kind::heard, told)), "");
  EXPECT_NE(take(), UINT32_MAX) << "its turn";
  for (const auto& peer : peers) EXPECT_THAT(peer->socket.sent(), ElementsAre());
  calls_->end();
  for (const auto& peer : peers) peer->socket.tell_close(cone_, 1012, "");
}

TEST_F(SocketsTest, MoreThanThereIsRoomForIsAViolation) {
  const auto peer = submit();
  const auto number = accept(*peer);
  peer->socket.fill();
  EXPECT_THAT(say(make_said(Kind::send_text, number, "x")), HasSubstr("more on a socket than there is room for"));
  calls_->end();
  peer->socket.tell_close(cone_, 1012, "");
}

TEST_F(SocketsTest, WhatWaitsForAllPeersIsBounded) {
  const auto slow = submit();
  accept(*slow);
  const auto other = submit();
  const auto number = accept(*other);
  slow->socket.note_queued(kMostQueuedCost - 100);
  EXPECT_EQ(say(make_said(Kind::send_text, number, "fits")), "");
  EXPECT_EQ(reply_status(), MORTISE_OK);
  slow->socket.note_queued(50);
  EXPECT_EQ(say(make_said(Kind::send_text, number, "too much")), "") << "the worker cannot know";
  EXPECT_EQ(reply_status(), MORTISE_CANCELLED);
  EXPECT_THAT(other->socket.sent(),
              ElementsAre("fits", "close 1013 too much of the plugin waits for its peers; connect again"));
  slow->socket.read_on();
  const auto next = submit();
  EXPECT_EQ(say(make_said(Kind::send_text, accept(*next), "room again")), "");
  EXPECT_THAT(next->socket.sent(), ElementsAre("room again"));
  calls_->end();
  for (const auto* peer : {&slow, &other, &next}) (*peer)->socket.tell_close(cone_, 1012, "");
}

TEST_F(SocketsTest, ManyBytesDoNotKeepTheAttendantFromAllElse) {
  const auto peer = submit();
  const auto number = accept(*peer);
  auto large = make_said(Kind::send_binary, number, {});
  large.size = std::uint64_t{6} << 20U;
  for (int i = 0; i < 3; ++i) worker_.push(large);
  EXPECT_TRUE(calls_->take_some()) << "there is more";
  EXPECT_EQ(peer->socket.sent().size(), 2U);
  EXPECT_FALSE(calls_->take_some());
  EXPECT_EQ(peer->socket.sent().size(), 3U);
  calls_->end();
  peer->socket.tell_close(cone_, 1012, "");
}

TEST_F(SocketsTest, TermsThatAreCutOffAreAViolation) {
  EXPECT_THAT(say(make(Kind::accept, submit()->call, "short")), HasSubstr("where it must not write"));
}

TEST_F(SocketsTest, TermsOfAnotherLengthAreAViolation) {
  EXPECT_THAT(say(make_accept(submit()->call, {.protocol_size = 5}, "talk")), HasSubstr("has no form"));
}

TEST_F(SocketsTest, TermsThatNobodyKnowsAreAViolation) {
  EXPECT_THAT(say(make_accept(submit()->call, {.flags = 2})), HasSubstr("has no form"));
}

struct Violation {
  const char* name;
  Kind kind;
  bool is_on_socket;
  std::uint64_t beyond;  // the socket's number
  std::uint64_t offset;  // from the worker's heap
  std::uint64_t size;
  std::int32_t status;
  const char* said;
};

class SocketViolationTest : public SocketsTest, public ::testing::WithParamInterface<Violation> {};

TEST_P(SocketViolationTest, EndsTheWorker) {
  const auto peer = submit();
  const auto number = accept(*peer);
  EXPECT_EQ(peer->socket.tell(cone_, "hello"), MORTISE_OK);
  const auto& violation = GetParam();
  auto completion = make(violation.kind, take());
  if (violation.is_on_socket) completion.argument = number + violation.beyond;
  completion.offset = area_->offset_of(area_->memory().worker_heap.data()) + violation.offset;
  completion.size = violation.size;
  completion.status = violation.status;
  EXPECT_THAT(say(completion), HasSubstr(violation.said));
  calls_->end();
  EXPECT_EQ(peer->socket.heard(), 1U);
  peer->socket.tell_close(cone_, 1012, "");
  EXPECT_FALSE(calls_->has_sockets());
}

INSTANTIATE_TEST_SUITE_P(
    All, SocketViolationTest,
    ::testing::Values(
        Violation{"NoSuchSocket", Kind::send_text, true, kSocketCount, 0, 1, 0, "a socket that there is none of"},
        Violation{"SocketZero", Kind::close, false, 0, 0, 0, 1000, "a socket that there is none of"},
        Violation{"BehindItsHeap", Kind::send_binary, true, 0, kHeapBytes, 1, 0, "where it must not write"},
        Violation{"LongerThanItsHeap", Kind::send_text, true, 0, 1, kHeapBytes, 0, "where it must not write"},
        Violation{"AsLongAsCanBe", Kind::send_text, true, 0, 1, UINT64_MAX, 0, "where it must not write"},
        Violation{"ACodeThatIsNeverSent", Kind::close, true, 0, 0, 0, 1006, "must have refused itself"},
        Violation{"ANegativeCode", Kind::close, true, 0, 0, 0, -1, "must have refused itself"},
        Violation{"AReasonThatIsTooLong", Kind::close, true, 0, 0, 124, 1000, "must have refused itself"},
        Violation{"DoneWithWhatWasTold", Kind::done, false, 0, 0, 0, 0, "does not say how"},
        Violation{"AMessageThatIsTooLong", Kind::heard, false, 0, 0, kMostMessageBytes + 1, 5, "is too long"}),
    [](const auto& instance) { return instance.param.name; });

TEST_F(SocketsTest, ARequestIsNothingThatASocketHasTold) {
  const auto peer = submit();
  EXPECT_THAT(say(make(Kind::heard, peer->call)), HasSubstr("what no socket has told"));
}

TEST_F(SocketsTest, ACallThatIsAcceptedIsNotAcceptedAgainNorAnswered) {
  const auto peer = submit();
  ASSERT_EQ(say(make_accept(peer->call, {})), "");
  EXPECT_EQ(say(make_accept(peer->call, {})), "");
  EXPECT_EQ(reply_status(), MORTISE_FAILED_PRECONDITION);
  EXPECT_EQ(say(make(Kind::abort, peer->call)), "");
  EXPECT_EQ(reply_status(), MORTISE_FAILED_PRECONDITION);
  EXPECT_EQ(peer->exchange.ends(), 0);
  calls_->end();
  peer->socket.tell_close(cone_, 1012, "");
}

TEST_F(SocketsTest, GarbageDoesNoHarm) {
  std::mt19937_64 random(4711);
  for (int round = 0; round < 100; ++round) {
    end_ = HostEnd::make(area_, [] {});
    calls_ = std::make_shared<Calls>(end_, std::make_shared<OutgoingCalls>(end_, slots_), *cone_->entry,
                                     FakeExchange::table(),
                                     Means{pool_, pool_, [](mortise_http_exchange*) {}, FakeSocket::edge()});
    RingWriter<Completion> worker(area_->memory().completions);
    const auto open = submit();
    worker.push(make_accept(open->call, {}));
    calls_->take_some();
    worker.push(make(Kind::done, open->call));
    calls_->take_some();
    ASSERT_EQ(open->socket.tell(cone_, "hello"), MORTISE_OK);
    unsigned told = 1;
    while (end_.breach->what().empty()) {
      auto completion = make_accept(static_cast<std::uint32_t>(random() % 3), {});
      const Kind kinds[] = {Kind::accept,      Kind::heard, Kind::send_text, Kind::returned,
                            Kind::send_binary, Kind::close, Kind::done};
      completion.kind = kinds[random() % std::size(kinds)];
      completion.argument = random() % 3 == 0 ? random() : kSocketCount;  // the number of the first
      completion.status = static_cast<std::int32_t>(random() % 2 == 0 ? 1000 : random());
      if (random() % 4 == 0) completion.offset = random() % (sizeof(AreaMemory) * 2);
      if (random() % 4 == 0) completion.size = random() % 3 == 0 ? random() : random() % 10'000;
      worker.push(completion);
      calls_->take_some();
      if (open->socket.heard() == told && open->socket.tell(cone_, "again") == MORTISE_OK) ++told;
    }
    calls_->end();
    EXPECT_EQ(open->socket.heard(), told) << "each once";
    open->socket.tell_close(cone_, 1012, "");
    EXPECT_FALSE(calls_->has_sockets());
    while (submissions_.pop()) continue;
  }
}

}  // namespace
}  // namespace mortise::isolation
