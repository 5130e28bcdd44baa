#include "support/nginx.hpp"

#include <fstream>
#include <stdexcept>

#include "base/temporary_directory.hpp"

namespace mortise::integration {
namespace {

/// Of a document, the block of code in that language.
std::string block_of(const std::string& document, const std::string& language) {
  const auto fence = "```" + language + "\n";
  const auto begin = document.find(fence);
  const auto end = document.find("```", begin + fence.size());
  if (begin == std::string::npos || end == std::string::npos) {
    throw std::runtime_error(std::string(MORTISE_ADMIN_GUIDE) + " has no block of " + language);
  }
  return document.substr(begin + fence.size(), end - begin - fence.size());
}

void replace(std::string& text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  if (at == std::string::npos) throw std::runtime_error("the block of nginx has no " + what);
  text.replace(at, what.size(), by);
}

std::string on_loopback(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

}  // namespace

Nginx::Nginx(std::uint16_t one_replica, std::uint16_t other_replica) {
  place_.bind(Poco::Net::SocketAddress("127.0.0.1", 0), true, true);
  auto documented = block_of(testing::read_file(MORTISE_ADMIN_GUIDE), "nginx");
  replace(documented, "10.0.0.6:8080", on_loopback(port()) + " reuseport");
  replace(documented, "10.0.0.7:8080", on_loopback(one_replica));
  replace(documented, "10.0.0.8:8080", on_loopback(other_replica));
  const auto file = directory_.path() / "nginx.conf";
  std::ofstream(file) << "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr notice;\n"
                         "events {\n  worker_connections 512;\n}\n"
                         "http {\n  access_log off;\n  client_body_temp_path body;\n  proxy_temp_path proxy;\n"
                         "  fastcgi_temp_path fastcgi;\n  scgi_temp_path scgi;\n  uwsgi_temp_path uwsgi;\n"
                      << documented << "}\n";
  process_.emplace(std::vector<std::string>{"/usr/sbin/nginx", "-e", "stderr", "-p", directory_.path(), "-c", file});
  // The first thing that it says when it listens.
  process_->error_output().wait_for([](const std::string& line) { return line.find(": nginx/") != std::string::npos; });
}

}  // namespace mortise::integration
