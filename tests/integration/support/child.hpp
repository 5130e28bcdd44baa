// A process started by a test: its pid, its end, and its output as it comes.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace mortise::integration {

/// How long "it happens at all" may take on a machine that is busy with other things.
inline constexpr std::chrono::seconds kPatience{60};

/// What is different for the child.
struct ChildSettings {
  bool is_on_terminal = false;                    // its standard error is one
  bool is_without_privileges = false;             // root, too, is held to the permissions of files
  std::optional<std::size_t> largest_file_bytes;  // RLIMIT_FSIZE
  std::optional<std::filesystem::path> tmpfs;     // a file system of 1 MiB mounted there, seen by the child alone
  std::vector<int> sockets{};                     // handed over as a service manager does, the first as "web-0"
};

/// Waits for the end of a child, also one that this process has inherited: the exit code, or minus the signal that
/// killed it. Throws when patience ends.
int wait_for_end(pid_t pid);
/// Waits for the end of a process that is no child, and may be gone already. Throws likewise.
void wait_for_last_moment(pid_t pid);
/// None of its threads runs any more when this returns, until it is sent a SIGCONT: a signal alone only asks for that.
/// Throws when patience ends.
void stop_process(pid_t pid);

/// Lines that another thread reads from a pipe. Any thread.
class Output {
 public:
  /// Owns the descriptor.
  explicit Output(int fd);
  ~Output();

  [[nodiscard]] std::vector<std::string> lines() const;
  /// All lines, once the other end is closed.
  [[nodiscard]] std::vector<std::string> all_lines() const;
  /// The first line for which `matches` is true. Throws when the pipe ends or patience does.
  template <class Match>
  std::string wait_for(const Match& matches) const {
    std::unique_lock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (std::size_t seen = 0;; ++seen) {
      const bool has_more = changed_.wait_until(lock, deadline, [&] { return seen < lines_.size() || is_ended_; });
      if (!has_more || seen >= lines_.size()) missed(has_more);
      if (matches(lines_[seen])) return lines_[seen];
    }
  }

 private:
  [[noreturn]] void missed(bool has_ended) const;
  void read(int fd);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> lines_;  // guarded by mutex_
  bool is_ended_ = false;           // guarded by mutex_
  std::thread reader_;
};

/// Starts at construction; killed when it still runs at destruction. One thread.
class Child {
 public:
  explicit Child(const std::vector<std::string>& arguments, const ChildSettings& settings = {});
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const Output& error_output() const { return *error_output_; }
  [[nodiscard]] const Output& output() const { return *output_; }
  void signal(int number) const;
  [[nodiscard]] bool has_ended() const { return exit_code_.has_value(); }
  /// Waits for the end: the exit code, or minus the signal that killed it. Throws when patience ends.
  int wait();

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  std::optional<Output> output_;
  std::optional<Output> error_output_;
};

/// A command run to its end.
struct Finished {
  int code = 0;
  std::string out;
  std::string err;
};
Finished run(const std::vector<std::string>& arguments, const ChildSettings& settings = {});

}  // namespace mortise::integration
