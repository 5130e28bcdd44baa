// One connection to another host, which carries one call at a time over HTTP/1.1 and is kept for the next.
#pragma once

#include <Poco/Net/HTTPClientSession.h>

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "remote/call.hpp"
#include "remote/call_socket.hpp"

namespace mortise::remote {

/// What comes of one that is not answered, or not even sent, by its deadline.
[[nodiscard]] Attempt late(const Call& call);

/// One thread at a time.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  /// Resolves the name anew, as what it stands for may have moved. Waits as connect_to_any() does.
  static base::Result<std::unique_ptr<Connection>> open(const std::string& host, std::uint16_t port,
                                                        Clock::time_point deadline);
  /// The socket is a CallSocket's.
  explicit Connection(const Poco::Net::StreamSocket& socket, std::string host_header);

  [[nodiscard]] Attempt carry(const Call& call);

  /// The other side has neither closed it nor said anything since the last call.
  [[nodiscard]] bool is_fresh() noexcept;
  /// It may carry another one.
  [[nodiscard]] bool is_whole() const noexcept { return is_whole_; }

 private:
  void send(const Call& call);
  [[nodiscard]] Attempt receive(const Call& call);
  [[nodiscard]] std::string read_body(std::istream& in, const Poco::Net::HTTPResponse& response, const Call& call);

  Poco::Net::HTTPClientSession session_;
  CallSocket& socket_;  // that of session_
  const std::string host_header_;
  bool is_whole_ = true;
  bool is_kept_ = false;  // it has carried one before
};

}  // namespace mortise::remote
