#include "admin/control_server.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/ThreadPool.h>
#include <sys/stat.h>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "admin/control_api.hpp"
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

ApiAnswer serve(net::HTTPServerRequest& request, release::Control& control) {
  // Poco's server makes requests of no other class, and only this one has the socket.
  auto& connection = static_cast<net::HTTPServerRequestImpl&>(request);
  auto body = read_body(request);
  if (!body) {
    return make_problem(413, ErrorCode::resource_exhausted,
                        "the body is longer than " + std::to_string(kMostBodyBytes) + " bytes");
  }
  const auto user = base::peer_user(connection.socket().impl()->sockfd());
  if (!user) return make_problem(500, user.error().code, user.error().message);
  return answer({.method = request.getMethod(),
                 .target = request.getURI(),
                 .body = std::move(*body),
                 .who = base::describe_user(*user)},
                control);
}

class Handler final : public net::HTTPRequestHandler {
 public:
  Handler(release::Control& control, Calls& calls) : control_(control), calls_(calls) { calls_.enter(); }
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  ~Handler() override { calls_.leave(); }

  void handleRequest(net::HTTPServerRequest& request, net::HTTPServerResponse& response) override {
    const auto made = serve(request, control_);
    response.setStatusAndReason(static_cast<net::HTTPResponse::HTTPStatus>(made.status));
    response.setContentType(made.content_type);
    response.set("Cache-Control", "no-store");
    if (!made.allow.empty()) response.set("Allow", made.allow);
    response.setContentLength(static_cast<std::streamsize>(made.body.size()));
    // Sent before this ends, and not when Poco destroys the response: once no call is counted, a stop cuts connections.
    response.send() << made.body << std::flush;
  }

 private:
  release::Control& control_;
  Calls& calls_;
};

class Factory final : public net::HTTPRequestHandlerFactory {
 public:
  Factory(release::Control& control, Calls& calls) : control_(control), calls_(calls) {}
  net::HTTPRequestHandler* createRequestHandler(const net::HTTPServerRequest&) override {
    return new Handler(control_, calls_);  // Poco deletes it
  }

 private:
  release::Control& control_;
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

net::SocketAddress to_address(const std::filesystem::path& socket) {
  return {net::AddressFamily::UNIX_LOCAL, socket.string()};
}

bool is_served(const std::filesystem::path& socket) {
  try {
    net::StreamSocket probe;
    probe.connect(to_address(socket));
    return true;
  } catch (const Poco::Exception&) {
    return false;
  }
}

/// Makes room for the socket where a host that has died left its own.
base::Result<void> remove_stale(const std::filesystem::path& socket, base::Files& files) {
  const auto stamp = files.stamp(socket.string());
  if (!stamp) {
    if (stamp.error().code == ErrorCode::not_found) return {};
    return stamp.error();
  }
  if (!S_ISSOCK(stamp->mode)) {
    return Error{ErrorCode::already_exists, "'" + socket.string() +
                                                "' is there and is no socket; move it away, or set another "
                                                "control_socket in mortise.json"};
  }
  if (is_served(socket)) {
    return Error{ErrorCode::already_exists, "another process serves '" + socket.string() +
                                                "'; stop it, or set another control_socket in mortise.json"};
  }
  return files.remove(socket.string());
}

}  // namespace

class ControlServer::Impl {
 public:
  Impl(ControlSettings settings, release::Control& control, base::Files& files)
      : settings_(std::move(settings)), control_(control), files_(files) {}

  ~Impl() {
    stop();
    pool_.joinAll();
  }

  base::Result<void> start() {
    const auto folder = settings_.socket.parent_path().string();
    if (auto made = files_.make_directory(folder, 0755); !made) return made.error().in("control socket");
    if (auto removed = remove_stale(settings_.socket, files_); !removed) return removed.error().in("control socket");
    try {
      // A socket comes into being with what the umask leaves of 0777, and to change that would change it for every
      // thread. Nobody gets in meanwhile: before listen() the kernel refuses whoever connects.
      socket_.bind(to_address(settings_.socket));
      std::filesystem::permissions(settings_.socket, static_cast<std::filesystem::perms>(settings_.mode));
      socket_.listen(kQueuedConnections);
      server_.emplace(new Factory(control_, calls_), pool_, socket_, make_params(settings_));
      server_->start();
    } catch (const Poco::Exception& error) {
      return fail(error.displayText());
    } catch (const std::filesystem::filesystem_error& error) {
      return fail(error.code().message());
    }
    telemetry::log(telemetry::Level::info, "admin", "control socket is open", {{"path", settings_.socket.string()}});
    return {};
  }

  void stop() {
    if (!server_) return;
    // First, so that nobody connects to one who no longer answers.
    static_cast<void>(files_.remove(settings_.socket.string()));
    wake_acceptor();
    server_->stop();
    socket_.close();
    calls_.wait_until_none(settings_.stop_grace);
    server_->stopAll(true);
    server_.reset();
  }

 private:
  /// Poco's accepting thread looks four times a second whether it is to end. It looks at once when its socket has no
  /// more to give.
  void wake_acceptor() {
    try {
      socket_.impl()->shutdownReceive();
    } catch (const Poco::Exception&) {
      return;  // then it takes that quarter of a second
    }
  }

  Error fail(const std::string& cause) {
    return {ErrorCode::unavailable, "cannot open the control socket '" + settings_.socket.string() + "': " + cause +
                                        "; mend that, or set another control_socket in mortise.json"};
  }

  ControlSettings settings_;
  release::Control& control_;
  base::Files& files_;
  Calls calls_;
  Poco::ThreadPool pool_{1, kThreads};
  net::ServerSocket socket_;
  std::optional<net::HTTPServer> server_;  // from start() to stop(); its threads are pool_'s
};

ControlServer::ControlServer(ControlSettings settings, release::Control& control, base::Files& files)
    : impl_(std::make_unique<Impl>(std::move(settings), control, files)) {}
ControlServer::~ControlServer() = default;
base::Result<void> ControlServer::start() { return impl_->start(); }
void ControlServer::stop() { impl_->stop(); }

}  // namespace mortise::admin
