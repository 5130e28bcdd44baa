// Brings the events of one outbox to one subscriber: those of different keys side by side, those of one key strictly
// one after the other. Has what it is given in memory, and knows of no disk: what it has done it keeps until somebody
// asks.
//
//  a letter is | from           | until
//  waiting     | add()          | those before it in its lane are heard, and the subscriber runs
//  under way   |                | the handler has returned
//  heard       | it returned OK | written: the cursor passes it, or its row goes
//  failed      | it did not     | written: it has a row with its next time; whatever waited behind it is parked
//  parked      |                | written: it has a row behind that one's, from which it comes again
//
// One whose handler was not even begun, since the subscriber's process is away, goes on waiting as the first of its
// lane, and with it all others do, for a moment each time.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <utility>

#include "events/delivery.hpp"
#include "events/letter.hpp"
#include "runtime/blocking_pool.hpp"

namespace mortise::events {

/// Where a subscriber hears of one topic.
struct Entrance {
  const mortise_channel_v1* channel = nullptr;
  std::uint64_t form = 0;
};

/// A subscriber with what it hears.
struct Addressee {
  runtime::ConePtr cone{};  // null: it does not run
  std::map<std::string, Entrance> topics{};
};

/// What a subscription has seen since its host's start.
struct CourierCounts {
  std::uint64_t delivered = 0;
  std::uint64_t failed = 0;
};

/// Whoever reads for couriers, and writes what they have done. Any thread.
class CourierDesk {
 public:
  virtual ~CourierDesk() = default;
  CourierDesk() = default;
  CourierDesk(const CourierDesk&) = delete;
  CourierDesk& operator=(const CourierDesk&) = delete;

  /// There is something to write, or room to read into; not called twice for the same. `is_urgent`: somebody waits for
  /// it; else it may wait for more.
  virtual void tell(bool is_urgent) noexcept = 0;
  /// It is to call note_more() so much later, or sooner.
  virtual void wake_in(std::chrono::milliseconds time) noexcept = 0;
};

/// Any thread.
class Courier : public std::enable_shared_from_this<Courier> {
 public:
  /// Where its letters come from.
  struct Origin {
    std::string publisher;
    std::uint64_t epoch = 0;
    std::int64_t cursor = 0;
  };
  /// `pool` outlives it. It is held until release().
  Courier(std::string plugin, Origin origin, std::weak_ptr<CourierDesk> desk, runtime::BlockingPool& pool);

  /// Whom to tell from now on; what is under way finishes.
  void bind(Addressee addressee);
  /// What a handler of that generation has not returned from has failed.
  void abandon(const runtime::Generation& generation);
  /// Nothing new is under way from here on, until release(). When nothing is any more, its progress tells exactly what
  /// was heard, so that whoever delivers next repeats none of it.
  void hold();
  void release();
  /// Of one that is held: whether nothing is under way any more, by the deadline.
  [[nodiscard]] bool wait_until_idle(std::chrono::steady_clock::time_point deadline, const std::stop_token& giving_up);
  [[nodiscard]] bool is_idle() const;

  /// How many letters it wants to be given: 0 while it has enough.
  [[nodiscard]] std::size_t wanted() const;
  /// Whether it has as many bytes as it may.
  [[nodiscard]] bool is_full() const;
  /// The last of those that follow after the cursor which it has seen.
  [[nodiscard]] std::int64_t read_to() const;

  // What is handed to it, by one thread:
  /// The next one after read_to().
  void add(StoredLetter letter);
  /// The next one is not for it.
  void pass(std::int64_t id);
  /// Whether what the tables have of the letter's key is out of date: it has some of these, or has had since.
  [[nodiscard]] bool is_at(const LetterKey& letter) const;
  /// One with a row among the deliveries. Those of a key one after the other, when it is at none of them.
  void add_listed(Letter letter);
  /// Whether there was more to read than it wanted. Threads that could not be had before are asked for again.
  void note_more(bool is_more);

  /// Has a letter not come any more, as if it had been heard; a handler that is at it returns. False: it has none of
  /// that number. By that one thread, too.
  bool discard(std::int64_t id);

  /// Whether something is to be written: at once, or sometime.
  struct Unwritten {
    bool is_any = false;
    bool is_urgent = false;
  };
  [[nodiscard]] Unwritten unwritten() const;
  /// What was done since the last time; to be written, then told of.
  Progress take_progress();
  void note_written(const Progress& progress);

  [[nodiscard]] std::map<std::string, CourierCounts> counts() const;

 private:
  // After so many, what was done is written whether or not more is to come.
  static constexpr std::size_t kMostUnwritten = 512;
  using LetterPtr = std::shared_ptr<const Letter>;
  struct Lane {
    std::deque<LetterPtr> letters;
    bool is_ready = false;  // listed in ready_, or under way
  };
  /// The first letter of a lane, in a handler.
  struct UnderWay {
    std::string lane;
    const runtime::Generation* generation;
    bool is_discarded = false;  // whatever comes of it, it does not come again
  };
  using Lanes = std::unordered_map<std::string, Lane>;

  static std::string lane_of(const LetterKey& letter);
  void put(Letter letter);          // under mutex_
  std::size_t count_new_workers();  // under mutex_
  void post(std::size_t workers);   // not under it
  bool try_post();                  // not under it
  void work();
  void tell(bool is_urgent);
  bool take_next(std::uint64_t& number, LetterPtr& letter, Addressee& addressee);
  Delivery deliver_one(const Letter& letter, const Addressee& addressee) const;
  bool finish(const std::string& name, const Delivery& delivery);  // under mutex_; whether that is urgent
  void wait_with(const std::string& name);                         // under mutex_
  void note_heard(const Letter& letter);                           // under mutex_
  bool take_out(std::int64_t id);                                  // under mutex_
  [[nodiscard]] bool may_begin() const;                            // under mutex_
  [[nodiscard]] std::chrono::milliseconds time_to_wait() const;    // under mutex_
  void tell_of_wait(const Delivery& delivery);                     // not under it
  void drop(Lane& lane, const Letter& failed);                     // under mutex_
  void park(LetterKey letter);                                     // under mutex_
  void note_unwritten(const LetterKey& letter);                    // under mutex_
  [[nodiscard]] bool is_to_hand_back() const;                      // under mutex_
  void hand_back();                                                // under mutex_
  [[nodiscard]] bool wants_more() const;                           // under mutex_

  const std::string plugin_;
  const Origin origin_;
  const std::weak_ptr<CourierDesk> desk_;
  runtime::BlockingPool& pool_;

  mutable std::mutex mutex_;
  std::condition_variable_any idle_;
  // Guarded by mutex_:
  Addressee addressee_;
  bool is_held_ = true;
  bool is_waiting_ = false;  // the last one has not begun: the next one goes no sooner than waits_until_
  bool has_told_of_wait_ = false;
  std::chrono::steady_clock::time_point waits_until_{};
  std::size_t workers_ = 0;
  Lanes lanes_;
  std::deque<std::string> ready_;                // lanes whose first letter can go
  std::map<std::uint64_t, UnderWay> under_way_;  // by the number of the delivery
  std::uint64_t deliveries_ = 0;                 // that have begun
  std::map<std::int64_t, std::string> ahead_;    // keys of those in lanes that the cursor waits for
  std::int64_t read_to_;
  std::int64_t done_to_ = 0;  // the last that the cursor does not wait for any more
  std::size_t count_ = 0;     // of letters in lanes
  std::size_t bytes_ = 0;     // of these
  bool is_more_ = false;
  Progress progress_;
  std::size_t heard_ahead_ = 0;                             // that only move the cursor, since it was taken
  std::unordered_map<std::string, std::size_t> unwritten_;  // lanes with changes that are not written
  std::map<std::string, CourierCounts> counts_;
};

}  // namespace mortise::events
