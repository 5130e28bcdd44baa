#include "sandbox/capabilities.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace mortise::sandbox {
namespace {

using Sets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

long call(long number, Sets& sets) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  return ::syscall(number, &header, sets.data());
}

bool is_empty(const Sets& sets) {
  for (const auto& set : sets) {
    if ((set.effective | set.permitted | set.inheritable) != 0) return false;
  }
  return true;
}

}  // namespace

std::string drop_capabilities() {
  // Fails behind the last that the kernel has; and for who has none, who may not do it and has no need to.
  for (unsigned long one = 0; ::prctl(PR_CAPBSET_DROP, one, 0, 0, 0) == 0; ++one) continue;
  Sets sets{};
  if (call(SYS_capset, sets) != 0 || call(SYS_capget, sets) != 0) return std::strerror(errno);
  return is_empty(sets) ? "" : "some are left";
}

}  // namespace mortise::sandbox
