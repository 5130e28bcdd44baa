// The host's log: Poco::Logger underneath, a fixed message and structured fields on top. Human-readable on a
// terminal, JSON lines otherwise. Thread-safe throughout; writing never throws.
#pragma once

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "telemetry/trace_context.hpp"

namespace mortise::telemetry {

enum class Level { debug, info, warning, error };

struct LogSettings {
  Level level = Level::info;
  enum class Format { automatic, text, json } format = Format::automatic;  // automatic: text on a terminal
  std::filesystem::path file;                                              // empty: standard error
  std::string rotation = "10 M";
  unsigned keep = 5;
};

/// One structured field; the value is text.
struct Field {
  std::string_view key;
  std::string_view value;
};

/// Installs the settings for the whole process; call once, from main, before threads start. Fails when the file
/// cannot be opened.
base::Result<void> configure(const LogSettings& settings);

/// Opens the file of the settings anew, for a process that another one may have rotated it for; without one nothing
/// happens. No other thread may log meanwhile. Where it cannot be opened, lines go to standard error.
void reopen();

/// What one process writes in the place of another one: called with each line that is enabled, on the thread that logs
/// it, whose LogScope is the line's.
using Forward = std::function<void(Level level, std::string_view message, const Field* fields, std::size_t count)>;
/// From here on lines go there instead. Once, before threads start.
void forward_lines(Level level, Forward forward);

bool is_enabled(Level level) noexcept;
/// The least level that is.
Level enabled_level() noexcept;

/// Writes one line: `source` is the part of the host ("catalog", "http", "plugin"). Fields with an empty value are
/// left out; those of the thread's LogScope are added.
void log(Level level, std::string_view source, std::string_view message, std::initializer_list<Field> fields = {});
void log(Level level, std::string_view source, std::string_view message, const Field* fields, std::size_t count);

/// Writes one line to the access log (JSON, whatever the format): `json` is an object, complete.
void log_access(std::string_view json);

/// What a thread works for; its fields are added to every line that the thread logs. What it is given must outlive it.
/// Nests; costs a few stores.
class LogScope {
 public:
  /// `route`: only the mark of a crash tells of it.
  LogScope(std::string_view plugin, std::string_view generation, std::string_view request_id,
           std::string_view route = {}, const TraceContext* trace = nullptr) noexcept;
  LogScope(const LogScope&) = delete;
  LogScope& operator=(const LogScope&) = delete;
  ~LogScope();

  [[nodiscard]] static const LogScope* current() noexcept;

  std::string_view plugin;
  std::string_view generation;
  std::string_view request_id;
  std::string_view route;
  const TraceContext* trace;  // null: its client has named none

 private:
  const LogScope* outer_;
};

}  // namespace mortise::telemetry
