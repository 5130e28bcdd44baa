// What a worker says over the slow way: lines of its log, what its plugin registers, and what its hooks came to.
// Whatever it is, the host takes it for what anybody may have sent.
#include <mortise/abi/log.h>

#include <string>
#include <utility>
#include <vector>

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
// Of the files that a plugin serves out of its memory, or of its state.
constexpr std::size_t kMostPieces = std::size_t{256} << 20U;

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
      case Talk::Received::ended:
        life.process.kill();  // it has closed its end: nothing more can come of it
        return has_heard;
    }
    hear(life, message);
    has_heard = true;
  }
  return has_heard;
}

void StandIn::hear(Life& life, Message& message) {
  const auto said = message.said();
  if (said == say::kLog) return hear_log(message);
  if (running_hook_ == nullptr) {
    life.fault = "it says '" + said + "' while nothing is asked of it";
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
  running_hook_->answer_bytes = std::move(life.pieces);
  life.pieces.clear();
  running_hook_->answer = std::move(message);
  if (is_init && status == MORTISE_OK) note_sandbox(running_hook_->answer);
  if (is_init && life.is_first && status == MORTISE_OK) serve_from(life);
  if (is_init && status != MORTISE_OK) {
    life.is_unwanted = true;
    life.process.kill();
  }
  end_hook(status, text);
}

/// As the worker tells it before its plugin's code has run.
void StandIn::note_sandbox(const Message& answer) {
  std::vector<loader::Guard> guards;
  const auto told = answer.head.find("sandbox");
  if (told == answer.head.end() || !told->is_array()) return;
  for (const auto& one : *told) {
    const Message guard{.head = one.is_object() ? one : nlohmann::json::object()};
    guards.push_back({.name = guard.text("name"), .missing = guard.text("missing")});
  }
  const std::lock_guard lock(mutex_);
  report_.sandbox = std::move(guards);
}

void StandIn::hear_ask(Life& life, const Message& message) {
  if (running_hook_->name != "init") {
    life.fault = "it registers '" + message.text("what") + "' outside its init";
    return;
  }
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
    life.mount.files.emplace_back(message.text("path"), std::exchange(life.pieces, {}));
    return MORTISE_OK;
  }
  if (what == "files") return mount_files(life, message, error);
  if (what == "directory") return mount_directory(life, message, error);
  return MORTISE_UNIMPLEMENTED;
}

/// Whoever takes a worker's place registers the same in the same order: then there is nothing left to do, or there is
/// nothing to be done about it.
bool StandIn::is_registered(Life& life, const std::string& what, mortise_status& status, mortise_error* error) {
  if (life.is_first) {
    registered_.push_back(what);
    return false;
  }
  const bool is_same = life.next_registered < registered_.size() && registered_[life.next_registered] == what;
  ++life.next_registered;
  status = is_same ? MORTISE_OK
                   : to_abi(Error{ErrorCode::failed_precondition,
                                  "it registers " + what + ", which is not what it has registered at its first start"},
                            error);
  return true;
}

mortise_status StandIn::add_route(Life& life, const Message& message, mortise_error* error) {
  const auto method = message.text("method");
  const auto pattern = message.text("pattern");
  const auto text = method + " " + pattern;
  mortise_status known = MORTISE_OK;
  if (is_registered(life, text, known, error)) return known;
  routes_.push_back({.stand_in = this, .number = static_cast<std::uint32_t>(routes_.size()), .text = text});
  // Its handlers block nobody here.
  const auto flags = static_cast<std::uint32_t>(message.number("flags")) & ~MORTISE_HTTP_ROUTE_BLOCKING;
  const mortise_http_route_v1 route{.struct_size = sizeof route,
                                    .flags = flags,
                                    .method = to_abi(method),
                                    .pattern = to_abi(pattern),
                                    .body_limit_bytes = static_cast<std::uint64_t>(message.number("body_limit_bytes")),
                                    .self = &routes_.back(),
                                    .handle = message.number("has_handler") != 0 ? &handle : nullptr,
                                    .deadline_ms = static_cast<std::uint32_t>(message.number("deadline_ms")),
                                    .reserved = 0};
  return http_->add_route(host_->host, &route, error);
}

mortise_status StandIn::mount_files(Life& life, const Message& message, mortise_error* error) {
  auto mounted = std::exchange(life.mount, {});
  mounted.prefix = message.text("prefix");
  mortise_status known = MORTISE_OK;
  if (is_registered(life, "files below " + mounted.prefix, known, error)) return known;
  const auto* const assets =
      static_cast<const mortise_assets_v1*>(host_->get_interface(host_->host, to_abi(MORTISE_ASSETS_V1)));
  if (assets == nullptr) return MORTISE_UNIMPLEMENTED;
  const auto& kept = mounted_.emplace_back(std::move(mounted));
  std::vector<mortise_asset> files;
  for (const auto& [path, bytes] : kept.files) {
    files.push_back({to_abi(path), {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}});
  }
  return assets->mount(host_->host, to_abi(kept.prefix), files.data(), files.size(), error);
}

mortise_status StandIn::mount_directory(Life& life, const Message& message, mortise_error* error) {
  const auto prefix = message.text("prefix");
  const auto directory = message.text("directory");
  mortise_status known = MORTISE_OK;
  if (is_registered(life, directory + " below " + prefix, known, error)) return known;
  const auto* const assets =
      static_cast<const mortise_assets_v1*>(host_->get_interface(host_->host, to_abi(MORTISE_ASSETS_V1)));
  if (assets == nullptr) return MORTISE_UNIMPLEMENTED;
  return assets->mount_directory(host_->host, to_abi(prefix), to_abi(directory), error);
}

}  // namespace mortise::isolation
