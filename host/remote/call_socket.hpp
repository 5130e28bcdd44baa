// The socket of a connection to another host. It waits for no longer than the call that it carries may take, and not
// for an answer that nobody waits for any more, however many pieces a request or an answer comes in: who trickles gets
// no more time than who is silent.
#pragma once

#include <Poco/Net/StreamSocketImpl.h>

#include <optional>

#include "remote/call.hpp"

namespace mortise::remote {

/// Owned by Poco's sockets for it, which count their references. One thread at a time.
class CallSocket : public Poco::Net::StreamSocketImpl {
 public:
  /// While it lives, the socket sends and receives for `call`; otherwise it waits for nothing.
  class Carrying {
   public:
    Carrying(CallSocket& socket, const Call& call);
    ~Carrying() { socket_.call_ = nullptr; }
    Carrying(const Carrying&) = delete;
    Carrying& operator=(const Carrying&) = delete;

   private:
    CallSocket& socket_;
  };

  /// The other side has closed its end instead of a further piece of the answer to the call that was carried last.
  [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }

  /// All of it. Both throw Poco::TimeoutException when they may wait no longer.
  int sendBytes(const void* buffer, int length, int flags) override;
  int receiveBytes(void* buffer, int length, int flags) override;

 private:
  ~CallSocket() override = default;
  /// `most`: none is as long as the call may take.
  void wait(short events, std::optional<std::chrono::seconds> most) const;

  const Call* call_ = nullptr;
  bool has_answered_ = false;  // a piece at least
  bool has_ended_ = false;
};

}  // namespace mortise::remote
