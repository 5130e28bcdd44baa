// Certificates and keys made while the test runs.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "http/server.hpp"

namespace mortise::http::testing {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using File = std::unique_ptr<std::FILE, Freed<std::fclose>>;

inline Key make_key() { return Key(EVP_EC_gen("P-256")); }

/// A self-signed certificate for localhost.
inline Certificate make_certificate(EVP_PKEY* key) {
  Certificate made(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  auto* name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  X509_set_pubkey(made.get(), key);
  if (X509_sign(made.get(), key, EVP_sha256()) == 0) throw std::runtime_error("cannot sign a certificate");
  return made;
}

inline File create(const std::filesystem::path& path) {
  File file(std::fopen(path.c_str(), "w"));
  if (!file) throw std::runtime_error("cannot write " + path.string());
  ::chmod(path.c_str(), 0600);
  return file;
}
inline std::filesystem::path write_certificate(const std::filesystem::path& path, X509* certificate) {
  PEM_write_X509(create(path).get(), certificate);
  return path;
}
/// `passphrase` encrypts it.
inline std::filesystem::path write_key(const std::filesystem::path& path, EVP_PKEY* key, std::string passphrase = {}) {
  PEM_write_PrivateKey(create(path).get(), key, passphrase.empty() ? nullptr : EVP_aes_128_cbc(), nullptr, 0, nullptr,
                       passphrase.empty() ? nullptr : passphrase.data());
  return path;
}

/// A pair that fits, in `folder`.
inline Tls make_tls(const std::filesystem::path& folder) {
  const auto key = make_key();
  return {.certificate = write_certificate(folder / "chain.pem", make_certificate(key.get()).get()),
          .key = write_key(folder / "key.pem", key.get())};
}

}  // namespace mortise::http::testing
