#include "sandbox/system_calls.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"

namespace mortise::sandbox {
namespace {

// Others of the same number of no system that we know; beyond it, as for these, the kernel's answer is ENOSYS.
constexpr int kNumbers = 600;

constexpr std::array kDenied = std::to_array<std::string_view>(
    {// programs and processes
     "execve", "execveat", "fork", "vfork",
     // other processes
     "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "pidfd_open",
     "pidfd_getfd", "pidfd_send_signal", "kcmp", "tkill", "move_pages", "migrate_pages",
     // the tree of files
     "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount",
     "fspick", "mount_setattr", "swapon", "swapoff", "quotactl", "quotactl_fd", "name_to_handle_at",
     "open_by_handle_at", "fanotify_init", "fanotify_mark", "acct",
     // what Landlock leaves open: whose a file is, and who may use it
     "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "setxattr", "lsetxattr",
     "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat", "utime", "utimes",
     "futimesat",
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
     "listen", "accept", "accept4"});

// Allowed with some arguments alone.
constexpr std::array kConditional =
    std::to_array<std::string_view>({"clone", "socket", "socketpair", "kill", "tgkill", "rt_sigqueueinfo",
                                     "rt_tgsigqueueinfo", "prlimit64", "utimensat", "setpriority", "sched_setscheduler",
                                     "sched_setattr", "sched_setparam", "sched_setaffinity", "ioprio_set"});

// Arguments that the kernel reads 32 bits of.
constexpr std::uint64_t kWord = 0xffffffff;

template <class List>
bool has(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

struct Release {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};

// Stands for the process that a filter is for until that is known; no process has this number.
constexpr std::uint32_t kAnyProcess = 0x5e1f1d00;

/// What the kernel runs, for any process; or why there is none.
struct Program {
  std::vector<sock_filter> steps{};
  std::string failure{};
};

/// A filter in the making: what no rule speaks of gets `otherwise`. Remembers the first error.
class Filter {
 public:
  explicit Filter(std::uint32_t otherwise) : filter_(::seccomp_init(otherwise)) {
    if (!filter_) {
      note(-ENOMEM);
      return;
    }
    // A search by halves, instead of one comparison for each call that there is.
    note(::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
  }

  void add(std::uint32_t action, int number) {
    note(::seccomp_rule_add_array(filter_.get(), action, number, 0, nullptr));
  }

  /// Where all of the conditions hold. A call that this machine has not is left out.
  void add(std::uint32_t action, const char* name, std::initializer_list<scmp_arg_cmp> conditions) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number < 0) return;
    note(::seccomp_rule_add_array(filter_.get(), action, number, static_cast<unsigned>(conditions.size()),
                                  conditions.begin()));
  }

  Program compile() {
    const base::Descriptor file(::memfd_create("filter", MFD_CLOEXEC));
    if (error_ == 0 && !file.is_open()) error_ = -errno;
    if (error_ == 0) note(::seccomp_export_bpf(filter_.get(), file.get()));
    Program program;
    struct stat status {};
    if (error_ == 0 && ::fstat(file.get(), &status) != 0) error_ = -errno;
    if (error_ == 0) {
      program.steps.resize(static_cast<std::size_t>(status.st_size) / sizeof(sock_filter));
      if (::pread(file.get(), program.steps.data(), static_cast<std::size_t>(status.st_size), 0) != status.st_size) {
        error_ = -EIO;
      }
    }
    if (error_ != 0) program.failure = std::strerror(-error_);
    return program;
  }

 private:
  void note(int result) {
    if (error_ == 0 && result < 0) error_ = result;
  }

  std::unique_ptr<void, Release> filter_;
  int error_ = 0;
};

scmp_arg_cmp is(unsigned argument, std::uint64_t value) {
  return {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}

/// Looks at these bits of the argument alone.
scmp_arg_cmp has_bits(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

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

/// What may be asked for itself, or in this way only.
void add_conditional(Filter& filter, bool may_connect) {
  filter.add(SCMP_ACT_ALLOW, "clone", {has_bits(0, CLONE_THREAD, CLONE_THREAD)});
  for (const auto* name : {"kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "prlimit64"}) {
    filter.add(SCMP_ACT_ALLOW, name, {is(0, kAnyProcess)});
  }
  for (const auto* name : {"prlimit64", "sched_setscheduler", "sched_setattr", "sched_setparam", "sched_setaffinity"}) {
    filter.add(SCMP_ACT_ALLOW, name, {is(0, 0)});
  }
  filter.add(SCMP_ACT_ALLOW, "setpriority", {is(0, PRIO_PROCESS), is(1, 0)});
  constexpr std::uint64_t kOfProcess = 1;
  filter.add(SCMP_ACT_ALLOW, "ioprio_set", {is(0, kOfProcess), is(1, 0)});
  filter.add(SCMP_ACT_ALLOW, "utimensat", {is(1, 0)});  // of an open file
  // Of datagrams each may go to another address.
  constexpr std::uint64_t kTypeOfSocket = 0xf;
  filter.add(SCMP_ACT_ALLOW, "socketpair", {has_bits(1, kTypeOfSocket, SOCK_STREAM)});
  if (!may_connect) return;
  filter.add(SCMP_ACT_ALLOW, "socket", {is(0, AF_INET)});
  filter.add(SCMP_ACT_ALLOW, "socket", {is(0, AF_INET6)});
}

/// Refusals that the filter of what is allowed has no words for.
void add_refusals(Filter& filter, bool is_memory_limited) {
  const auto refused = SCMP_ACT_ERRNO(EPERM);
  // Signals to others, in the kernel's name.
  for (const int command : {F_SETOWN, F_SETOWN_EX, F_SETSIG}) {
    filter.add(refused, "fcntl", {has_bits(1, kWord, static_cast<unsigned>(command))});
  }
  for (const int command : {FIOSETOWN, SIOCSPGRP, TIOCSTI, TIOCLINUX}) {
    filter.add(refused, "ioctl", {has_bits(1, kWord, static_cast<unsigned>(command))});
  }
  // Outliving the host.
  filter.add(refused, "prctl", {has_bits(0, kWord, PR_SET_PDEATHSIG)});
  if (!is_memory_limited) return;
  // Memory that is not counted.
  filter.add(refused, "memfd_create", {});
  filter.add(refused, "memfd_secret", {});
  constexpr std::uint64_t kShared = MAP_SHARED | MAP_ANONYMOUS;
  filter.add(refused, "mmap", {has_bits(3, kShared, kShared)});
}

Program compile_refusals(bool is_memory_limited) {
  Filter refusals(SCMP_ACT_ALLOW);
  add_refusals(refusals, is_memory_limited);
  return refusals.compile();
}

Program compile_filter(bool may_connect) {
  Filter filter(SCMP_ACT_ERRNO(EPERM));
  add_unconditional(filter);
  add_conditional(filter, may_connect);
  return filter.compile();
}

/// Made once in a process, and had by those that it forks.
struct Programs {
  std::array<Program, 2> refusals{compile_refusals(false), compile_refusals(true)};  // by whether memory is limited
  std::array<Program, 2> filters{compile_filter(false), compile_filter(true)};       // by whether it may connect
};

const Programs& programs() {
  static const Programs kMade;
  return kMade;
}

/// For the calling process.
std::string load(const Program& program) {
  if (!program.failure.empty()) return program.failure;
  auto steps = program.steps;
  for (auto& step : steps) {
    if (step.code == (BPF_JMP | BPF_JEQ | BPF_K) && step.k == kAnyProcess) {
      step.k = static_cast<std::uint32_t>(::getpid());
    }
  }
  const sock_fprog loaded{.len = static_cast<unsigned short>(steps.size()), .filter = steps.data()};
  const auto result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &loaded);
  if (result > 0) return "thread " + std::to_string(result) + " cannot be bound by it";
  return result == 0 ? "" : std::strerror(errno);
}

}  // namespace

void prepare_system_calls() { programs(); }

std::string limit_system_calls(bool may_connect, bool is_memory_limited) {
  if (auto failure = load(programs().refusals.at(is_memory_limited ? 1 : 0)); !failure.empty()) return failure;
  return load(programs().filters.at(may_connect ? 1 : 0));
}

}  // namespace mortise::sandbox
