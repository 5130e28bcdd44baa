#include "http/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/files.hpp"

namespace mortise::http {
namespace {

namespace fs = std::filesystem;
namespace ssl = boost::asio::ssl;
using base::Error;
using base::ErrorCode;

constexpr std::uint64_t kMaxFileBytes = 1048576;

// https://ssl-config.mozilla.org, intermediate; TLS 1.3 brings suites of its own.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:prime256v1:secp384r1";

struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};

std::string last_reason() {
  const auto* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "unknown cause" : reason;
}

/// The file's own place and stamp: certificates are commonly installed as links.
base::Result<base::FileStamp> find_file(const fs::path& path, fs::path& real, base::Files& files) {
  std::error_code ec;
  real = fs::canonical(path, ec);
  if (ec) {
    const bool is_missing = ec == std::errc::no_such_file_or_directory;
    return Error{is_missing ? ErrorCode::not_found : ErrorCode::permission_denied,
                 ec.message() + (is_missing ? "; put it there, or mend the path" : "; check the permissions")};
  }
  auto stamp = files.stamp(real);
  if (stamp && !stamp->is_regular()) {
    return Error{ErrorCode::invalid_argument, "it is no regular file; name the PEM file itself"};
  }
  return stamp;
}

base::Result<void> use_certificate(ssl::context& context, const fs::path& path) {
  base::RealFiles files;
  fs::path real;
  if (const auto stamp = find_file(path, real, files); !stamp) return stamp.error();
  const auto text = files.read(real, kMaxFileBytes);
  if (!text) return text.error();
  ERR_clear_error();
  boost::system::error_code ec;
  context.use_certificate_chain(boost::asio::buffer(*text), ec);
  if (!ec) return {};
  if (text->find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
    return Error{ErrorCode::invalid_argument,
                 "it holds no PEM certificate; write the chain as PEM, the host's own certificate first"};
  }
  return Error{ErrorCode::invalid_argument, "it cannot be used: " + ec.message() + "; have it issued again"};
}

base::Result<void> check_privacy(const base::FileStamp& stamp) {
  constexpr mode_t kOthers = 077;
  if ((stamp.mode & kOthers) != 0) {
    return Error{ErrorCode::permission_denied,
                 "others than its owner have access to it; run: chmod 600, and renew the key if they used it"};
  }
  if (stamp.owner != ::geteuid() && stamp.owner != 0) {
    return Error{ErrorCode::permission_denied,
                 "it belongs to another user, who can read it; chown it to the host's user or to root"};
  }
  return {};
}

base::Result<std::unique_ptr<EVP_PKEY, FreeKey>> parse_key(const std::string& text) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  bool is_encrypted = false;
  // Without a callback of ours OpenSSL would ask on the terminal.
  const auto refuse = [](char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
  };
  ERR_clear_error();
  std::unique_ptr<EVP_PKEY, FreeKey> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse, &is_encrypted));
  if (key) return key;
  ERR_clear_error();
  if (is_encrypted) {
    return Error{ErrorCode::invalid_argument,
                 "it is encrypted, and the host has no passphrase; decrypt it with: openssl pkey -in KEY -out KEY.pem"};
  }
  return Error{ErrorCode::invalid_argument, "it holds no PEM private key; write the key of the certificate as PEM"};
}

base::Result<void> use_key(ssl::context& context, const fs::path& path, bool has_certificate) {
  base::RealFiles files;
  fs::path real;
  const auto stamp = find_file(path, real, files);
  if (!stamp) return stamp.error();
  if (const auto is_private = check_privacy(*stamp); !is_private) return is_private.error();
  const auto text = files.read(real, kMaxFileBytes);
  if (!text) return text.error();
  const auto key = parse_key(*text);
  if (!key) return key.error();
  if (!has_certificate) return {};
  auto* native = context.native_handle();
  if (X509_check_private_key(SSL_CTX_get0_certificate(native), key->get()) != 1) {
    ERR_clear_error();
    return Error{ErrorCode::invalid_argument,
                 "it is not the key of the first certificate in the chain; name the key that the certificate was "
                 "requested with"};
  }
  if (SSL_CTX_use_PrivateKey(native, key->get()) != 1) {
    return Error{ErrorCode::invalid_argument, "it cannot be used: " + last_reason() + "; have a new one issued"};
  }
  return {};
}

/// HTTP/1.1 is all that is spoken here. A client that offers ALPN without it is told so instead of being served what it
/// does not expect.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  static constexpr std::string_view kOurs = "http/1.1";
  for (unsigned int at = 0; at < offered_size; at += 1U + offered[at]) {
    const std::string_view name(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
    if (name != kOurs) continue;
    *chosen = offered + at + 1;
    *size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

base::Result<void> harden(ssl::context& context) {
  auto* native = context.native_handle();
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // Idle connections give their buffers back; sessions are resumed by ticket alone and kept nowhere.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(native, &choose_protocol, nullptr);
  ERR_clear_error();
  if (SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) != 1 || SSL_CTX_set_cipher_list(native, kCiphers) != 1 ||
      SSL_CTX_set1_groups_list(native, kGroups) != 1) {
    return Error{ErrorCode::unavailable, "this OpenSSL lacks TLS 1.2 or its ciphers: " + last_reason()};
  }
  return {};
}

std::vector<TlsFault> load(ssl::context& context, const Tls& files) {
  std::vector<TlsFault> faults;
  const auto certificate = use_certificate(context, files.certificate);
  if (!certificate) {
    faults.push_back({.file = TlsFault::File::certificate,
                      .error = certificate.error().in("TLS certificate '" + files.certificate.string() + "'")});
  }
  if (const auto key = use_key(context, files.key, certificate.has_value()); !key) {
    faults.push_back({.file = TlsFault::File::key, .error = key.error().in("TLS key '" + files.key.string() + "'")});
  }
  return faults;
}

}  // namespace

std::vector<TlsFault> check_tls(const Tls& files) {
  ssl::context context(ssl::context::tls_server);
  return load(context, files);
}

base::Result<TlsContextPtr> make_tls_context(const Tls& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  if (const auto hardened = harden(*context); !hardened) return hardened.error();
  const auto faults = load(*context, files);
  if (!faults.empty()) return faults.front().error.in("edge.listen");
  return context;
}

}  // namespace mortise::http
