// A worker's end of both ways to its host. The process ends when the host is not there any more.
#pragma once

#include <mortise/abi/types.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "isolation/area.hpp"
#include "isolation/block_heap.hpp"
#include "isolation/ring.hpp"
#include "isolation/talk.hpp"

namespace mortise::isolation {

/// One per worker. Any thread, but for what says otherwise.
class HostLink {
 public:
  /// `wake`: the end for writing of a pipe, at whose other end the host's attendant listens while it sleeps.
  HostLink(Talk talk, std::shared_ptr<Area> area, base::Descriptor wake);

  // --- The slow way.
  /// The next message of the host. Main thread.
  Message wait();
  void say(const nlohmann::json& head, std::string_view bytes = {});
  void say_all(const nlohmann::json& head, std::string_view bytes);
  /// Has the host register something, of which `bytes` are a part. Main thread, inside a hook.
  base::Result<void> ask(nlohmann::json head, std::string_view bytes = {});

  // --- The fast way.
  [[nodiscard]] Area& area() const noexcept { return *area_; }
  BlockHeap& heap() noexcept { return heap_; }
  /// `is_urgent`: somebody waits for it; else it may lie there until there is more.
  void complete(const Completion& completion, bool is_urgent);
  /// At once, with a payload that nobody waits for: a copy of it is kept until the host has taken that. False: there is
  /// no room for it.
  bool complete_with(Completion completion, const void* payload, std::uint64_t size);
  /// Likewise, and waits for what the host says to it.
  mortise_status complete_and_wait(Completion completion, std::uint64_t& value);
  /// Both: with a payload, and waits. Nullopt: there is no room for it.
  std::optional<mortise_status> complete_with_and_wait(Completion completion, const void* payload, std::uint64_t size);

 private:
  std::uint32_t take_reply();
  mortise_status await_reply(std::uint32_t reply, std::uint64_t& value);
  void give_reply_back(std::uint32_t reply);
  void wake_host();
  void push(const Completion& completion, bool is_urgent);
  void take_back_lent();

  Talk talk_;
  std::mutex talk_mutex_;  // guards sending
  const std::shared_ptr<Area> area_;
  const base::Descriptor wake_;
  BlockHeap heap_;
  std::mutex completions_mutex_;
  RingWriter<Completion> completions_;  // guarded by completions_mutex_
  // Guarded by completions_mutex_: blocks of complete_with(), and how much had been written before.
  std::deque<std::pair<std::uint32_t, std::uint8_t*>> lent_;
  std::mutex replies_mutex_;
  std::condition_variable reply_given_back_;
  std::vector<std::uint32_t> free_replies_;  // guarded by replies_mutex_
};

}  // namespace mortise::isolation
