// What a visitor's browser does for the benchmark: one connection, requests one after the other, the shop's cookies.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace bench {

struct Page {
  unsigned status = 0;
  std::string location;  // where a redirection leads
  std::string body;
};

/// One thread. Ends the process when the connection fails: a server that hangs up is a failed measurement.
class Browser {
 public:
  explicit Browser(std::uint16_t port);
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  Page get(std::string_view target);
  /// `form`: "quantity=1&product=mug".
  Page post(std::string_view target, std::string_view form);
  [[nodiscard]] bool has_cookie(const std::string& name) const { return cookies_.contains(name); }

 private:
  Page exchange(const std::string& request);
  void keep_cookies(std::string_view head);
  [[nodiscard]] std::string headers() const;

  int socket_;
  std::map<std::string, std::string> cookies_;
  std::string received_;
};

}  // namespace bench
