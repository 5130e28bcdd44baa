#include "http/polled_socket.hpp"

#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <cerrno>
#include <utility>

#include "http/connection.hpp"
#include "http/poller.hpp"

namespace mortise::http {
namespace {

using boost::system::error_code;

bool is_transient(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

error_code last_error() { return {errno, boost::system::system_category()}; }

}  // namespace

PolledSocket::PolledSocket(Poller& poller) : poller_(poller) {}
PolledSocket::~PolledSocket() = default;

void PolledSocket::open(base::Descriptor socket) {
  const std::lock_guard lock(mutex_);
  socket_ = std::move(socket);
}

void PolledSocket::close() {
  const std::lock_guard lock(mutex_);
  socket_ = {};
  is_readable_ = is_ended_ = false;
}

void PolledSocket::read(std::span<char> buffer, ConnectionPtr connection) {
  const std::lock_guard lock(mutex_);
  reader_ = std::move(connection);
  buffer_ = buffer;
  if (!is_readable_) return;
  // What is left is read soon, but not from inside this call. The place outlives the socket.
  poller_.post([this] { on_event({.token = this, .is_readable = true}); });
}

std::size_t PolledSocket::try_write(std::string_view bytes) {
  const auto sent = ::send(descriptor(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

void PolledSocket::write(std::string_view bytes, ConnectionPtr connection) {
  const std::lock_guard lock(mutex_);
  rest_ = bytes;
  error_code ec;
  // The socket may have become writable before this write was there to wait for it.
  if (send_rest(ec)) {
    poller_.post([connection = std::move(connection), ec] { connection->on_written(ec); });
  } else {
    writer_ = std::move(connection);
  }
}

void PolledSocket::on_event(const base::ReadySet::Event& event) {
  ConnectionPtr reader;
  ConnectionPtr writer;
  std::size_t size = 0;
  error_code read_error;
  error_code write_error;
  {
    const std::lock_guard lock(mutex_);
    is_readable_ = is_readable_ || event.is_readable;
    is_ended_ = is_ended_ || event.is_ended;
    if (reader_ && is_readable_ && receive(size, read_error)) reader = std::move(reader_);
    if (writer_ && event.is_writable && send_rest(write_error)) writer = std::move(writer_);
  }
  if (writer) writer->on_written(write_error);
  if (reader) reader->on_read(read_error, size);
}

/// False when nothing is there. Under the mutex.
bool PolledSocket::receive(std::size_t& size, error_code& ec) {
  if (buffer_.empty()) buffer_ = reader_->lend_buffer();
  const auto got = ::recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (got < 0 && is_transient(errno)) {
    is_readable_ = false;
    return false;
  }
  if (got < 0) ec = last_error();
  if (got == 0) ec = boost::asio::error::eof;
  size = got > 0 ? static_cast<std::size_t>(got) : 0;
  // A buffer that was not filled has emptied the socket; what comes later is told of again.
  is_readable_ = is_ended_ || size == buffer_.size();
  return true;
}

/// Sends what goes out; true when that was all, or failed. Under the mutex.
bool PolledSocket::send_rest(error_code& ec) {
  while (!rest_.empty()) {
    const auto sent = ::send(socket_.get(), rest_.data(), rest_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && is_transient(errno)) return false;
    if (sent < 0) {
      ec = last_error();
      return true;
    }
    rest_.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace mortise::http
