// What a process of its own keeps from the rest of the machine. Answers with what came of the attempt.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "faults.hpp"

namespace chaos {
namespace {

using mortise::Request;
using mortise::Response;

std::string outcome(long result) { return result >= 0 ? "done" : std::strerror(errno); }

/// `?path=`: another one than the system's own secret.
std::string open_foreign_file(const Request& req) {
  return outcome(::open(req.query("path").value_or("/etc/shadow").c_str(), O_RDONLY | O_CLOEXEC));
}

/// `?port=`: of the machine itself; else to one at which nobody listens: who may connect is refused by the other side.
std::string connect_out(const Request& req) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return outcome(socket);
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(static_cast<std::uint16_t>(std::stoi(req.query("port").value_or("1"))));
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto said = outcome(::connect(socket, reinterpret_cast<const sockaddr*>(&peer), sizeof peer));
  ::close(socket);
  return said;
}

/// What comes back of it has failed.
std::string execute_shell(const Request&) { return outcome(::execl("/bin/sh", "sh", "-c", "exit 0", nullptr)); }

/// As many processes as it gets, up to some that harm nobody.
std::string fork_on(const Request&) {
  for (int i = 0; i < 8; ++i) {
    const pid_t child = ::fork();
    if (child < 0) return outcome(child);
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
  }
  return "done";
}

std::string close_descriptors(const Request&) {
  for (int descriptor = 3; descriptor < 1024; ++descriptor) ::close(descriptor);
  return "done";
}

void add(mortise::Http& http, const char* path, std::string (*act)(const Request&)) {
  http.get(path, [act](const Request& req, Response& res) { res.text(act(req)); });
}

}  // namespace

void add_escapes(mortise::Context& ctx) {
  auto& http = ctx.http();
  add(http, "/chaos/opens-a-foreign-file", &open_foreign_file);
  add(http, "/chaos/connects-out", &connect_out);
  add(http, "/chaos/executes-a-shell", &execute_shell);
  add(http, "/chaos/forks", &fork_on);
  add(http, "/chaos/closes-descriptors", &close_descriptors);
}

}  // namespace chaos
