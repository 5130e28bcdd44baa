#include "admin/control_server.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "admin/control_api.hpp"
#include "admin/control_socket.hpp"
#include "base/user.hpp"
#include "telemetry/log.hpp"

namespace mortise::admin {
namespace {

namespace net = Poco::Net;
using base::Error;
using base::ErrorCode;

constexpr std::size_t kMostBodyBytes = 65536;
// Calls wait in `control` one behind the other, so more threads would only wait together.
constexpr int kThreads = 4;
constexpr int kQueuedConnections = 16;

/// Counts the requests that are being answered, so that a stop can wait for them, though not for ever. Any thread.
class Calls {
 public:
  void enter() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    --count_;
    changed_.notify_all();
  }
  void wait_until_none(std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, most, [&] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;  // guarded by mutex_
};

/// nullopt: longer than the limit, of which the rest is not read.
std::optional<std::string> read_body(net::HTTPServerRequest& request) {
  // Without either there is no body (RFC 9112, 6.3); Poco would read until the client ends the connection.
  if (!request.hasContentLength() && !request.getChunkedTransferEncoding()) return std::string();
  auto& in = request.stream();
  std::string body(kMostBodyBytes + 1, '\0');
  in.read(body.data(), static_cast<std::streamsize>(body.size()));
  body.resize(static_cast<std::size_t>(in.gcount()));
  if (body.size() > kMostBodyBytes) return std::nullopt;
  return body;
}

ApiAnswer serve(net::HTTPServerRequest& request, const Controls& controls) {
  // Poco's server makes requests of no other class, and only this one has the socket.
  auto& connection = static_cast<net::HTTPServerRequestImpl&>(request);
  auto body = read_body(request);
  if (!body) {
    return make_problem(413, ErrorCode::resource_exhausted,
                        "the body is longer than " + std::to_string(kMostBodyBytes) + " bytes");
  }
  const auto descriptor = connection.socket().impl()->sockfd();
  const auto user = base::peer_user(descriptor);
  if (!user) return make_problem(500, user.error().code, user.error().message);
  return answer({.method = request.getMethod(),
                 .target = request.getURI(),
                 .body = std::move(*body),
                 .who = base::describe_user(*user),
                 .is_waited_for = [descriptor] { return !has_hung_up(descriptor); }},
                controls);
}

class Handler final : public net::HTTPRequestHandler {
 public:
  Handler(const Controls& controls, Calls& calls) : controls_(controls), calls_(calls) { calls_.enter(); }
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  ~Handler() override { calls_.leave(); }

  void handleRequest(net::HTTPServerRequest& request, net::HTTPServerResponse& response) override {
    const auto made = serve(request, controls_);
    response.setStatusAndReason(static_cast<net::HTTPResponse::HTTPStatus>(made.status));
    response.setContentType(made.content_type);
    response.set("Cache-Control", "no-store");
    if (!made.allow.empty()) response.set("Allow", made.allow);
    response.setContentLength(static_cast<std::streamsize>(made.body.size()));
    // Sent before this ends, and not when Poco destroys the response: once no call is counted, a stop cuts connections.
    response.send() << made.body << std::flush;
  }

 private:
  const Controls& controls_;
  Calls& calls_;
};

class Factory final : public net::HTTPRequestHandlerFactory {
 public:
  Factory(const Controls& controls, Calls& calls) : controls_(controls), calls_(calls) {}
  net::HTTPRequestHandler* createRequestHandler(const net::HTTPServerRequest&) override {
    return new Handler(controls_, calls_);  // Poco deletes it
  }

 private:
  const Controls& controls_;
  Calls& calls_;
};

net::HTTPServerParams::Ptr make_params(const ControlSettings& settings) {
  net::HTTPServerParams::Ptr params = new net::HTTPServerParams;
  params->setMaxThreads(kThreads);
  params->setMaxQueued(kQueuedConnections);
  params->setTimeout(Poco::Timespan(settings.receive_timeout.count() * Poco::Timespan::MILLISECONDS));
  params->setKeepAlive(false);
  return params;
}

}  // namespace

class ControlServer::Impl {
 public:
  Impl(ControlSettings settings, const Controls& controls, base::Files& files)
      : settings_(std::move(settings)), controls_(controls), files_(files) {}

  ~Impl() {
    stop();
    pool_.joinAll();
  }

  base::Result<void> start() {
    if (auto made = make_folder(); !made) return made;
    if (auto removed = remove_stale(settings_.socket, files_); !removed) return removed.error().in("control socket");
    if (auto opened = open(settings_.socket); !opened) return opened;
    say_open();
    return {};
  }

  base::Result<void> start_beside() {
    if (auto made = make_folder(); !made) return made;
    const auto beside = name_beside(settings_.socket);
    static_cast<void>(files_.remove(beside.string()));  // of one that ended before it took the place
    return open(beside);
  }

  void take_place() {
    if (const auto renamed = files_.rename(name_beside(settings_.socket).string(), settings_.socket.string());
        !renamed) {
      telemetry::log(telemetry::Level::error, "admin", "the control socket cannot be had",
                     {{"reason", renamed.error().message}, {"next", "mend that, and restart the host"}});
      return;
    }
    say_open();
  }

  void restore() {
    if (fronts_.empty() || is_ours()) return;
    if (const auto opened = start(); !opened) {
      telemetry::log(telemetry::Level::error, "admin", "the control socket is lost",
                     {{"reason", opened.error().message}, {"next", "mend that, and restart the host"}});
    }
  }

  void stop() {
    if (fronts_.empty()) return;
    // First, so that nobody connects to one who no longer answers.
    if (is_ours()) static_cast<void>(files_.remove(settings_.socket.string()));
    for (auto& front : fronts_) {
      wake_acceptor(front);
      front.server.stop();
      front.socket.close();
    }
    calls_.wait_until_none(settings_.stop_grace);
    for (auto& front : fronts_) front.server.stopAll(true);
    fronts_.clear();
  }

 private:
  /// A socket that was made, and who accepts there.
  struct Front {
    Front(const net::ServerSocket& listening, Factory* factory, Poco::ThreadPool& pool, const ControlSettings& settings)
        : socket(listening), server(factory, pool, listening, make_params(settings)) {}
    net::ServerSocket socket;
    net::HTTPServer server;
  };

  base::Result<void> make_folder() {
    auto made = files_.make_directory(settings_.socket.parent_path().string(), 0755);
    return made ? base::Result<void>() : made.error().in("control socket");
  }

  base::Result<void> open(const std::filesystem::path& path) {
    auto socket = listen_at(path, settings_.mode, kQueuedConnections);
    if (!socket) return fail(socket.error().message);
    try {
      fronts_.emplace_back(*socket, new Factory(controls_, calls_), pool_, settings_).server.start();
    } catch (const Poco::Exception& error) {
      return fail(error.displayText());
    }
    if (const auto stamp = files_.stamp(path.string())) made_ = *stamp;
    return {};
  }

  void say_open() {
    telemetry::log(telemetry::Level::info, "admin", "control socket is open", {{"path", settings_.socket.string()}});
  }

  [[nodiscard]] bool is_ours() {
    const auto stamp = files_.stamp(settings_.socket.string());
    return stamp && stamp->device == made_.device && stamp->inode == made_.inode;
  }

  /// Poco's accepting thread looks four times a second whether it is to end. It looks at once when its socket has no
  /// more to give.
  static void wake_acceptor(Front& front) {
    try {
      front.socket.impl()->shutdownReceive();
    } catch (const Poco::Exception&) {
      return;  // then it takes that quarter of a second
    }
  }

  Error fail(const std::string& cause) {
    return {ErrorCode::unavailable, "cannot open the control socket '" + settings_.socket.string() + "': " + cause +
                                        "; mend that, or set another control_socket in mortise.json"};
  }

  ControlSettings settings_;
  const Controls controls_;
  base::Files& files_;
  Calls calls_;
  Poco::ThreadPool pool_{1, 2 * kThreads};
  std::list<Front> fronts_;  // from start() to stop(), the latest at the end; their threads are pool_'s
  base::FileStamp made_;     // of the latest front's socket
};

ControlServer::ControlServer(ControlSettings settings, const Controls& controls, base::Files& files)
    : impl_(std::make_unique<Impl>(std::move(settings), controls, files)) {}
ControlServer::~ControlServer() = default;
base::Result<void> ControlServer::start() { return impl_->start(); }
base::Result<void> ControlServer::start_beside() { return impl_->start_beside(); }
void ControlServer::take_place() { impl_->take_place(); }
void ControlServer::restore() { impl_->restore(); }
void ControlServer::stop() { impl_->stop(); }

}  // namespace mortise::admin
