#include "http/tls_context.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "base/temporary_directory.hpp"
#include "certificates.hpp"
#include "http/server.hpp"

namespace mortise::http {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::make_certificate;
using testing::make_key;
using testing::make_tls;
using testing::write_certificate;
using testing::write_key;

class TlsContextTest : public ::testing::Test {
 protected:
  /// What start() says when it fails on these files, which must be what check_tls() says.
  static std::string why_not_started(const Tls& files) {
    ServerSettings settings;
    settings.listen.push_back({.address = "127.0.0.1", .port = 0, .tls = files});
    settings.threads = 1;
    base::InheritedSockets none;
    const auto started = Server(std::move(settings)).start(none);
    if (started) return "it started";
    const auto faults = check_tls(files);
    EXPECT_FALSE(faults.empty());
    EXPECT_EQ(started.error().message, "edge.listen: " + (faults.empty() ? "" : faults.front().error.message));
    return started.error().message;
  }
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name) << text;
    fs::permissions(folder_.path() / name, fs::perms::owner_read | fs::perms::owner_write);
    return folder_.path() / name;
  }

  mortise::testing::TemporaryDirectory folder_;
  Tls files_ = make_tls(folder_.path());
};

TEST_F(TlsContextTest, TakesAPairThatFits) {
  EXPECT_TRUE(check_tls(files_).empty());
  EXPECT_TRUE(make_tls_context(files_));
}

TEST_F(TlsContextTest, FollowsLinksAsCertificateToolsMakeThem) {
  fs::create_symlink(files_.key, folder_.path() / "link.pem");
  files_.key = folder_.path() / "link.pem";
  EXPECT_TRUE(check_tls(files_).empty());
}

TEST_F(TlsContextTest, NamesAMissingFileAndTheRemedy) {
  fs::remove(files_.certificate);
  EXPECT_THAT(why_not_started(files_), AllOf(HasSubstr("TLS certificate '" + files_.certificate.string() + "'"),
                                             HasSubstr("No such file"), HasSubstr("mend the path")));
}

TEST_F(TlsContextTest, NamesBothFilesWhenBothAreMissing) {
  fs::remove(files_.certificate);
  fs::remove(files_.key);
  const auto faults = check_tls(files_);
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(faults[0].file, TlsFault::File::certificate);
  EXPECT_EQ(faults[1].file, TlsFault::File::key);
  EXPECT_THAT(faults[1].error.message, HasSubstr("TLS key '" + files_.key.string() + "'"));
}

TEST_F(TlsContextTest, RefusesADirectory) {
  files_.key = folder_.path();
  EXPECT_THAT(why_not_started(files_), HasSubstr("no regular file"));
}

TEST_F(TlsContextTest, RefusesAKeyThatOthersCanRead) {
  for (const auto who : {fs::perms::group_read, fs::perms::others_read, fs::perms::group_write}) {
    fs::permissions(files_.key, fs::perms::owner_read | who);
    EXPECT_THAT(why_not_started(files_), AllOf(HasSubstr("others than its owner"), HasSubstr("chmod 600")));
  }
}

TEST_F(TlsContextTest, RefusesAKeyOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(::chown(files_.key.c_str(), 65534, 65534), 0);
  EXPECT_THAT(why_not_started(files_), AllOf(HasSubstr("another user"), HasSubstr("chown")));
}

TEST_F(TlsContextTest, RefusesAKeyOfAnotherCertificate) {
  files_.key = write_key(folder_.path() / "other.pem", make_key().get());
  EXPECT_THAT(why_not_started(files_), HasSubstr("not the key of the first certificate"));
}

TEST_F(TlsContextTest, RefusesAKeyOfAnotherKind) {
  const testing::Key rsa(EVP_RSA_gen(2048));
  files_.key = write_key(folder_.path() / "rsa.pem", rsa.get());
  EXPECT_THAT(why_not_started(files_), HasSubstr("not the key of the first certificate"));
}

TEST_F(TlsContextTest, RefusesAnEncryptedKeyWithoutAskingForAPassphrase) {
  const auto key = make_key();
  files_ = {.certificate = write_certificate(folder_.path() / "own.pem", make_certificate(key.get()).get()),
            .key = write_key(folder_.path() / "locked.pem", key.get(), "secret")};
  EXPECT_THAT(why_not_started(files_), AllOf(HasSubstr("encrypted"), HasSubstr("openssl pkey")));
}

TEST_F(TlsContextTest, RefusesFilesThatAreNoPem) {
  EXPECT_THAT(why_not_started({.certificate = write("text", "hello"), .key = files_.key}),
              HasSubstr("no PEM certificate"));
  EXPECT_THAT(why_not_started({.certificate = write("empty", ""), .key = files_.key}), HasSubstr("no PEM certificate"));
  EXPECT_THAT(why_not_started({.certificate = files_.key, .key = files_.key}), HasSubstr("no PEM certificate"));
  EXPECT_THAT(why_not_started({.certificate = files_.certificate, .key = write("text", "hello")}),
              HasSubstr("no PEM private key"));
}

TEST_F(TlsContextTest, RefusesADamagedCertificate) {
  const auto damaged = write("damaged", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_THAT(why_not_started({.certificate = damaged, .key = files_.key}), HasSubstr("cannot be used"));
}

TEST_F(TlsContextTest, RefusesACertificateThatIsTooWeak) {
  const testing::Key weak(EVP_RSA_gen(1024));
  files_ = {.certificate = write_certificate(folder_.path() / "weak.pem", make_certificate(weak.get()).get()),
            .key = write_key(folder_.path() / "weak-key.pem", weak.get())};
  EXPECT_THAT(why_not_started(files_), AllOf(HasSubstr("cannot be used"), HasSubstr("too small")));
}

}  // namespace
}  // namespace mortise::http
