#include "events/courier.hpp"

#include <algorithm>

namespace mortise::events {
namespace {

// What may wait in memory for one subscriber of one publisher.
constexpr std::size_t kMostLetters = 1024;
constexpr std::size_t kMostBytes = std::size_t{1} << 20U;
// How far the cursor may stay behind because of one that takes its time: so many are heard again after a crash.
constexpr std::int64_t kMostBehind = 4096;

}  // namespace

Courier::Courier(std::string plugin, Origin origin, std::weak_ptr<CourierDesk> desk, runtime::BlockingPool& pool)
    : plugin_(std::move(plugin)),
      origin_(std::move(origin)),
      desk_(std::move(desk)),
      pool_(pool),
      read_to_(origin_.cursor) {}

/// Letters without a key have lanes of their own.
std::string Courier::lane_of(const LetterKey& letter) {
  return letter.key.empty() ? "#" + std::to_string(letter.id) : "=" + letter.key;
}

void Courier::bind(Addressee addressee) {
  Addressee former;  // may be the last to hold a generation
  std::size_t workers = 0;
  {
    const std::lock_guard lock(mutex_);
    former = std::exchange(addressee_, std::move(addressee));
    is_waiting_ = false;
    workers = count_new_workers();
  }
  post(workers);
}

void Courier::hold() {
  const std::lock_guard lock(mutex_);
  is_held_ = true;
}

void Courier::release() {
  std::size_t workers = 0;
  {
    const std::lock_guard lock(mutex_);
    is_held_ = false;
    workers = count_new_workers();
  }
  post(workers);
}

bool Courier::wait_until_idle(std::chrono::steady_clock::time_point deadline, const std::stop_token& giving_up) {
  std::unique_lock lock(mutex_);
  return idle_.wait_until(lock, giving_up, deadline, [this] { return under_way_.empty(); });
}

bool Courier::is_idle() const {
  const std::lock_guard lock(mutex_);
  return under_way_.empty();
}

std::size_t Courier::wanted() const {
  const std::lock_guard lock(mutex_);
  const bool has_enough = is_held_ || addressee_.cone == nullptr || !wants_more();
  return has_enough ? 0 : kMostLetters - count_;
}

/// Half of it is gone.
bool Courier::wants_more() const { return count_ <= kMostLetters / 2 && bytes_ <= kMostBytes / 2; }

bool Courier::is_full() const {
  const std::lock_guard lock(mutex_);
  return count_ >= kMostLetters || bytes_ >= kMostBytes;
}

std::int64_t Courier::read_to() const {
  const std::lock_guard lock(mutex_);
  return read_to_;
}

void Courier::add(StoredLetter letter) {
  std::size_t workers = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto id = letter.id;
    if (letter.is_behind || unwritten_.contains(lane_of(letter))) {
      park({.id = id, .key = letter.key});
      done_to_ = id;
    } else {
      const auto place = ahead_.emplace(id, letter.key).first;
      try {
        put(std::move(letter));
      } catch (...) {
        ahead_.erase(place);
        throw;
      }
      workers = count_new_workers();
    }
    read_to_ = id;  // only now that it is kept
  }
  post(workers);
}

/// To be written as one that stands behind another of its key.
void Courier::park(LetterKey letter) {
  progress_.parked.push_back(std::move(letter));
  try {
    note_unwritten(progress_.parked.back());
  } catch (...) {
    progress_.parked.pop_back();
    throw;
  }
}

void Courier::pass(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  read_to_ = id;
  ++heard_ahead_;
}

bool Courier::is_at(const LetterKey& letter) const {
  const auto lane = lane_of(letter);
  const std::lock_guard lock(mutex_);
  return lanes_.contains(lane) || unwritten_.contains(lane);
}

void Courier::add_listed(Letter letter) {
  std::size_t workers = 0;
  {
    const std::lock_guard lock(mutex_);
    // One that came before has failed meanwhile: it stands where it stood.
    if (unwritten_.contains(lane_of(letter))) return;
    put(std::move(letter));
    workers = count_new_workers();
  }
  post(workers);
}

void Courier::note_more(bool is_more) {
  std::size_t workers = 0;
  std::chrono::milliseconds wait{0};
  {
    const std::lock_guard lock(mutex_);
    is_more_ = is_more;
    workers = count_new_workers();
    wait = time_to_wait();
  }
  post(workers);
  if (wait.count() == 0) return;
  if (const auto desk = desk_.lock()) desk->wake_in(wait);
}

/// Wholly or, when it throws, not at all.
void Courier::put(Letter letter) {
  const auto name = lane_of(letter);
  const auto size = letter.bytes.size();
  auto kept = std::make_shared<const Letter>(std::move(letter));
  const auto [found, is_new] = lanes_.try_emplace(name);
  auto& lane = found->second;
  try {
    lane.letters.push_back(std::move(kept));
    if (!lane.is_ready) ready_.push_back(name);
  } catch (...) {
    if (is_new) lanes_.erase(found);
    throw;
  }
  lane.is_ready = true;
  ++count_;
  bytes_ += size;
}

void Courier::note_unwritten(const LetterKey& letter) { ++unwritten_[lane_of(letter)]; }

Courier::Unwritten Courier::unwritten() const {
  const std::lock_guard lock(mutex_);
  const bool is_any = heard_ahead_ > 0 || !unwritten_.empty() || is_to_hand_back();
  return {.is_any = is_any,
          .is_urgent = is_held_ || heard_ahead_ >= kMostUnwritten || !progress_.heard.empty() ||
                       !progress_.failed.empty() || progress_.parked.size() >= kMostUnwritten};
}

/// What was heard stands behind some that were not.
bool Courier::is_to_hand_back() const {
  return is_held_ && under_way_.empty() && !ahead_.empty() && ahead_.begin()->first < done_to_;
}

/// What it has in memory: to rows where others behind it were heard, else to be read again.
void Courier::hand_back() {
  for (const auto& [id, key] : ahead_) {
    if (id > done_to_) break;
    if (key.empty()) {
      progress_.under_way.push_back({.id = id});
      continue;
    }
    park({.id = id, .key = key});
  }
  read_to_ = done_to_;
  ahead_.clear();
  lanes_.clear();
  ready_.clear();
  count_ = 0;
  bytes_ = 0;
}

Progress Courier::take_progress() {
  const std::lock_guard lock(mutex_);
  if (is_to_hand_back()) hand_back();
  while (!ahead_.empty() && read_to_ - ahead_.begin()->first > kMostBehind) {
    progress_.under_way.push_back({.id = ahead_.begin()->first, .key = ahead_.begin()->second});
    ahead_.erase(ahead_.begin());
  }
  progress_.cursor = ahead_.empty() ? read_to_ : ahead_.begin()->first - 1;
  heard_ahead_ = 0;
  return std::exchange(progress_, {});
}

void Courier::note_written(const Progress& progress) {
  const std::lock_guard lock(mutex_);
  const auto forget = [&](const auto& letters) {
    for (const auto& letter : letters) {
      const auto found = unwritten_.find(lane_of(letter));
      if (--found->second == 0) unwritten_.erase(found);
    }
  };
  forget(progress.heard);
  forget(progress.failed);
  forget(progress.parked);
}

bool Courier::discard(std::int64_t id) {
  {
    const std::lock_guard lock(mutex_);
    if (!take_out(id)) return false;
  }
  if (const auto desk = desk_.lock()) desk->tell(true);
  return true;
}

bool Courier::take_out(std::int64_t id) {
  for (auto& [number, one] : under_way_) {
    if (lanes_.find(one.lane)->second.letters.front()->id != id) continue;
    one.is_discarded = true;
    return true;
  }
  for (auto at = lanes_.begin(); at != lanes_.end(); ++at) {
    auto& letters = at->second.letters;
    const auto found = std::find_if(letters.begin(), letters.end(), [&](const auto& one) { return one->id == id; });
    if (found == letters.end()) continue;
    const auto letter = *found;
    letters.erase(found);
    --count_;
    bytes_ -= letter->bytes.size();
    note_heard(*letter);
    if (!letters.empty()) return true;
    std::erase(ready_, at->first);
    lanes_.erase(at);
    return true;
  }
  return false;
}

std::map<std::string, CourierCounts> Courier::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace mortise::events
