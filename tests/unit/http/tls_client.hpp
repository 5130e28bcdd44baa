// The raw HTTP client over TLS. It trusts every certificate: what is tested here is the other side.
#pragma once

#include <openssl/ssl.h>
#include <sys/time.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "client.hpp"

namespace mortise::http::testing {

class TlsClient final : public Client {
 public:
  struct Options {
    std::string alpn{};  // in wire format: "\x08http/1.1"
    int max_version = TLS1_3_VERSION;
  };
  explicit TlsClient(std::uint16_t port) : TlsClient(port, Options{}) {}
  TlsClient(std::uint16_t port, const Options& options) : Client(port) {
    const timeval limit{.tv_sec = kDeadlineMs / 1000, .tv_usec = 0};
    ::setsockopt(descriptor(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(descriptor(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context_.get(), 0);
    SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
    SSL_CTX_set_cipher_list(context_.get(), "DEFAULT@SECLEVEL=0");
    ssl_.reset(SSL_new(context_.get()));
    if (!options.alpn.empty()) {
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(options.alpn.data()),
                          static_cast<unsigned>(options.alpn.size()));
    }
    SSL_set_fd(ssl_.get(), descriptor());
    is_secure_ = SSL_connect(ssl_.get()) == 1;
  }

  /// Whether the handshake succeeded.
  [[nodiscard]] bool is_secure() const { return is_secure_; }
  [[nodiscard]] std::string alpn() const {
    const unsigned char* data = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &data, &size);
    return {reinterpret_cast<const char*>(data), size};
  }
  [[nodiscard]] std::string version() const { return SSL_get_version(ssl_.get()); }
  SSL* ssl() { return ssl_.get(); }
  /// Sends close_notify; true when the server's has come, too.
  bool end_securely() { return SSL_shutdown(ssl_.get()) == 1 || SSL_shutdown(ssl_.get()) == 1; }
  /// Whether the server has said that nothing more will come, rather than just closed.
  [[nodiscard]] bool got_close_notify() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

  TlsClient& send(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto sent =
          SSL_write(ssl_.get(), bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 65536)));
      if (sent <= 0) break;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return *this;
  }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  std::ptrdiff_t receive_some(char* buffer, std::size_t size) override {
    return SSL_read(ssl_.get(), buffer, static_cast<int>(size));
  }

  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
  bool is_secure_ = false;
};

}  // namespace mortise::http::testing
