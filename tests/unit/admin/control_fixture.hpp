// A control server over a real socket in a temporary folder, and a client of it.
#pragma once

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/StreamCopier.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "admin/control_server.hpp"
#include "admin/fake_control.hpp"
#include "base/temporary_directory.hpp"

namespace mortise::admin {

struct Reply {
  unsigned status = 0;
  std::string type;
  std::string allow;
  nlohmann::json body;
};

/// Throws Poco's exceptions when there is no reply.
inline Reply ask(const std::filesystem::path& path, const std::string& method, const std::string& target,
                 const std::string& body = "") {
  Poco::Net::StreamSocket socket;
  socket.connect(Poco::Net::SocketAddress(Poco::Net::AddressFamily::UNIX_LOCAL, path.string()));
  Poco::Net::HTTPClientSession session(socket);
  Poco::Net::HTTPRequest request(method, target, "HTTP/1.1");
  request.setHost("localhost");
  if (!body.empty()) request.setContentLength(static_cast<std::streamsize>(body.size()));
  session.sendRequest(request) << body << std::flush;
  Poco::Net::HTTPResponse response;
  std::string text;
  Poco::StreamCopier::copyToString(session.receiveResponse(response), text);
  return {.status = static_cast<unsigned>(response.getStatus()),
          .type = response.getContentType(),
          .allow = response.get("Allow", ""),
          .body = nlohmann::json::parse(text)};
}

class ControlFixture : public ::testing::Test {
 protected:
  Controls controls() { return {.releases = control_, .host = host_, .events = events_, .tasks = tasks_}; }
  void SetUp() override { settings_.socket = directory_ / "control.sock"; }
  /// Whoever still waits must be let go before the server can be destroyed.
  void TearDown() override { control_.release_calls(); }

  base::Result<void> start() {
    server_ = std::make_unique<ControlServer>(settings_, controls(), files_);
    return server_->start();
  }
  Reply ask(const std::string& method, const std::string& target, const std::string& body = "") const {
    return admin::ask(settings_.socket, method, target, body);
  }

  testing::TemporaryDirectory directory_;
  base::RealFiles files_;
  FakeControl control_;
  FakeHost host_;
  FakeEvents events_;
  FakeTasks tasks_;
  ControlSettings settings_;
  std::unique_ptr<ControlServer> server_;
};

}  // namespace mortise::admin
