// What a courier's threads do.
#include <algorithm>
#include <new>

#include "events/courier.hpp"
#include "events/event_form.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "runtime/retry_rules.hpp"
#include "telemetry/log.hpp"

namespace mortise::events {
namespace {

// Handlers of one subscriber at a time.
constexpr std::size_t kMostAtOnce = 8;
// How long a thread delivers before others who wait for one come first.
constexpr std::chrono::milliseconds kLongestShift{5};

}  // namespace

bool Courier::may_begin() const { return !is_held_ && addressee_.cone != nullptr && time_to_wait().count() == 0; }

std::chrono::milliseconds Courier::time_to_wait() const {
  if (!is_waiting_) return std::chrono::milliseconds(0);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(waits_until_ - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

/// They are to be posted by who has asked.
std::size_t Courier::count_new_workers() {
  if (!may_begin()) return 0;
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
    // There is no thread, or the host ends: the outbox's next turn has it tried again.
    {
      const std::lock_guard lock(mutex_);
      workers_ -= workers - i;
    }
    return tell(false);
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
  const auto until = std::chrono::steady_clock::now() + kLongestShift;
  std::uint64_t number = 0;
  LetterPtr letter;
  for (Addressee addressee; take_next(number, letter, addressee);) {
    auto delivery = deliver_one(*letter, addressee);
    bool is_first = false;
    bool is_urgent = false;
    {
      const std::lock_guard lock(mutex_);
      const auto place = under_way_.find(number);
      if (place == under_way_.end()) return;  // abandoned, and this thread's place with it
      if (place->second.is_discarded) delivery = {};
      if (delivery.has_begun) {
        is_first = heard_ahead_ == 0 && unwritten_.empty();
        is_urgent = finish(place->second.lane, delivery);
      } else {
        wait_with(place->second.lane);
      }
      under_way_.erase(place);
      if (under_way_.empty()) idle_.notify_all();
    }
    if (!delivery.has_begun) tell_of_wait(delivery);
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
  if (!may_begin() || ready_.empty()) {
    --workers_;
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
      Delivery delivery{.status = MORTISE_DEADLINE_EXCEEDED,
                        .reason = "its handler had not returned when the subscriber's version went"};
      if (one.second.is_discarded) delivery = {};
      finish(one.second.lane, delivery);
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
    return deliver({.cone = addressee.cone, .channel = to->second.channel, .form = letter.form},
                   {.topic = letter.topic, .publisher = origin_.publisher, .id = std::to_string(letter.id)},
                   {request.data(), request.size()});
  } catch (const std::bad_alloc&) {
    return {.status = MORTISE_RESOURCE_EXHAUSTED, .reason = {}};
  }
}

/// Its first letter was not begun.
void Courier::wait_with(const std::string& name) {
  ready_.push_front(name);
  is_waiting_ = true;
  waits_until_ = std::chrono::steady_clock::now() + runtime::kPauseOfUnbegun;
}

/// Once, until something has begun.
void Courier::tell_of_wait(const Delivery& delivery) {
  if (const auto desk = desk_.lock()) desk->wake_in(runtime::kPauseOfUnbegun);
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(has_told_of_wait_, true)) return;
  }
  telemetry::log(telemetry::Level::warning, "events", "durable events wait for their subscriber",
                 {{"subscriber", plugin_}, {"publisher", origin_.publisher}, {"reason", delivery.reason}});
}

/// Of the first letter of that lane.
bool Courier::finish(const std::string& name, const Delivery& delivery) {
  is_waiting_ = false;
  has_told_of_wait_ = false;
  const auto found = lanes_.find(name);
  auto& lane = found->second;
  const auto first = std::move(lane.letters.front());
  const auto& letter = *first;
  lane.letters.pop_front();
  --count_;
  bytes_ -= letter.bytes.size();
  auto& counts = counts_[letter.topic];
  ++counts.delivered;
  bool is_urgent = false;
  if (delivery.status != MORTISE_OK) {
    if (ahead_.erase(letter.id) > 0) done_to_ = std::max(done_to_, letter.id);
    ++counts.failed;
    auto why = std::string(base::to_string(runtime::to_code(delivery.status)));
    if (!delivery.reason.empty()) why += ": " + delivery.reason;
    progress_.failed.push_back({{.id = letter.id, .key = letter.key}, letter.topic, letter.attempts + 1, why});
    note_unwritten(letter);
    drop(lane, letter);
    is_urgent = true;
  } else {
    const bool has_a_row = !ahead_.contains(letter.id);
    note_heard(letter);
    is_urgent = has_a_row && lane.letters.empty();
  }
  if (lane.letters.empty()) {
    lanes_.erase(found);
  } else {
    ready_.push_back(name);
  }
  return is_urgent || heard_ahead_ >= kMostUnwritten || unwritten_.size() >= kMostUnwritten ||
         (is_more_ && wants_more());
}

void Courier::note_heard(const Letter& letter) {
  if (ahead_.erase(letter.id) > 0) {
    done_to_ = std::max(done_to_, letter.id);
    ++heard_ahead_;
    return;
  }
  progress_.heard.push_back({.id = letter.id, .key = letter.key});
  note_unwritten(letter);
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

}  // namespace mortise::events
