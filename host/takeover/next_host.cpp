#include "takeover/next_host.hpp"

#include <sys/eventfd.h>
#include <sys/wait.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/process.hpp"
#include "base/spawn.hpp"
#include "takeover/channel.hpp"

namespace mortise::takeover {
namespace {

using base::Error;
using base::ErrorCode;
using nlohmann::json;

// For the kernel to end a process that was killed; a plugin's child that has inherited the channel may outlive it.
constexpr std::chrono::milliseconds kLastMoment{5000};

/// How far the next host has come. Each line that it says leads to the next step, and no other may come.
///
///   started --prepared--> lent --ready--> given --serving--> (it is the host)
enum class Step { started, lent, given };

/// The next host's process, until it is the host itself: killed and waited for at destruction.
class NextHost {
 public:
  NextHost(pid_t pid, Channel to_it) : channel(std::move(to_it)), pid_(pid) {}
  NextHost(const NextHost&) = delete;
  NextHost& operator=(const NextHost&) = delete;
  ~NextHost() { end(); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  void let_go() { is_ours_ = false; }
  /// How it ended: of itself, or of being killed now.
  base::ProcessEnd end() {
    if (!std::exchange(is_ours_, false)) return {};
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    // Its host process dies with it, but a moment later: the last end of the channel is closed then.
    const auto deadline = Channel::Clock::now() + kLastMoment;
    while (channel.receive(deadline).line) continue;
    return base::end_of(status);
  }

  Channel channel;

 private:
  pid_t pid_;
  bool is_ours_ = true;
};

std::string text_in(const json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Why the next host must not have the users of what runs here; empty when it runs all of that.
std::string find_lacking(const std::vector<std::string>& running, const json& ready) {
  const auto theirs = ready.value("running", json::array());
  for (const auto& name : running) {
    if (std::find(theirs.begin(), theirs.end(), name) != theirs.end()) continue;
    const auto reasons = ready.value("reasons", json::object());
    const auto reason = text_in(reasons, name.c_str());
    return "plugin '" + name + "' runs here and not in the new host: " +
           (reason.empty() ? "it is not enabled any more, or its file is gone; `mortise plan` shows what is pending"
                           : reason);
  }
  return {};
}

class Conversation {
 public:
  Conversation(const UpgradeSettings& settings, Outgoing& outgoing, NextHost& next, std::stop_token giving_up)
      : settings_(settings), outgoing_(outgoing), next_(next), giving_up_(std::move(giving_up)) {}

  [[nodiscard]] bool has_lent() const { return step_ != Step::started; }

  /// Until the next host serves, or an error. `interrupt`: becomes readable when it is to be given up.
  base::Result<void> run(int interrupt) {
    for (;;) {
      // What is given cannot be taken back because somebody has changed his mind.
      const auto received = next_.channel.receive(deadline_, step_ == Step::given ? -1 : interrupt);
      if (!received.line) return explain(received.why);
      const auto said = said_in(*received.line);
      if (said == line::kServing && step_ == Step::given) return {};
      if (auto answered = answer(said, *received.line); !answered) return answered;
    }
  }

 private:
  base::Result<void> answer(const std::string& said, const json& line) {
    if (said == line::kPrepared && step_ == Step::started) {
      auto running = outgoing_.lend_state(deadline_, giving_up_);
      if (!running) return running.error();
      running_ = std::move(*running);
      step_ = Step::lent;
      next_.channel.send(line::kLent);
      return {};
    }
    if (said == line::kReady && step_ == Step::lent) {
      if (auto lacking = find_lacking(running_, line); !lacking.empty()) {
        return Error{ErrorCode::failed_precondition, std::move(lacking)};
      }
      step_ = Step::given;
      // However late it was ready: it may have users from here on, whom nobody else knows of.
      deadline_ = Channel::Clock::now() + settings_.limit;
      next_.channel.send(line::kYours);
      return {};
    }
    if (said == line::kFailed) return Error{ErrorCode::failed_precondition, name() + ": " + text_in(line, "reason")};
    return Error{ErrorCode::failed_precondition,
                 name() + " says '" + said + "' out of turn; its version does not follow this one's: restart instead"};
  }

  Error explain(Channel::Ending why) {
    switch (why) {
      case Channel::Ending::interrupted: return {ErrorCode::cancelled, "the host is stopping"};
      case Channel::Ending::timed_out:
        return {ErrorCode::deadline_exceeded,
                name() + (step_ == Step::given ? " did not serve within " : " was not ready within ") +
                    std::to_string(settings_.limit.count()) + " ms; when it is merely slow, raise upgrade_timeout_ms"};
      case Channel::Ending::ended: break;
    }
    return {ErrorCode::unavailable, name() + " " + next_.end().describe() +
                                        " before it was ready; what it says of that is in the log, or run `" +
                                        settings_.executable + " serve --check`"};
  }

  [[nodiscard]] std::string name() const { return "the new host '" + settings_.executable + "'"; }

  const UpgradeSettings& settings_;
  Outgoing& outgoing_;
  NextHost& next_;
  const std::stop_token giving_up_;
  Channel::Clock::time_point deadline_ = Channel::Clock::now() + settings_.limit;
  Step step_ = Step::started;
  std::vector<std::string> running_;
};

}  // namespace

base::Result<pid_t> hand_over(const UpgradeSettings& settings, Outgoing& outgoing, const std::stop_token& giving_up) {
  const base::Descriptor interrupt(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!interrupt.is_open()) {
    return Error{ErrorCode::resource_exhausted, std::string("cannot make an eventfd: ") + std::strerror(errno)};
  }
  const std::stop_callback interrupting(giving_up, [&] { ::eventfd_write(interrupt.get(), 1); });
  auto channel = Channel::make();
  if (!channel) return channel.error();
  const auto sockets = outgoing.listening_sockets();
  std::vector<int> descriptors{channel->second.get(), outgoing.lock()};
  descriptors.insert(descriptors.end(), sockets.begin(), sockets.end());
  auto environment = settings.environment;
  environment.push_back(kVariable + ("=" + std::to_string(sockets.size())));
  outgoing.on_upgrading(0);
  const auto pid = base::spawn({.executable = settings.executable,
                                .arguments = settings.arguments,
                                .environment = std::move(environment),
                                .output = {},
                                .descriptors = std::move(descriptors),
                                .has_own_group = false});
  if (!pid) {
    outgoing.on_kept();
    return Error{pid.error().code, pid.error().message + "; install a host there, and try again"};
  }
  outgoing.on_upgrading(*pid);
  channel->second = base::Descriptor();  // or the next host's end would not be seen
  NextHost next(*pid, std::move(channel->first));
  Conversation conversation(settings, outgoing, next, giving_up);
  const auto handed = conversation.run(interrupt.get());
  if (handed) {
    next.let_go();
    return *pid;
  }
  next.end();  // before anything of its is taken back
  outgoing.on_kept();
  if (conversation.has_lent()) outgoing.take_state_back();
  return handed.error();
}

}  // namespace mortise::takeover
