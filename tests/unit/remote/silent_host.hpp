// Something on the loopback that does not answer who wants to connect.
#pragma once

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

namespace mortise::remote {

/// Its queue has room for one, which nobody takes out.
class SilentHost {
 public:
  [[nodiscard]] Poco::Net::SocketAddress address() const { return socket_.address(); }

 private:
  Poco::Net::ServerSocket socket_{Poco::Net::SocketAddress("127.0.0.1", 0), 0};
  Poco::Net::StreamSocket only_one_{socket_.address()};
};

}  // namespace mortise::remote
