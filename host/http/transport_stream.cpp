#include "http/transport_stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "http/connection.hpp"
#include "http/loop.hpp"

namespace mortise::http {

namespace asio = boost::asio;

void TransportStream::prepare(std::string unsent, std::string input) {
  out_ = std::move(unsent);
  input_ = std::move(input);
  note_activity();
}

void TransportStream::begin_read(const asio::mutable_buffer& into) {
  if (input_.empty()) {
    return connection_.transport().read({static_cast<char*>(into.data()), into.size()}, &connection_);
  }
  const auto size = std::min(into.size(), input_.size());
  std::memcpy(into.data(), input_.data(), size);
  input_.erase(0, size);
  connection_.loop().post_on(strand_, [this, size, hold = ConnectionPtr(&connection_)] { end_read({}, size); });
}

void TransportStream::on_read(const error_code& ec, std::size_t size) {
  asio::dispatch(strand_, [this, ec, size, hold = ConnectionPtr(&connection_)] { end_read(ec, size); });
}

void TransportStream::end_read(const error_code& ec, std::size_t size) {
  note_activity();
  if (reading_) return complete(reading_, ec, size);
  if (ec) return complete(tearing_down_, ec, 0);
  connection_.transport().read(scratch_, &connection_);
}

void TransportStream::begin_write() {
  writing_since_ms_.store(connection_.loop().now_ms(), std::memory_order_relaxed);
  connection_.transport().write(out_, &connection_);
}

void TransportStream::on_written(const error_code& ec) {
  asio::dispatch(strand_, [this, ec, hold = ConnectionPtr(&connection_)] {
    writing_since_ms_.store(0, std::memory_order_relaxed);
    out_.clear();
    complete(writing_, ec, ec ? 0 : write_size_);
  });
}

void TransportStream::begin_teardown() {
  note_closing();
  scratch_.resize(4096);
  connection_.transport().end_output(&connection_);
  connection_.transport().read(scratch_, &connection_);
}

void TransportStream::cut() { ::shutdown(connection_.transport().descriptor(), SHUT_RDWR); }

void TransportStream::note_activity() noexcept {
  last_read_ms_.store(connection_.loop().now_ms(), std::memory_order_relaxed);
}

void TransportStream::note_closing() noexcept {
  closing_since_ms_.store(connection_.loop().now_ms(), std::memory_order_relaxed);
}

}  // namespace mortise::http
