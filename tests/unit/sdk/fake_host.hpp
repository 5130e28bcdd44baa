// A host made of tables alone, and requests to call its plugin's handlers with.
#pragma once

#include <mortise/abi/assets.h>
#include <mortise/abi/config.h>
#include <mortise/abi/host.h>
#include <mortise/abi/log.h>

#include <map>
#include <string>
#include <vector>

#include "fake_exchange.hpp"

namespace mortise::sdk_testing {

/// A request that a test fills in; raw() borrows from it.
struct FakeRequest {
  std::string method = "GET";
  std::string target = "/";
  std::string body;
  std::vector<std::pair<std::string, std::string>> params;
  std::vector<std::pair<std::string, std::string>> headers;
  std::uint32_t flags = 0;

  const mortise_http_request_v1* raw() {
    fill(params, raw_params_);
    fill(headers, raw_headers_);
    const auto mark = target.find('?');
    path_ = target.substr(0, mark);
    query_ = mark == std::string::npos ? "" : target.substr(mark + 1);
    raw_ = {.struct_size = sizeof raw_,
            .flags = flags,
            .method = str(method),
            .target = str(target),
            .path = str(path_),
            .query = str(query_),
            .params = raw_params_.data(),
            .param_count = raw_params_.size(),
            .headers = raw_headers_.data(),
            .header_count = raw_headers_.size(),
            .body = body.empty() ? mortise_bytes{nullptr, 0} : bytes(body),
            .id = str("request-1"),
            .remote_address = str("127.0.0.1:4711")};
    return &raw_;
  }

 private:
  static void fill(const std::vector<std::pair<std::string, std::string>>& from,
                   std::vector<mortise_http_field>& fields) {
    fields.clear();
    for (const auto& [name, value] : from) fields.push_back({str(name), str(value)});
  }

  std::string path_;
  std::string query_;
  std::vector<mortise_http_field> raw_params_;
  std::vector<mortise_http_field> raw_headers_;
  mortise_http_request_v1 raw_{};
};

/// One thread at a time.
class FakeHost {
 public:
  struct Route {
    std::string method;
    std::string pattern;
    mortise_http_route_v1 raw;
  };
  struct Line {
    std::uint32_t level;
    std::string message;
    std::map<std::string, std::string> fields;
  };
  struct Mount {
    std::string prefix;
    std::string directory;
    std::map<std::string, std::string> files;
  };

  FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  [[nodiscard]] const mortise_host_v1& table() const { return table_; }
  /// Calls the only route's handler, as the host would, on this thread.
  void call(FakeExchange& exchange, FakeRequest request = {});

  std::map<std::string, const void*> interfaces;  // what the host has; a test takes away or replaces
  std::string config = "{}";
  std::uint32_t log_level = MORTISE_LOG_DEBUG;
  mortise_status refuses = MORTISE_OK;  // what add_route() and mount() say
  std::string reason;                   // and why

  std::vector<Route> routes;
  std::vector<Line> lines;
  std::vector<Mount> mounts;

 private:
  static FakeHost& from(mortise_host* host) { return *reinterpret_cast<FakeHost*>(host); }
  mortise_status verdict(mortise_error* error) const;

  mortise_host_v1 table_{};
  mortise_http_v1 http_{};
  mortise_log_v1 log_{};
  mortise_config_v1 config_{};
  mortise_assets_v1 assets_{};
};

}  // namespace mortise::sdk_testing
