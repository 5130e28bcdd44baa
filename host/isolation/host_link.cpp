#include "isolation/host_link.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "isolation/futex.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::isolation {
namespace {

// What nobody waits for is worth a wake-up when there is so much of it.
constexpr std::uint32_t kMostUnheard = 64;

/// The host is gone, or has given this worker up. Whatever runs here, nobody waits for it.
[[noreturn]] void end_alone() { std::_Exit(1); }

}  // namespace

HostLink::HostLink(Talk talk, std::shared_ptr<Area> area, base::Descriptor wake)
    : talk_(std::move(talk)),
      area_(std::move(area)),
      wake_(std::move(wake)),
      heap_(area_->memory().worker_heap),
      completions_(area_->memory().completions) {
  for (std::uint32_t i = 0; i < kReplyCount; ++i) free_replies_.push_back(kReplyCount - 1 - i);
}

Message HostLink::wait() {
  Message message;
  if (!talk_.wait(message)) end_alone();
  return message;
}

void HostLink::say(const nlohmann::json& head, std::string_view bytes) {
  const std::lock_guard lock(talk_mutex_);
  if (!talk_.send(head, bytes)) end_alone();
}

void HostLink::say_all(const nlohmann::json& head, std::string_view bytes) {
  const std::lock_guard lock(talk_mutex_);
  if (!talk_.send_all(head, bytes)) end_alone();
}

base::Result<void> HostLink::ask(nlohmann::json head, std::string_view bytes) {
  head["say"] = say::kAsk;
  say_all(head, bytes);
  const auto answer = wait();
  const auto status = static_cast<mortise_status>(answer.number("status"));
  if (status == MORTISE_OK) return {};
  return base::Error{runtime::to_code(status), answer.text("message")};
}

void HostLink::wake_host() {
  if (area_->memory().completions.sleepers.exchange(0) == 0) return;
  constexpr char kByte = 0;
  while (::write(wake_.get(), &kByte, 1) < 0) {
    if (errno == EAGAIN) return;  // full: the host is about to look
    // The plugin has closed what is not its own: another process has to take this one's place.
    if (errno != EINTR) end_alone();
  }
}

void HostLink::complete(const Completion& completion, bool is_urgent) {
  const std::lock_guard lock(completions_mutex_);
  push(completion, is_urgent);
}

bool HostLink::complete_with(Completion completion, const void* payload, std::uint64_t size) {
  {
    const std::lock_guard lock(completions_mutex_);
    take_back_lent();
  }
  auto* const block = heap_.allocate(std::max<std::uint64_t>(size, 1));
  if (block == nullptr) return false;
  if (size > 0) std::memcpy(block, payload, size);
  const std::lock_guard lock(completions_mutex_);
  completion.offset = area_->offset_of(block);
  completion.size = size;
  lent_.emplace_back(completions_.written(), block);
  push(completion, true);
  return true;
}

/// What the host has taken. Under completions_mutex_.
void HostLink::take_back_lent() {
  while (!lent_.empty() && completions_.is_done_with(lent_.front().first)) {
    heap_.free(lent_.front().second);
    lent_.pop_front();
  }
}

/// Under completions_mutex_. Also of those who lend nothing, each takes back: positions in the ring can be compared
/// only as long as they are near each other.
void HostLink::push(const Completion& completion, bool is_urgent) {
  take_back_lent();
  while (completions_.push(completion) == RingWriter<Completion>::Pushed::full) {
    wake_host();  // which is behind by thousands of them
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (is_urgent || completions_.backlog() >= kMostUnheard) wake_host();
}

mortise_status HostLink::complete_and_wait(Completion completion, std::uint64_t& value) {
  completion.reply = take_reply();
  complete(completion, true);
  return await_reply(completion.reply, value);
}

std::optional<mortise_status> HostLink::complete_with_and_wait(Completion completion, const void* payload,
                                                               std::uint64_t size) {
  completion.reply = take_reply();
  if (!complete_with(completion, payload, size)) {
    give_reply_back(completion.reply);
    return std::nullopt;
  }
  std::uint64_t ignored = 0;
  return await_reply(completion.reply, ignored);
}

mortise_status HostLink::await_reply(std::uint32_t reply, std::uint64_t& value) {
  auto& place = area_->memory().replies[reply];
  while (place.is_there.load(std::memory_order_acquire) == 0) futex_wait(place.is_there, 0);
  const auto status = place.status.load(std::memory_order_relaxed);
  value = place.value.load(std::memory_order_relaxed);
  give_reply_back(reply);
  return status;
}

std::uint32_t HostLink::take_reply() {
  std::unique_lock lock(replies_mutex_);
  reply_given_back_.wait(lock, [this] { return !free_replies_.empty(); });
  const auto reply = free_replies_.back();
  free_replies_.pop_back();
  area_->memory().replies[reply].is_there.store(0, std::memory_order_relaxed);  // published with the completion
  return reply;
}

void HostLink::give_reply_back(std::uint32_t reply) {
  {
    const std::lock_guard lock(replies_mutex_);
    free_replies_.push_back(reply);
  }
  reply_given_back_.notify_one();
}

}  // namespace mortise::isolation
