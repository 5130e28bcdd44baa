#include "sandbox/system_calls.hpp"

#include <sched.h>
#include <seccomp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace mortise::sandbox {
namespace {

// Others of the same number of no system that we know; beyond it, as for these, the kernel's answer is ENOSYS.
constexpr int kNumbers = 600;

constexpr std::array<std::string_view, 90> kDenied{
    // programs and processes
    "execve", "execveat", "fork", "vfork",
    // other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "pidfd_open",
    "pidfd_getfd", "pidfd_send_signal", "kcmp", "tkill", "move_pages", "migrate_pages",
    // the tree of files
    "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount",
    "fspick", "mount_setattr", "swapon", "swapoff", "quotactl", "quotactl_fd", "name_to_handle_at", "open_by_handle_at",
    "fanotify_init", "fanotify_mark", "acct",
    // namespaces, and what is outside of them
    "setns", "unshare", "sethostname", "setdomainname", "shmget", "shmat", "shmctl", "shmdt", "semget", "semop",
    "semctl", "semtimedop", "msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink",
    // the kernel
    "add_key", "request_key", "keyctl", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot",
    "syslog", "iopl", "ioperm", "modify_ldt", "vm86", "vm86old", "personality", "uselib", "lookup_dcookie", "_sysctl",
    "nfsservctl", "vhangup",
    // the clock
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime",
    // who waits for connections
    "listen", "accept", "accept4"};

// Allowed with some arguments alone.
constexpr std::array<std::string_view, 7> kConditional{
    "clone", "socket", "kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "prlimit64"};

template <class List>
bool has(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

struct Release {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};

/// A filter in the making. Remembers the first error.
class Filter {
 public:
  Filter() : filter_(::seccomp_init(SCMP_ACT_ERRNO(EPERM))) {
    if (!filter_) {
      note(-ENOMEM);
      return;
    }
    // A search by halves, instead of one comparison for each call that there is.
    note(::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
    note(::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_TSYNC, 1));
  }

  void add(std::uint32_t action, int number) {
    note(::seccomp_rule_add_array(filter_.get(), action, number, 0, nullptr));
  }

  void allow_where(std::string_view name, const scmp_arg_cmp& condition) {
    const int number = ::seccomp_syscall_resolve_name(std::string(name).c_str());
    note(::seccomp_rule_add_array(filter_.get(), SCMP_ACT_ALLOW, number, 1, &condition));
  }

  std::string load() {
    if (error_ == 0) note(::seccomp_load(filter_.get()));
    return error_ == 0 ? "" : std::strerror(-error_);
  }

 private:
  void note(int result) {
    if (error_ == 0 && result < 0) error_ = result;
  }

  std::unique_ptr<void, Release> filter_;
  int error_ = 0;
};

/// By number: what has a name and is on no list is allowed.
void add_unconditional(Filter& filter) {
  for (int number = 0; number < kNumbers; ++number) {
    const std::unique_ptr<char, decltype(&std::free)> name(::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number),
                                                           &std::free);
    if (!name || std::strcmp(name.get(), "clone3") == 0) {
      // Of clone3 no filter sees the arguments; who finds it missing takes clone.
      filter.add(SCMP_ACT_ERRNO(ENOSYS), number);
    } else if (!has(kDenied, name.get()) && !has(kConditional, name.get())) {
      filter.add(SCMP_ACT_ALLOW, number);
    }
  }
}

scmp_arg_cmp first_is(std::uint64_t value) { return {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0}; }

}  // namespace

std::string limit_system_calls(bool may_connect) {
  Filter filter;
  add_unconditional(filter);
  filter.allow_where("clone", {.arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD, .datum_b = CLONE_THREAD});
  const auto self = static_cast<std::uint64_t>(::getpid());
  for (const auto name : {"kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "prlimit64"}) {
    filter.allow_where(name, first_is(self));
  }
  filter.allow_where("prlimit64", first_is(0));
  if (may_connect) {
    filter.allow_where("socket", first_is(AF_INET));
    filter.allow_where("socket", first_is(AF_INET6));
  }
  return filter.load();
}

}  // namespace mortise::sandbox
