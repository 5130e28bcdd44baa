// The same addition over HTTP and JSON: a keep-alive connection to the edge, with as little around it as can be.
#pragma once

#include <cstdint>
#include <string>

namespace bench {

/// Ends the process with a message when the connection fails.
class HttpCaller {
 public:
  explicit HttpCaller(std::uint16_t port);
  ~HttpCaller();
  HttpCaller(const HttpCaller&) = delete;
  HttpCaller& operator=(const HttpCaller&) = delete;

  std::int64_t add(std::int64_t a, std::int64_t b);

 private:
  int socket_;
  std::string buffer_;
};

}  // namespace bench
