/* mortise.http/1: serve HTTP requests.
 *
 * A plugin registers routes during init. The host calls a route's handler once per request, on the thread that
 * read it. The handler ends the exchange in one of these ways:
 *   - respond(): one answer, whole;
 *   - start(), write()..., finish(): a streamed answer;
 *   - defer(): "later". The exchange then stays the plugin's, on any thread, until exactly one call of
 *     respond(), finish() or abort() ends it;
 *   - a status other than MORTISE_OK: the host answers with application/problem+json.
 * A handler that returns MORTISE_OK without any of these is answered for with a 500. Once there is an answer, the
 * handler's status is no longer told to the client.
 * The ending call invalidates the exchange and its request, also when it returns MORTISE_CANCELLED; inside the handler
 * that did not defer, both stay valid until it returns.
 */
#ifndef MORTISE_ABI_HTTP_H
#define MORTISE_ABI_HTTP_H

#include <mortise/abi/host.h>
#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HTTP_V1 "mortise.http/1"

/* One request and its answer; owned by the host. */
typedef struct mortise_http_exchange mortise_http_exchange;

/* A header field or a path parameter. since 1.0 */
typedef struct mortise_http_field {
  mortise_str name;
  mortise_str value;
} mortise_http_field;

#define MORTISE_HTTP_REQUEST_SECURE 1u /* arrived over TLS; bits without a name here are to be ignored */

/* A request. The struct is the host's; it and all it points to are valid until the exchange ends. since 1.0 */
typedef struct mortise_http_request_v1 {
  uint32_t struct_size;
  uint32_t flags;                   /* MORTISE_HTTP_REQUEST_* */
  mortise_str method;               /* as sent: "GET" */
  mortise_str target;               /* as sent: "/notes/a%20b?page=2" */
  mortise_str path;                 /* the target without its query, as sent */
  mortise_str query;                /* behind the '?', as sent; empty when there is none */
  const mortise_http_field* params; /* path parameters, in the pattern's order, percent-decoded */
  uint64_t param_count;
  const mortise_http_field* headers; /* in the order of arrival, names as sent; compare without case */
  uint64_t header_count;
  mortise_bytes body;         /* whole; empty on a MORTISE_HTTP_ROUTE_STREAM_BODY route */
  mortise_str id;             /* the request's id, also in the X-Request-Id header of the answer */
  mortise_str remote_address; /* the peer: "127.0.0.1:53122" */
} mortise_http_request_v1;

/* An answer, or the head of a streamed one. The host copies what it keeps before the call returns. It sets
 * Content-Length or Transfer-Encoding, Date and Connection itself and refuses them here with
 * MORTISE_INVALID_ARGUMENT, likewise a header with CR, LF or NUL in it. since 1.0 */
typedef struct mortise_http_response_v1 {
  uint32_t struct_size;
  uint32_t status; /* 200 to 599 */
  const mortise_http_field* headers;
  uint64_t header_count;
  mortise_bytes body;
} mortise_http_response_v1;

#define MORTISE_HTTP_ROUTE_STREAM_BODY 1u /* run the handler before the body arrived; it pulls with read_body() */
#define MORTISE_HTTP_ROUTE_BLOCKING 2u    /* the handler waits for something: run it on the blocking pool */

/* A route. Copied, with its strings, by add_route(); `handle` and `self` must stay valid until destroy. since 1.0 */
typedef struct mortise_http_route_v1 {
  uint32_t struct_size;
  uint32_t flags;            /* MORTISE_HTTP_ROUTE_*; a bit that the host does not know is refused */
  mortise_str method;        /* "GET"; GET serves HEAD too unless that has a route of its own */
  mortise_str pattern;       /* "/notes", "/notes/{id}", "/files/{rest...}" */
  uint64_t body_limit_bytes; /* a larger body is refused with 413; 0: the host's default */
  void* self;

  /* Answers one request. Called from many threads at once. since 1.0 [in-scope] */
  mortise_status (*handle)(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                           mortise_error* error);

  /* The client gets a 504 when the answer has not begun so many ms after the request was there; the deadline that the
   * admin sets for the plugin counts where it is sooner. 0: that one alone. since 1.1 */
  uint32_t deadline_ms;
  uint32_t reserved;
} mortise_http_route_v1;

/* since 1.0 */
typedef struct mortise_http_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* Registers a route. Fails with MORTISE_INVALID_ARGUMENT (pattern, method), MORTISE_ALREADY_EXISTS (this plugin
   * has that route) or MORTISE_FAILED_PRECONDITION (not during init). A route that another plugin has is found when
   * the host activates this one, and fails it then. since 1.0 [control-thread] */
  mortise_status (*add_route)(mortise_host* host, const mortise_http_route_v1* route, mortise_error* error);

  /* Answers whole and ends the exchange. MORTISE_CANCELLED: the client is gone. MORTISE_FAILED_PRECONDITION:
   * already answered or started. MORTISE_INVALID_ARGUMENT: a bad status or header; this alone leaves the
   * exchange as it was. since 1.0 [in-scope]; after defer() [any-thread] */
  mortise_status (*respond)(mortise_http_exchange* exchange, const mortise_http_response_v1* response);

  /* Keeps the exchange beyond the handler's return; also one that was started. MORTISE_FAILED_PRECONDITION: ended, or
   * deferred already. since 1.0 [in-scope] */
  mortise_status (*defer)(mortise_http_exchange* exchange);

  /* Pulls the next piece of a streamed request body: waits until at least one byte is there, and stores up to
   * `capacity` bytes and their number in `*size`; 0 at the end. MORTISE_OUT_OF_RANGE: past the route's body limit.
   * MORTISE_INVALID_ARGUMENT: the body is malformed. MORTISE_CANCELLED: the client is gone. MORTISE_DEADLINE_EXCEEDED:
   * the client stalled. MORTISE_FAILED_PRECONDITION: no MORTISE_HTTP_ROUTE_STREAM_BODY route.
   * since 1.0 [in-scope]; after defer() [any-thread], one thread at a time */
  mortise_status (*read_body)(mortise_http_exchange* exchange, uint8_t* buffer, uint64_t capacity, uint64_t* size);

  /* Sends the head of a streamed answer (its body is the first piece). Errors as respond(), but none of them ends the
   * exchange. since 1.0 [in-scope]; after defer() [any-thread] */
  mortise_status (*start)(mortise_http_exchange* exchange, const mortise_http_response_v1* head);

  /* Sends a piece of a started answer. When the client reads slower than the plugin writes, waits up to
   * `timeout_ms` for room; MORTISE_RESOURCE_EXHAUSTED when there is none by then (nothing was taken).
   * MORTISE_CANCELLED: the client is gone; the exchange still has to be ended. An empty piece is none.
   * since 1.0 [in-scope]; after defer() [any-thread] */
  mortise_status (*write)(mortise_http_exchange* exchange, mortise_bytes piece, uint32_t timeout_ms);

  /* Ends a started answer, and the exchange. since 1.0 [in-scope]; after defer() [any-thread] */
  mortise_status (*finish)(mortise_http_exchange* exchange);

  /* Ends the exchange without a (complete) answer: the connection is cut, or, when nothing was sent yet,
   * answered with a 500. since 1.0 [in-scope]; after defer() [any-thread] */
  void (*abort)(mortise_http_exchange* exchange);

  /* Asks to be told, once, when the client goes away while the exchange is deferred. `callback` runs on a host
   * thread, must not wait, and may end the exchange. An ending call from elsewhere waits for a callback that is
   * running; none starts after it. MORTISE_CANCELLED: the client has gone already, and the callback will not come.
   * MORTISE_FAILED_PRECONDITION: not deferred, or ended. since 1.0 [any-thread], after defer() */
  mortise_status (*on_close)(mortise_http_exchange* exchange, void (*callback)(void* self), void* self);

  /* How long the client waits yet before the host answers it with a 504, in ms, rounded down: who knows that he will
   * not be done by then may give up at once. 0: it is, or is about to be, or it has gone. UINT64_MAX: there is no
   * deadline, or none any more, since the answer was started. since 1.1 [in-scope]; after defer() [any-thread] */
  uint64_t (*time_left_ms)(mortise_http_exchange* exchange);
} mortise_http_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_HTTP_H */
