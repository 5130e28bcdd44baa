// A connection's transport in the shape of Asio's streams, for a protocol of a library's making (Beast's WebSocket).
// Invariant: everything here runs on one strand but on_read(), on_written() and the times.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mortise::http {

class Connection;

/// Part of a successor; borrows its connection. One read and one write at a time.
class TransportStream {
 public:
  using executor_type = boost::asio::strand<boost::asio::io_context::executor_type>;
  using error_code = boost::system::error_code;

  TransportStream(Connection& connection, executor_type strand) : connection_(connection), strand_(std::move(strand)) {}
  TransportStream(const TransportStream&) = delete;
  TransportStream& operator=(const TransportStream&) = delete;

  /// Before the first operation: bytes that go out in front of the first write, and bytes that the first reads get.
  void prepare(std::string unsent, std::string input);

  executor_type get_executor() const noexcept { return strand_; }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(error_code, std::size_t)>(
        [this](auto&& done, const boost::asio::mutable_buffer& into) {
          reading_ = keep(std::forward<decltype(done)>(done));
          begin_read(into);
        },
        handler, first_of(buffers));
  }

  /// Copies what is sent: a frame's head and body go out in one piece.
  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(error_code, std::size_t)>(
        [this](auto&& done, const auto& from) {
          writing_ = keep(std::forward<decltype(done)>(done));
          const auto before = out_.size();
          write_size_ = std::min(boost::asio::buffer_size(from), kPiece);
          out_.resize(before + write_size_);
          boost::asio::buffer_copy(boost::asio::buffer(out_) + before, from);
          begin_write();
        },
        handler, buffers);
  }

  /// The end of the closing handshake: says that nothing more comes, and waits for the peer's end, however it comes.
  template <class Handler>
  friend void async_teardown(boost::beast::role_type, TransportStream& stream, Handler&& handler) {
    auto done = [kept = std::forward<Handler>(handler)](const error_code&, std::size_t) mutable { kept(error_code()); };
    stream.tearing_down_ = stream.keep(std::move(done));
    stream.begin_teardown();
  }
  friend void beast_close_socket(TransportStream& stream) { stream.cut(); }

  // --- From the transport.
  void on_read(const error_code& ec, std::size_t size);
  void on_written(const error_code& ec);

  /// Makes everything that is under way end at once. Any thread, while the connection is held.
  void cut();

  // --- For deadlines: the loop's clock, 0 for never. A tick late does no harm: relaxed.
  [[nodiscard]] std::int64_t last_read_ms() const noexcept { return last_read_ms_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t writing_since_ms() const noexcept {
    return writing_since_ms_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::int64_t closing_since_ms() const noexcept {
    return closing_since_ms_.load(std::memory_order_relaxed);
  }
  void note_activity() noexcept;
  void note_closing() noexcept;

 private:
  static constexpr std::size_t kPiece = 65536;

  /// A completion handler of any type.
  struct Done {
    virtual ~Done() = default;
    virtual void complete(const error_code& ec, std::size_t size) = 0;
  };
  template <class Handler>
  struct DoneWith final : Done {
    DoneWith(Handler given, executor_type given_strand) : handler(std::move(given)), strand(std::move(given_strand)) {}
    void complete(const error_code& ec, std::size_t size) override {
      const auto executor = boost::asio::get_associated_executor(handler, strand);
      boost::asio::dispatch(executor, boost::beast::bind_front_handler(std::move(handler), ec, size));
    }
    Handler handler;
    executor_type strand;
  };
  using DonePtr = std::unique_ptr<Done>;

  template <class Handler>
  DonePtr keep(Handler&& handler) {
    return std::make_unique<DoneWith<std::decay_t<Handler>>>(std::forward<Handler>(handler), strand_);
  }
  template <class Buffers>
  static boost::asio::mutable_buffer first_of(const Buffers& buffers) {
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers); ++it) {
      const boost::asio::mutable_buffer buffer = *it;
      if (buffer.size() > 0) return buffer;
    }
    return {};
  }
  /// The handler is out of the way before it runs: it may start the next operation.
  static void complete(DonePtr& done, const error_code& ec, std::size_t size) {
    const auto taken = std::move(done);
    taken->complete(ec, size);
  }

  void begin_read(const boost::asio::mutable_buffer& into);
  void end_read(const error_code& ec, std::size_t size);
  void begin_write();
  void begin_teardown();

  Connection& connection_;
  executor_type strand_;
  DonePtr reading_;
  DonePtr writing_;
  DonePtr tearing_down_;
  std::string input_;
  std::string out_;
  std::size_t write_size_ = 0;
  std::vector<char> scratch_;

  std::atomic<std::int64_t> last_read_ms_{0};
  std::atomic<std::int64_t> writing_since_ms_{0};
  std::atomic<std::int64_t> closing_since_ms_{0};
};

}  // namespace mortise::http
