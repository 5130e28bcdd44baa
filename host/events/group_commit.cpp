#include "events/group_commit.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "events/outbox_rows.hpp"

namespace mortise::events {
namespace {

using base::Error;
using base::ErrorCode;

// For the others to come along whom the last commit has woken: a fraction of what another wait for the disk takes.
constexpr std::chrono::microseconds kGather{200};

}  // namespace

base::Result<void> GroupCommit::write(const Publication& publication, sql::Time deadline) {
  if (database_->is_written_by(sql::Caller::this_thread())) {
    return Error{ErrorCode::failed_precondition,
                 "this thread has a transaction open; publish the event in it, or end it first"};
  }
  Waiting mine{.publication = publication, .deadline = deadline};
  std::unique_lock lock(mutex_);
  queue_.push_back(&mine);
  gathered_.notify_one();
  while (!mine.is_done) {
    if (!is_led_) {
      lead(lock);
      continue;
    }
    if (deadline == sql::Time::max()) {
      done_.wait(lock);
      continue;
    }
    const bool is_late = done_.wait_until(lock, deadline) == std::cv_status::timeout;
    const auto place = std::find(queue_.begin(), queue_.end(), &mine);
    if (!is_late || mine.is_done) continue;
    if (place != queue_.end()) {
      queue_.erase(place);
      return Error{ErrorCode::deadline_exceeded, "others wrote to the database until the deadline"};
    }
    done_.wait(lock, [&] { return mine.is_done; });  // it is being written
  }
  return mine.outcome;
}

/// Takes along what is there when it is this thread's turn.
void GroupCommit::lead(std::unique_lock<std::mutex>& lock) noexcept {
  is_led_ = true;
  gathered_.wait_for(lock, kGather, [this] { return queue_.size() >= expected_; });
  const auto size = std::min(queue_.size(), kMostInBatch);
  const std::span<Waiting* const> batch(batch_.begin(), std::copy_n(queue_.begin(), size, batch_.begin()));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(size));
  lock.unlock();
  base::Result<void> outcome = Error{ErrorCode::resource_exhausted, {}};
  try {
    outcome = commit(batch);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): which has been said
  }
  lock.lock();
  for (auto* const one : batch) {
    one->outcome = outcome;
    one->is_done = true;
  }
  expected_ = std::min(batch.size() + queue_.size(), kMostInBatch);
  is_led_ = false;
  done_.notify_all();
}

/// By the deadline of who has the most time: who has less is answered late, but with what has come of it.
base::Result<void> GroupCommit::commit(std::span<Waiting* const> batch) {
  const auto is_before = [](const auto* a, const auto* b) { return a->deadline < b->deadline; };
  const auto deadline = (*std::max_element(batch.begin(), batch.end(), is_before))->deadline;
  const auto transaction = database_->begin(sql::Database::Access::own, deadline);
  if (!transaction) return transaction.error();
  auto& connection = (*transaction)->connection();
  for (const auto* const one : batch) {
    const auto parameters = to_parameters(one->publication);
    const auto written = connection.run_own(kInsertEvent, {.parameters = parameters});
    if (!written) return written.error();
  }
  return (*transaction)->commit();
}

}  // namespace mortise::events
