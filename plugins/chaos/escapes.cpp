// What a process of its own keeps from the rest of the machine. Answers with what came of the attempt.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "faults.hpp"

namespace chaos {
namespace {

using mortise::Request;
using mortise::Response;

std::string outcome(long result) { return result >= 0 ? "done" : std::strerror(errno); }

std::string open_foreign_file() { return outcome(::open("/etc/shadow", O_RDONLY | O_CLOEXEC)); }

/// To a port at which nobody listens: who may connect is refused by the other side.
std::string connect_out() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return outcome(socket);
  sockaddr_in nobody{};
  nobody.sin_family = AF_INET;
  nobody.sin_port = htons(1);
  nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto said = outcome(::connect(socket, reinterpret_cast<const sockaddr*>(&nobody), sizeof nobody));
  ::close(socket);
  return said;
}

/// What comes back of it has failed.
std::string execute_shell() { return outcome(::execl("/bin/sh", "sh", "-c", "exit 0", nullptr)); }

/// As many processes as it gets, up to some that harm nobody.
std::string fork_on() {
  for (int i = 0; i < 8; ++i) {
    const pid_t child = ::fork();
    if (child < 0) return outcome(child);
    if (child == 0) ::_exit(0);
    ::waitpid(child, nullptr, 0);
  }
  return "done";
}

std::string close_descriptors() {
  for (int descriptor = 3; descriptor < 1024; ++descriptor) ::close(descriptor);
  return "done";
}

void add(mortise::Http& http, const char* path, std::string (*act)()) {
  http.get(path, [act](const Request&, Response& res) { res.text(act()); });
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
