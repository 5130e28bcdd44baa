// Certificate and key of a TLS address, read and checked once, and the OpenSSL context that all its connections share.
// Invariant: a key that anybody but the host's user can read is never used.
#pragma once

#include <memory>
#include <vector>

#include "base/result.hpp"
#include "http/server.hpp"

namespace boost::asio::ssl {
class context;
}

namespace mortise::http {

using TlsContextPtr = std::shared_ptr<boost::asio::ssl::context>;

/// What is wrong with one of the two files; the error names it, the cause and the remedy.
struct TlsFault {
  enum class File { certificate, key } file;
  base::Error error;
};

/// All faults of the two files, for `serve --check`; empty: they can be used.
std::vector<TlsFault> check_tls(const Tls& files);

/// A context for TLS 1.2 and 1.3 with Mozilla's intermediate settings. Any thread may start connections from it.
base::Result<TlsContextPtr> make_tls_context(const Tls& files);

}  // namespace mortise::http
