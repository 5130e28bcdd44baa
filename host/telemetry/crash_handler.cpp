#include "telemetry/crash_handler.hpp"

#include <sys/mman.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include "base/call_stack.hpp"
#include "telemetry/code_owners.hpp"
#include "telemetry/log.hpp"

namespace mortise::telemetry {
namespace {

struct Fatal {
  int number;
  const char* name;
};
constexpr std::array<Fatal, 5> kFatal{
    {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}, {SIGABRT, "SIGABRT"}}};

// For the unwinder, and the registers that the kernel saves.
constexpr std::size_t kStackBytes = 65536;
constexpr int kMostFrames = 48;

// Written once before threads start, read by the handler: it may neither allocate nor lock.
CrashPage::Page* the_page = nullptr;
std::array<struct sigaction, kFatal.size()> former_actions{};
// Publishes nothing but itself.
std::atomic<bool> is_exit_expected{false};

class Number {
 public:
  Number(std::uintptr_t number, int base) noexcept
      : size_(static_cast<std::size_t>(
            std::to_chars(digits_.data(), digits_.data() + digits_.size(), number, base).ptr - digits_.data())) {}
  [[nodiscard]] std::string_view view() const noexcept { return {digits_.data(), size_}; }

 private:
  std::array<char, 24> digits_{};
  std::size_t size_;
};

void add(std::string_view key, std::string_view value) noexcept {
  the_page->append(key);
  the_page->append(" ");
  the_page->append(value);
  the_page->append("\n");
}

void add_owner(const CodeOwner::Names& owner) noexcept {
  add("plugin", owner.plugin);
  add("generation", owner.generation);
  add("sha256", owner.sha256);
}

void add_frame(std::uintptr_t address) noexcept {
  const auto place = base::locate(address);
  the_page->append("frame ");
  the_page->append(place.image.empty() ? "mortise" : place.image);
  the_page->append("+0x");
  the_page->append(Number(place.offset, 16).view());
  if (!place.build_id.empty()) the_page->append(" build-id ");
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const auto byte : place.build_id) {
    const std::array<char, 2> digits{kDigits[byte >> 4U], kDigits[byte & 15U]};
    the_page->append({digits.data(), digits.size()});
  }
  if (const auto owner = CodeOwner::find(address)) {
    the_page->append(" (");
    the_page->append(owner->plugin);
    the_page->append(")");
  }
  the_page->append("\n");
}

/// The nearest owner of code on the stack, the innermost frame first.
std::optional<CodeOwner::Names> find_on_stack(const void* context) {
  std::optional<CodeOwner::Names> found;
  const auto visit = [](std::uintptr_t address, void* argument) {
    auto& names = *static_cast<std::optional<CodeOwner::Names>*>(argument);
    names = CodeOwner::find(address);
    return !names;
  };
  base::walk_call_stack(context, visit, &found);
  return found;
}

/// Without the frames of this handler, which come before the place where the thread was interrupted.
void add_stack(const void* context) {
  struct Walk {
    std::uintptr_t begin;  // 0: everything counts
    int left = kMostFrames;
  } walk{.begin = context == nullptr ? 0 : base::interrupted_at(context)};
  const auto visit = [](std::uintptr_t address, void* argument) {
    auto& state = *static_cast<Walk*>(argument);
    if (address == state.begin) state.begin = 0;
    if (state.begin != 0) return true;
    if (address == 0 && state.left < kMostFrames) return false;  // below a thread's first frame
    add_frame(address);
    return --state.left > 0;
  };
  base::walk_call_stack(context, visit, &walk);
}

/// What is sure first: on a corrupt stack the walk may fault.
void leave_mark(std::string_view signal, std::optional<std::uintptr_t> address, const void* context) {
  add("signal", signal);
  if (address) {
    the_page->append("address 0x");
    the_page->append(Number(*address, 16).view());
    the_page->append("\n");
  }
  auto owner = context == nullptr ? std::nullopt : CodeOwner::find(base::interrupted_at(context));
  if (const auto* scope = LogScope::current()) {
    add("entered", scope->plugin);
    if (!scope->request_id.empty()) add("request", scope->request_id);
    if (!scope->route.empty()) add("route", scope->route);
    if (!owner) {
      const CodeOwner::Names entered{scope->plugin, scope->generation, {}};
      add_owner(CodeOwner::find(scope->plugin, scope->generation).value_or(entered));
    }
  }
  if (owner) add_owner(*owner);
  if (!owner) owner = find_on_stack(context);
  if (owner) add_owner(*owner);
  add_stack(context);
}

/// Does not return where another thread was first: that one ends the process, once its mark is whole. False: this one
/// was at it already, and has faulted in the middle.
bool is_first_to_die() noexcept {
  if (the_page->claim()) return true;
  while (the_page->writer.load(std::memory_order_relaxed) != static_cast<std::uint32_t>(::gettid())) ::pause();
  return false;
}

void on_fatal_signal(int number, siginfo_t* info, void* context) {
  std::size_t index = 0;
  while (kFatal[index].number != number) ++index;
  if (is_first_to_die()) {
    const auto address = number == SIGABRT ? 0 : reinterpret_cast<std::uintptr_t>(info->si_addr);
    leave_mark(kFatal[index].name, address, context);
  }
  // As if this had not been there: a fault comes again when the handler returns; a signal that was sent does not.
  ::sigaction(number, &former_actions[index], nullptr);
  if (info->si_code <= 0) ::raise(number);
}

void on_unexpected_exit(int code, void* /*argument*/) {
  if (is_exit_expected.load(std::memory_order_relaxed)) return;
  if (is_first_to_die()) leave_mark("exit", std::nullopt, nullptr);
  ::_exit(code);
}

}  // namespace

void leave_crash_marks(CrashPage page) {
  static const auto* const kPage = new CrashPage(std::move(page));
  the_page = &kPage->page();
  base::prepare_call_stacks();
  for (std::size_t i = 0; i < kFatal.size(); ++i) {
    struct sigaction action {};
    action.sa_sigaction = &on_fatal_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigaction(kFatal[i].number, &action, &former_actions[i]);
  }
  ::on_exit(&on_unexpected_exit, nullptr);
  std::at_quick_exit([] { on_unexpected_exit(EXIT_FAILURE, nullptr); });
}

void expect_exit() noexcept { is_exit_expected.store(true, std::memory_order_relaxed); }

CrashStack::CrashStack() noexcept {
  stack_t former{};
  if (::sigaltstack(nullptr, &former) != 0 || (former.ss_flags & SS_DISABLE) == 0) return;
  auto* const memory = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;  // then only a stack that is used up goes unmarked
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = kStackBytes;
  ::sigaltstack(&stack, nullptr);
  memory_ = memory;
}

CrashStack::~CrashStack() {
  if (memory_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
  ::munmap(memory_, kStackBytes);
}

}  // namespace mortise::telemetry
