// What a connection needs while it has a request, and only then: buffers, the parser, what the request is made of.
// A connection that waits for its next request has none, so that thousands of them are small, and the one that is used
// for most requests is warm in the processor's cache.
#pragma once

#include <mortise/abi/http.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/input_buffer.hpp"
#include "http/request_parser.hpp"
#include "http/router.hpp"
#include "runtime/containment.hpp"
#include "runtime/memory_account.hpp"
#include "telemetry/trace_context.hpp"

namespace mortise::http {

/// Belongs to one connection from the first byte of a request to the end of the last that is there.
struct Workspace {
  InputBuffer input;  // while a request is served, its head stays where it is, at the front
  std::string out;
  std::string body;
  // Of the plugin that was asked last.
  runtime::BufferCharge out_charge;  // what the transport has of `out`, and has not sent at once
  runtime::BufferCharge body_charge;

  RequestParser parser;
  bool is_parser_started = false;
  std::size_t head_size = 0;

  // The request that is served.
  std::string generated_id;
  std::string_view request_id;
  std::optional<telemetry::TraceContext> trace;
  runtime::ConePtr cone;              // until the handler has returned
  runtime::GenerationPtr generation;  // beyond that, when the exchange goes on
  runtime::Containment::Pass pass;
  bool is_counted = true;  // in the containment's eyes: nothing came of it, or that is told
  const Route* route = nullptr;
  Params params;
  mortise_http_request_v1 request{};
  std::chrono::steady_clock::time_point deadline;  // of the request; max(): none
  bool is_hurried = false;                         // its client has left less time than any plugin has to do with
  std::chrono::steady_clock::time_point started;
  std::chrono::steady_clock::time_point handled_since;  // when its handler could begin; none: nobody wants to know

  /// Lets go of the request, and of what it holds above all.
  void forget_request() noexcept;
};

/// Takes everything out of it. Much memory is given back to the system: one large request should not keep it.
void empty(std::string& text);

/// The workspaces of one loop that are not in use. Any thread.
class WorkspacePool {
 public:
  ~WorkspacePool();
  std::unique_ptr<Workspace> take();
  void give_back(std::unique_ptr<Workspace> workspace);

 private:
  // The one that was given back last: for most requests the only one. Whoever exchanges it owns what it gets, and
  // acquires what the thread released that put it there.
  std::atomic<Workspace*> last_{nullptr};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> others_;  // guarded by mutex_
};

}  // namespace mortise::http
