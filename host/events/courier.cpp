#include "events/courier.hpp"

#include <algorithm>
#include <new>

#include "events/event_form.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::events {
namespace {

// What may wait in memory for one subscriber of one publisher.
constexpr std::size_t kMostLetters = 1024;
constexpr std::size_t kMostBytes = std::size_t{1} << 20U;
// Handlers of one subscriber at a time.
constexpr std::size_t kMostAtOnce = 8;
// How long one delivers before others who wait for a thread come first.
constexpr std::chrono::milliseconds kTurn{5};
// After so many, what was done is written whether or not more is to come.
constexpr std::size_t kMostUnwritten = 512;
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
  return idle_.wait_until(lock, giving_up, deadline, [this] { return workers_ == 0; });
}

bool Courier::is_idle() const {
  const std::lock_guard lock(mutex_);
  return workers_ == 0;
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
  const std::lock_guard lock(mutex_);
  is_more_ = is_more;
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

/// They are to be posted by who has asked.
std::size_t Courier::count_new_workers() {
  if (is_held_ || addressee_.cone == nullptr) return 0;
  const auto wanted = std::min(kMostAtOnce, workers_ + ready_.size());
  // One that has nothing to do any more takes what is ready here before it ends: those under way are not counted as
  // free, so that one too many may come, and goes.
  const auto fresh = wanted - std::min(wanted, workers_);
  workers_ += fresh;
  return fresh;
}

void Courier::post(std::size_t workers) {
  for (std::size_t i = 0; i < workers; ++i) {
    if (try_post()) continue;
    const std::lock_guard lock(mutex_);  // the host ends
    workers_ -= workers - i;
    idle_.notify_all();
    return;
  }
}

bool Courier::try_post() {
  // Whoever writes what is done stays as long as something is under way.
  const auto desk = desk_.lock();
  if (desk == nullptr) return false;
  std::size_t share = 0;
  {
    const std::lock_guard lock(mutex_);
    if (addressee_.cone != nullptr) share = addressee_.cone->entry->containment().threads();
  }
  return pool_.post(plugin_, pool_.share_of(static_cast<unsigned>(share)),
                    [self = shared_from_this(), desk] { self->work(); });
}

/// On a thread of the pool, until nothing is ready, or others have waited for long enough.
void Courier::work() {
  const auto until = std::chrono::steady_clock::now() + kTurn;
  std::uint64_t number = 0;
  LetterPtr letter;
  for (Addressee addressee; take_next(number, letter, addressee);) {
    const auto delivery = deliver_one(*letter, addressee);
    bool is_first = false;
    bool is_urgent = false;
    {
      const std::lock_guard lock(mutex_);
      const auto place = under_way_.find(number);
      if (place == under_way_.end()) return;  // abandoned, and this thread's place with it
      is_first = heard_ahead_ == 0 && unwritten_.empty();
      is_urgent = finish(place->second.lane, delivery);
      under_way_.erase(place);
    }
    if (is_urgent || is_first) tell(is_urgent);
    if (std::chrono::steady_clock::now() < until) continue;
    if (try_post()) return;
  }
  bool is_held = false;
  {
    const std::lock_guard lock(mutex_);
    is_held = is_held_;
  }
  if (is_held) tell(true);
}

void Courier::tell(bool is_urgent) {
  if (const auto desk = desk_.lock()) desk->tell(is_urgent);
}

/// False: nothing can go, and the thread's place is free.
bool Courier::take_next(std::uint64_t& number, LetterPtr& letter, Addressee& addressee) {
  const std::lock_guard lock(mutex_);
  if (is_held_ || addressee_.cone == nullptr || ready_.empty()) {
    --workers_;
    idle_.notify_all();
    return false;
  }
  auto name = std::move(ready_.front());
  ready_.pop_front();
  letter = lanes_.find(name)->second.letters.front();
  addressee = addressee_;
  number = ++deliveries_;
  under_way_.emplace(number, UnderWay{.lane = std::move(name), .generation = addressee.cone->entry.get()});
  return true;
}

void Courier::abandon(const runtime::Generation& generation) {
  std::size_t workers = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto is_its = [&](const auto& one) { return one.second.generation == &generation; };
    const auto count = static_cast<std::size_t>(std::count_if(under_way_.begin(), under_way_.end(), is_its));
    if (count == 0) return;
    for (const auto& one : under_way_) {
      if (!is_its(one)) continue;
      finish(one.second.lane, {.status = MORTISE_DEADLINE_EXCEEDED,
                               .reason = "its handler had not returned when the subscriber's version went"});
    }
    std::erase_if(under_way_, is_its);
    workers_ -= count;
    idle_.notify_all();
    workers = count_new_workers();
  }
  post(workers);
  tell(true);
}

Delivery Courier::deliver_one(const Letter& letter, const Addressee& addressee) const {
  const auto to = addressee.topics.find(letter.topic);
  if (to == addressee.topics.end()) return {};  // this version of it does not hear that any more
  if (to->second.form != letter.form) {
    return {.status = MORTISE_FAILED_PRECONDITION,
            .reason = "it was published in another form than the subscriber's version was built for"};
  }
  const Event event{.id_high = origin_.epoch,
                    .id_low = static_cast<std::uint64_t>(letter.id),
                    .published_ms = letter.published_ms,
                    .attempt = letter.attempts + 1,
                    .publisher = origin_.publisher,
                    .key = letter.key,
                    .bytes = {letter.bytes.data(), letter.bytes.size()}};
  try {
    std::vector<std::uint8_t> request(request_size(event));
    write_request(event, request.data());
    return deliver({.cone = addressee.cone, .channel = to->second.channel, .form = letter.form}, letter.topic,
                   {request.data(), request.size()});
  } catch (const std::bad_alloc&) {
    return {.status = MORTISE_RESOURCE_EXHAUSTED, .reason = {}};
  }
}

/// Of the first letter of that lane.
bool Courier::finish(const std::string& name, const Delivery& delivery) {
  const auto found = lanes_.find(name);
  auto& lane = found->second;
  const auto first = std::move(lane.letters.front());
  const auto& letter = *first;
  lane.letters.pop_front();
  --count_;
  bytes_ -= letter.bytes.size();
  const bool was_ahead = ahead_.erase(letter.id) > 0;
  if (was_ahead) done_to_ = std::max(done_to_, letter.id);
  auto& counts = counts_[letter.topic];
  ++counts.delivered;
  bool is_urgent = false;
  if (delivery.status != MORTISE_OK) {
    ++counts.failed;
    auto why = std::string(base::to_string(runtime::to_code(delivery.status)));
    if (!delivery.reason.empty()) why += ": " + delivery.reason;
    progress_.failed.push_back({{.id = letter.id, .key = letter.key}, letter.topic, letter.attempts + 1, why});
    note_unwritten(letter);
    drop(lane, letter);
    is_urgent = true;
  } else if (was_ahead) {
    ++heard_ahead_;
  } else {
    progress_.heard.push_back({.id = letter.id, .key = letter.key});
    note_unwritten(letter);
    is_urgent = lane.letters.empty();
  }
  if (lane.letters.empty()) {
    lanes_.erase(found);
  } else {
    ready_.push_back(name);
  }
  return is_urgent || heard_ahead_ >= kMostUnwritten || unwritten_.size() >= kMostUnwritten ||
         (is_more_ && wants_more());
}

/// What waits behind one that has failed is to wait on the disk, where those are that have a row.
void Courier::drop(Lane& lane, const Letter& failed) {
  for (const auto& letter : lane.letters) {
    --count_;
    bytes_ -= letter->bytes.size();
    if (ahead_.erase(letter->id) == 0) continue;
    done_to_ = std::max(done_to_, letter->id);
    park({.id = letter->id, .key = failed.key});
  }
  lane.letters.clear();
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
  return is_held_ && workers_ == 0 && !ahead_.empty() && ahead_.begin()->first < done_to_;
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

std::map<std::string, CourierCounts> Courier::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace mortise::events
