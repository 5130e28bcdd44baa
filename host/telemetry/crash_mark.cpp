#include "telemetry/crash_mark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string_view>
#include <system_error>

#include "telemetry/log.hpp"

namespace mortise::telemetry {
namespace {

struct Fatal {
  int number;
  const char* name;
};
constexpr std::array<Fatal, 5> kFatal{
    {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}, {SIGABRT, "SIGABRT"}}};

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

void on_fatal_signal(int number, siginfo_t* info, void*) {
  std::size_t index = 0;
  while (kFatal[index].number != number) ++index;
  Text text;
  text.add("signal ").add(kFatal[index].name);
  text.add("\naddress ").add_hex(number == SIGABRT ? 0 : reinterpret_cast<std::uintptr_t>(info->si_addr));
  if (const auto* scope = LogScope::current()) {
    text.add("\nplugin ").add(scope->plugin).add("\ngeneration ").add(scope->generation);
    text.add("\nrequest ").add(scope->request_id);
  }
  text.add("\n");
  const int descriptor = ::open(file_name.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor >= 0) {
    text.write_to(descriptor);
    ::close(descriptor);
  }
  // As if this had not been there: a fault comes again when the handler returns; a signal that was sent does not.
  ::sigaction(number, &former_actions[index], nullptr);
  if (info->si_code <= 0) ::raise(number);
}

}  // namespace

std::string CrashMark::to_string() const {
  return signal + (address == "0x0" && signal == "SIGABRT" ? "" : " at " + address) +
         (request_id.empty() ? "" : ", in request " + request_id);
}

void leave_crash_marks(const std::filesystem::path& file) {
  const auto& name = file.native();
  if (name.size() >= file_name.size()) return;  // no file system takes such a path anyway
  std::memcpy(file_name.data(), name.c_str(), name.size() + 1);
  for (std::size_t i = 0; i < kFatal.size(); ++i) {
    struct sigaction action {};
    action.sa_sigaction = &on_fatal_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigaction(kFatal[i].number, &action, &former_actions[i]);
  }
}

std::optional<CrashMark> take_crash_mark(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) return std::nullopt;
  CrashMark mark;
  std::string key;
  while (stream >> key) {
    std::string value;
    stream.get();
    std::getline(stream, value);
    if (key == "signal") mark.signal = value;
    if (key == "address") mark.address = value;
    if (key == "plugin") mark.plugin = value;
    if (key == "generation") std::from_chars(value.data(), value.data() + value.size(), mark.generation);
    if (key == "request") mark.request_id = value;
  }
  std::error_code ignored;  // at worst it is told of once more
  std::filesystem::remove(file, ignored);
  return mark;
}

}  // namespace mortise::telemetry
