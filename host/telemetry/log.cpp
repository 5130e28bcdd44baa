#include "telemetry/log.hpp"

#include <Poco/AutoPtr.h>
#include <Poco/Exception.h>
#include <Poco/FileChannel.h>
#include <Poco/Logger.h>
#include <Poco/Message.h>
#include <unistd.h>
#include <atomic>
#include <chrono>
#include <cstdlib>

#include "telemetry/line.hpp"
#include "telemetry/stderr_channel.hpp"

namespace mortise::telemetry {
namespace {

/// Where lines go. Made at the first use and never destroyed: threads may log until the very end of the process.
/// Only configure(), reopen() and forward_lines() write what follows the logger, while there is one thread.
struct Sink {
  Poco::AutoPtr<Poco::Channel> standard_error{new StderrChannel};
  Poco::Logger* logger = &Poco::Logger::create("mortise", standard_error, Poco::Message::PRIO_TRACE);
  bool is_json = ::isatty(STDERR_FILENO) == 0;
  bool is_coloured = false;
  LogSettings settings;
  Forward forward;  // empty: lines are written here
};

Sink& sink() {
  static auto* const kSink = new Sink;
  return *kSink;
}

/// Publishes nothing but itself, so relaxed is enough: a thread that sees an older level logs a line more or less.
std::atomic<Level> the_level{Level::info};

thread_local const LogScope* the_scope = nullptr;

Poco::Message::Priority to_priority(Level level) {
  switch (level) {
    case Level::debug: return Poco::Message::PRIO_DEBUG;
    case Level::info: return Poco::Message::PRIO_INFORMATION;
    case Level::warning: return Poco::Message::PRIO_WARNING;
    case Level::error: return Poco::Message::PRIO_ERROR;
  }
  return Poco::Message::PRIO_ERROR;
}

/// A full disk must not silence the host: what the file does not take goes to standard error.
void write(const std::string& text, Level level) {
  Sink& to = sink();
  const Poco::Message message("mortise", text, to_priority(level));
  try {
    to.logger->log(message);
  } catch (const std::exception&) {
    to.standard_error->log(message);
  }
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

void add(std::vector<Field>& fields, std::string_view key, std::string_view value) {
  if (!value.empty()) fields.push_back({key, value});
}

base::Error cannot_log(const LogSettings& settings, const std::string& reason) {
  return {base::ErrorCode::unavailable, "cannot log to '" + settings.file.string() + "' with rotation '" +
                                            settings.rotation + "': " + reason +
                                            "; check log.file, its directory and log.rotation"};
}

base::Result<Poco::AutoPtr<Poco::Channel>> open_file(const LogSettings& settings) {
  try {
    std::filesystem::create_directories(settings.file.parent_path());
    Poco::AutoPtr<Poco::Channel> channel(new Poco::FileChannel(settings.file.string()));
    channel->setProperty("rotation", settings.rotation);
    channel->setProperty("archive", "number");
    channel->setProperty("purgeCount", std::to_string(settings.keep));
    channel->open();
    return channel;
  } catch (const Poco::Exception& error) {
    return cannot_log(settings, error.displayText());
  } catch (const std::filesystem::filesystem_error& error) {
    return cannot_log(settings, error.code().message());
  }
}

}  // namespace

base::Result<void> configure(const LogSettings& settings) {
  Sink& to = sink();
  Poco::AutoPtr<Poco::Channel> channel = to.standard_error;
  if (!settings.file.empty()) {
    auto opened = open_file(settings);
    if (!opened) return opened.error();
    channel = *opened;
  }
  const bool is_terminal = settings.file.empty() && ::isatty(STDERR_FILENO) != 0;
  to.logger->setChannel(channel);
  to.is_json = settings.format == LogSettings::Format::json ||
               (settings.format == LogSettings::Format::automatic && !is_terminal);
  to.is_coloured = is_terminal && std::getenv("NO_COLOR") == nullptr;
  to.settings = settings;
  the_level.store(settings.level, std::memory_order_relaxed);
  return {};
}

void reopen() {
  Sink& to = sink();
  if (to.settings.file.empty()) return;
  const auto opened = open_file(to.settings);
  to.logger->setChannel(opened ? *opened : to.standard_error);
  if (!opened) log(Level::warning, "log", "cannot open the log file", {{"reason", opened.error().message}});
}

void forward_lines(Level level, Forward forward) {
  the_level.store(level, std::memory_order_relaxed);
  sink().forward = std::move(forward);
}

Level enabled_level() noexcept { return the_level.load(std::memory_order_relaxed); }

bool is_enabled(Level level) noexcept { return level >= enabled_level(); }

void log(Level level, std::string_view source, std::string_view message, std::initializer_list<Field> fields) {
  log(level, source, message, fields.begin(), fields.size());
}

void log(Level level, std::string_view source, std::string_view message, const Field* fields, std::size_t count) {
  if (!is_enabled(level)) return;
  try {
    if (sink().forward) return sink().forward(level, message, fields, count);
    Line line{now_ms(), level, source, message, {}};
    if (const auto* scope = LogScope::current()) {
      add(line.fields, "plugin", scope->plugin);
      add(line.fields, "generation", scope->generation);
      add(line.fields, "request_id", scope->request_id);
      if (scope->trace != nullptr) add(line.fields, "trace_id", scope->trace->trace_id());
    }
    for (std::size_t i = 0; i < count; ++i) add(line.fields, fields[i].key, fields[i].value);
    const Sink& to = sink();
    write(to.is_json ? to_json(line) : to_text(line, to.is_coloured), level);
  } catch (const std::exception&) {
    return;  // no memory for the line: the line is lost, its writer goes on
  }
}

void log_access(std::string_view json) {
  try {
    write(to_access_line(now_ms(), json), Level::info);
  } catch (const std::exception&) {
    return;  // as above
  }
}

LogScope::LogScope(std::string_view plugin_name, std::string_view generation_number, std::string_view request,
                   std::string_view route_pattern, const TraceContext* trace_of_request) noexcept
    : plugin(plugin_name),
      generation(generation_number),
      request_id(request),
      route(route_pattern),
      trace(trace_of_request),
      outer_(the_scope) {
  the_scope = this;
}

LogScope::~LogScope() { the_scope = outer_; }

const LogScope* LogScope::current() noexcept { return the_scope; }

}  // namespace mortise::telemetry
