// What a worker says over the slow way: lines of its log, what its plugin registers, and what its hooks came to.
// Whatever it is, the host takes it for what anybody may have sent.
#include <mortise/abi/log.h>

#include <string>
#include <utility>
#include <vector>

#include "base/strings.hpp"
#include "isolation/stand_in.hpp"
#include "runtime/abi_values.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

using base::Error;
using base::ErrorCode;
using runtime::to_abi;

// Heard at one go: a plugin that logs a lot must not keep its attendant from its requests.
constexpr unsigned kMostAtOnce = 64;
// Of the files that a plugin serves out of its memory, all of one init, or of its state.
constexpr std::size_t kMostPieces = std::size_t{256} << 20U;
constexpr std::size_t kMostRegistered = 4096;
constexpr std::size_t kMostGuards = 16;
// A process that dies closes its descriptors a moment before it can be seen to have ended.
constexpr std::chrono::milliseconds kMostDying{1000};

}  // namespace

/// True: something was said.
bool StandIn::listen(Life& life) {
  Message message;
  bool has_heard = false;
  for (unsigned i = 0; i < kMostAtOnce && life.fault.empty(); ++i) {
    switch (life.talk.receive(message)) {
      case Talk::Received::message: break;
      case Talk::Received::garbage: life.fault = "what it says is no message"; return true;
      case Talk::Received::nothing: return has_heard;
      case Talk::Received::ended: note_closed_channel(life); return has_heard;
    }
    hear(life, message);
    has_heard = true;
  }
  return has_heard;
}

/// Nothing more can come of it.
void StandIn::note_closed_channel(Life& life) {
  if (!life.process.ends_within(kMostDying)) life.fault = "it has closed its channel";
}

void StandIn::hear(Life& life, Message& message) {
  const auto said = base::printable(message.said(), kMostTextBytes);
  if (said == say::kLog) return hear_log(message);
  if (running_hook_ == nullptr) {
    life.fault = "it says '" + said + "' while nothing is asked of it";
    return;
  }
  if (said == say::kSandbox) {
    note_sandbox(life, message);
  } else if (said == say::kPiece) {
    life.pieces += message.bytes;
    if (life.pieces.size() > kMostPieces) life.fault = "it sends more than anybody may";
  } else if (said == say::kAsk) {
    hear_ask(life, message);
  } else if (said == say::kDone) {
    hear_done(life, message);
  } else {
    life.fault = "it says '" + said + "', which is no word";
  }
}

void StandIn::hear_log(const Message& message) const {
  const auto* const log = static_cast<const mortise_log_v1*>(host_->get_interface(host_->host, to_abi(MORTISE_LOG_V1)));
  const auto text = message.text("message");
  const auto request = message.text("request_id");
  std::vector<std::pair<std::string, std::string>> kept;
  if (const auto fields = message.head.find("fields"); fields != message.head.end() && fields->is_object()) {
    for (const auto& [key, value] : fields->items()) {
      if (value.is_string()) kept.emplace_back(key, value.get<std::string>());
    }
  }
  std::vector<mortise_log_field> fields;
  for (const auto& [key, value] : kept) fields.push_back({to_abi(key), to_abi(value)});
  const auto& generation = runtime::Generation::from(host_->host);
  const telemetry::LogScope scope(generation.name(), generation.number_text(), request);
  log->write(host_->host, static_cast<std::uint32_t>(message.number("level")), to_abi(text), fields.data(),
             fields.size());
}

void StandIn::hear_done(Life& life, Message& message) {
  const auto status = static_cast<mortise_status>(message.number("status"));
  const auto text = message.text("message");
  const bool is_init = running_hook_->name == "init";
  life.has_begun = true;
  running_hook_->answer_bytes = std::move(life.pieces);
  life.pieces.clear();
  running_hook_->answer = std::move(message);
  if (is_init && life.is_first && status == MORTISE_OK) {
    {
      const std::lock_guard lock(mutex_);
      has_health_ = running_hook_->answer.number("health") != 0;
    }
    serve_from(life);
  }
  if (is_init && status != MORTISE_OK) {
    life.is_unwanted = true;
    life.process.kill();
  }
  end_hook(status, text);
}

/// The host's own code tells it before anything of the plugin's has run; what comes later may be the plugin's word.
void StandIn::note_sandbox(Life& life, const Message& message) {
  if (std::exchange(life.has_told_sandbox, true) || life.has_begun) {
    life.fault = "it tells of its sandbox when that is not its own to tell";
    return;
  }
  std::vector<loader::Guard> guards;
  const auto told = message.head.find("sandbox");
  if (told == message.head.end() || !told->is_array()) return;
  for (const auto& one : *told) {
    if (guards.size() == kMostGuards) break;
    guards.push_back({.name = base::printable(text_in(one, "name"), kMostTextBytes),
                      .missing = base::printable(text_in(one, "missing"), kMostTextBytes)});
  }
  const std::lock_guard lock(mutex_);
  report_.sandbox = std::move(guards);
}

void StandIn::hear_ask(Life& life, const Message& message) {
  if (running_hook_->name != "init") {
    life.fault = "it registers '" + base::printable(message.text("what"), kMostTextBytes) + "' outside its init";
    return;
  }
  life.has_begun = true;
  std::string text(1024, '\0');
  mortise_error error{.struct_size = sizeof error,
                      .capacity = static_cast<std::uint32_t>(text.size()),
                      .size = 0,
                      .reserved = 0,
                      .message = text.data()};
  const auto status = runtime::guarded(&error, [&] { return register_what(life, message, &error); });
  text.resize(std::min<std::size_t>(error.size, text.size()));
  if (!life.talk.send({{"say", say::kAnswer}, {"status", status}, {"message", text}})) life.process.kill();
}

mortise_status StandIn::register_what(Life& life, const Message& message, mortise_error* error) {
  const auto what = message.text("what");
  if (what == "route") return add_route(life, message, error);
  if (what == "file") {
    const auto& file = life.mount.files.emplace_back(message.text("path"), std::exchange(life.pieces, {}));
    count_bytes(life, sizeof file + file.first.size() + file.second.size());
    return MORTISE_OK;
  }
  if (what == "files") return mount_files(life, message, error);
  if (what == "directory") return mount_directory(life, message, error);
  if (what == "provision") return provide(life, message, error);
  if (what == "requirement") return require(life, message, error);
  if (what == "topic") return open_topic(life, message, error);
  return MORTISE_UNIMPLEMENTED;
}

/// Registers it with the host at the first start. Whoever takes a worker's place registers the same in the same order,
/// and hears what the first one heard; about anything else there is nothing to be done.
mortise_status StandIn::register_once(Life& life, std::string what, mortise_error* error,
                                      const std::function<mortise_status()>& do_register) {
  const auto number = life.next_registered++;
  if (number == kMostRegistered) life.fault = "it registers more than anybody may";
  count_bytes(life, sizeof(Registered) + what.size());
  if (!life.fault.empty()) return MORTISE_RESOURCE_EXHAUSTED;
  if (life.is_first) {
    auto& kept = registered_.emplace_back(Registered{.what = std::move(what), .status = MORTISE_RESOURCE_EXHAUSTED});
    return kept.status = do_register();
  }
  const auto& registered = first().registered_;
  if (number >= registered.size() || registered[number].what != what) {
    return to_abi(Error{ErrorCode::failed_precondition,
                        "it registers " + what + ", which is not what it has registered at its first start"},
                  error);
  }
  const auto status = registered[number].status;
  if (status == MORTISE_OK) return status;
  return to_abi(Error{runtime::to_code(status), what + " was refused at its first start"}, error);
}

/// All that one init sends is kept, or was at its first start.
void StandIn::count_bytes(Life& life, std::size_t bytes) {
  life.registered_bytes += bytes;
  if (life.registered_bytes > kMostPieces) life.fault = "it registers more than anybody may";
}

mortise_status StandIn::add_route(Life& life, const Message& message, mortise_error* error) {
  const auto method = message.text("method");
  const auto pattern = message.text("pattern");
  const auto text = method + " " + pattern;
  return register_once(life, text, error, [&] {
    routes_.push_back({.stand_in = this, .number = static_cast<std::uint32_t>(routes_.size()), .text = text});
    // Its handlers block nobody here.
    const auto flags = static_cast<std::uint32_t>(message.number("flags")) & ~MORTISE_HTTP_ROUTE_BLOCKING;
    const mortise_http_route_v1 route{
        .struct_size = sizeof route,
        .flags = flags,
        .method = to_abi(method),
        .pattern = to_abi(pattern),
        .body_limit_bytes = static_cast<std::uint64_t>(message.number("body_limit_bytes")),
        .self = &routes_.back(),
        .handle = message.number("has_handler") != 0 ? &handle : nullptr,
        .deadline_ms = static_cast<std::uint32_t>(message.number("deadline_ms")),
        .reserved = 0};
    return http_->add_route(host_->host, &route, error);
  });
}

mortise_status StandIn::mount_files(Life& life, const Message& message, mortise_error* error) {
  auto mounted = std::exchange(life.mount, {});
  mounted.prefix = message.text("prefix");
  return register_once(life, "files below " + mounted.prefix, error, [&] {
    const auto* const assets =
        static_cast<const mortise_assets_v1*>(host_->get_interface(host_->host, to_abi(MORTISE_ASSETS_V1)));
    if (assets == nullptr) return MORTISE_UNIMPLEMENTED;
    const auto& kept = mounted_.emplace_back(std::move(mounted));
    std::vector<mortise_asset> files;
    for (const auto& [path, bytes] : kept.files) {
      files.push_back({to_abi(path), {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}});
    }
    return assets->mount(host_->host, to_abi(kept.prefix), files.data(), files.size(), error);
  });
}

mortise_status StandIn::mount_directory(Life& life, const Message& message, mortise_error* error) {
  const auto prefix = message.text("prefix");
  const auto directory = message.text("directory");
  return register_once(life, directory + " below " + prefix, error, [&] {
    const auto* const assets =
        static_cast<const mortise_assets_v1*>(host_->get_interface(host_->host, to_abi(MORTISE_ASSETS_V1)));
    if (assets == nullptr) return MORTISE_UNIMPLEMENTED;
    return assets->mount_directory(host_->host, to_abi(prefix), to_abi(directory), error);
  });
}

}  // namespace mortise::isolation
