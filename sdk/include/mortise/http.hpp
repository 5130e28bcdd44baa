// Routes: which request goes to which handler.
#pragma once

#include <mortise/abi/http.h>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mortise/arena.hpp>
#include <mortise/error.hpp>
#include <mortise/interface.hpp>
#include <mortise/request.hpp>
#include <mortise/response.hpp>
#include <mortise/text.hpp>
#include <mortise/websocket.hpp>

namespace mortise {

/// How a route is served. since 1.0
struct RouteOptions {
  std::uint64_t body_limit_bytes = 0;  // a larger body is refused with 413; 0: the host's default
  bool stream_body = false;            // the handler pulls the body with Request::read_body()
  bool blocking = false;               // the handler waits for something: keep it off the event loops
  // The client gets a 504 when the answer has not begun by then; zero: when the admin says so, as it does anyway where
  // that is sooner. A host older than ABI 1.1 takes no notice. since 1.1
  std::chrono::milliseconds deadline{0};
};

/// The plugin's routes. A handler is anything that takes (const Request&, Response&) and can be called while const;
/// it is called from many threads at once, and what it throws becomes the answer (see Error). since 1.0
/// [control-thread], during the plugin's constructor
class Http {
 public:
  Http(const mortise_http_v1* table, const mortise_host_v1& host) noexcept : table_(table), host_(host) {}
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  /// Answers HEAD too, without the body.
  template <class Handler>
  void get(std::string_view pattern, Handler handler) {
    route("GET", pattern, {}, std::move(handler));
  }
  template <class Handler>
  void post(std::string_view pattern, Handler handler) {
    route("POST", pattern, {}, std::move(handler));
  }
  template <class Handler>
  void put(std::string_view pattern, Handler handler) {
    route("PUT", pattern, {}, std::move(handler));
  }
  template <class Handler>
  void patch(std::string_view pattern, Handler handler) {
    route("PATCH", pattern, {}, std::move(handler));
  }
  template <class Handler>
  void del(std::string_view pattern, Handler handler) {
    route("DELETE", pattern, {}, std::move(handler));
  }

  /// A WebSocket: the same handlers for every client.
  void websocket(std::string_view pattern, const WebSocketHandlers& handlers) {
    websocket(pattern, [handlers](const Request&) { return handlers; });
  }
  /// A WebSocket: `connect` looks at the request and returns the handlers for this client, or throws to refuse it.
  template <std::invocable<const Request&> Connect>
  void websocket(std::string_view pattern, Connect connect) {
    const auto* sockets = detail::find_interface<mortise_websocket_v1>(host_, MORTISE_WEBSOCKET_V1);
    get(pattern, [sockets, connect = std::move(connect)](const Request& request, Response& response) {
      WebSocket::accept(sockets, response, connect(request));
    });
  }

  /// Any method, any options. Throws what is wrong with the pattern.
  template <class Handler>
  void route(std::string_view method, std::string_view pattern, RouteOptions options, Handler handler) {
    static_assert(
        std::is_invocable_v<const Handler&, const Request&, Response&>,
        "a handler takes (const mortise::Request&, mortise::Response&), and is not mutable: many threads call "
        "it at once");
    auto kept = std::make_unique<Bound<Handler>>(table_, std::move(handler));
    auto* const bound = kept.get();
    // Before the host knows of it, so that nothing can come between.
    handlers_.push_back(std::move(kept));
    const std::uint32_t flags = (options.stream_body ? MORTISE_HTTP_ROUTE_STREAM_BODY : 0U) |
                                (options.blocking ? MORTISE_HTTP_ROUTE_BLOCKING : 0U);
    const auto deadline_ms = std::clamp<std::int64_t>(options.deadline.count(), 0, UINT32_MAX);
    const mortise_http_route_v1 route{sizeof(mortise_http_route_v1),
                                      flags,
                                      detail::borrow(method),
                                      detail::borrow(pattern),
                                      options.body_limit_bytes,
                                      bound,
                                      &Bound<Handler>::handle,
                                      static_cast<std::uint32_t>(deadline_ms),
                                      0};
    detail::Message message;
    const auto added = table_->add_route(host_.host, &route, message.out());
    // Too late is a mistake of the plugin's, and none of the client's whose request it may be serving.
    if (added == MORTISE_FAILED_PRECONDITION) throw Error(Status::internal, std::string(message.text()));
    detail::check(added, message);
  }

 private:
  struct AnyBound {
    virtual ~AnyBound() = default;
  };

  /// A handler at a fixed address, which the host passes back as `self`.
  template <class Handler>
  struct Bound final : AnyBound {
    Bound(const mortise_http_v1* given_table, Handler given) : table(given_table), handler(std::move(given)) {}

    static mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* raw,
                                 mortise_error* error) {
      return detail::barrier(error, [&] {
        const auto& bound = *static_cast<const Bound*>(self);
        const Request request(bound.table, exchange, raw);
        Response response(bound.table, exchange);
        try {
          bound.handler(request, response);
        } catch (const Error& failure) {
          if (failure.context().empty()) throw;
          detail::hand_back(failure);
          throw Error(failure.status(), failure.what());  // the way is told once, by the host
        }
      });
    }

    const mortise_http_v1* table;
    Handler handler;
  };

  const mortise_http_v1* table_;
  const mortise_host_v1& host_;
  std::vector<std::unique_ptr<AnyBound>> handlers_;
};

}  // namespace mortise
