#include "telemetry/crash_mark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

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

constexpr std::string_view kPrefix = "crash.";

// Written once before threads start, read by the handler: it may neither allocate nor lock.
std::array<char, 4096> file_name{};
std::array<struct sigaction, kFatal.size()> former_actions{};

/// Builds the mark on the dying thread's stack.
class Text {
 public:
  Text& add(std::string_view part) noexcept {
    const auto size = std::min(part.size(), text_.size() - size_);
    std::memcpy(text_.data() + size_, part.data(), size);
    size_ += size;
    return *this;
  }
  Text& add_hex(std::uintptr_t number) noexcept {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
    return add("0x").add({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  void write_to(int descriptor) const noexcept {
    // What cannot be written is lost: there is nobody left to tell.
    static_cast<void>(!::write(descriptor, text_.data(), size_));
  }

 private:
  std::array<char, 1024> text_;
  std::size_t size_ = 0;
};

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

void add_owner(Text& text, const CodeOwner::Names& owner) {
  text.add("plugin ").add(owner.plugin).add("\ngeneration ").add(owner.generation).add("\n");
}

void on_fatal_signal(int number, siginfo_t* info, void* context) {
  std::size_t index = 0;
  while (kFatal[index].number != number) ++index;
  Text text;
  text.add("signal ").add(kFatal[index].name);
  text.add("\naddress ").add_hex(number == SIGABRT ? 0 : reinterpret_cast<std::uintptr_t>(info->si_addr)).add("\n");
  const auto owner = CodeOwner::find(base::interrupted_at(context));
  if (const auto* scope = LogScope::current()) {
    text.add("entered ").add(scope->plugin).add("\nrequest ").add(scope->request_id).add("\n");
    if (!owner) add_owner(text, {scope->plugin, scope->generation});
  }
  if (owner) add_owner(text, *owner);
  const int descriptor = ::open(file_name.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor >= 0) {
    text.write_to(descriptor);
    if (!owner) {
      // After the rest is written: on a corrupt stack it may fault. Of two lines with one key the last counts.
      Text better;
      if (const auto caller = find_on_stack(context)) add_owner(better, *caller);
      better.write_to(descriptor);
    }
    ::close(descriptor);
  }
  // As if this had not been there: a fault comes again when the handler returns; a signal that was sent does not.
  ::sigaction(number, &former_actions[index], nullptr);
  if (info->si_code <= 0) ::raise(number);
}

CrashMark read_mark(const std::filesystem::path& file) {
  std::ifstream stream(file);
  CrashMark mark;
  std::string key;
  while (stream >> key) {
    std::string value;
    stream.get();
    std::getline(stream, value);
    if (key == "signal") mark.signal = value;
    if (key == "address") mark.address = value;
    if (key == "entered") mark.entered = value;
    if (key == "plugin") mark.plugin = value;
    if (key == "generation") std::from_chars(value.data(), value.data() + value.size(), mark.generation);
    if (key == "request") mark.request_id = value;
  }
  return mark;
}

}  // namespace

std::string CrashMark::to_string() const {
  return signal + (address == "0x0" && signal == "SIGABRT" ? "" : " at " + address) +
         (request_id.empty() ? "" : ", in request " + request_id) +
         (request_id.empty() || entered == plugin ? "" : " to '" + entered + "'");
}

void leave_crash_marks(const std::filesystem::path& directory) {
  const auto name = (directory / (std::string(kPrefix) + std::to_string(::getpid()))).native();
  if (name.size() >= file_name.size()) return;  // no file system takes such a path anyway
  std::memcpy(file_name.data(), name.c_str(), name.size() + 1);
  base::prepare_call_stacks();
  for (std::size_t i = 0; i < kFatal.size(); ++i) {
    struct sigaction action {};
    action.sa_sigaction = &on_fatal_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigaction(kFatal[i].number, &action, &former_actions[i]);
  }
}

std::vector<CrashMark> take_crash_marks(const std::filesystem::path& directory) {
  std::vector<CrashMark> marks;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const auto name = entry.path().filename().string();
    std::int64_t pid = 0;
    const auto* const end = name.data() + name.size();
    if (!name.starts_with(kPrefix) || std::from_chars(name.data() + kPrefix.size(), end, pid).ptr != end) continue;
    marks.push_back(read_mark(entry.path()));
    marks.back().pid = pid;
    std::error_code ignored;  // at worst it is told of once more
    std::filesystem::remove(entry.path(), ignored);
  }
  return marks;
}

}  // namespace mortise::telemetry
