// What a plugin's class may say about its own life beside its constructor: stop, health, state.
#pragma once

#include <mortise/abi/health.h>
#include <mortise/abi/state.h>

#include <cstdint>
#include <string>
#include <string_view>

#include <mortise/error.hpp>
#include <mortise/text.hpp>

namespace mortise {

/// What a plugin derives from. Its constructor registers what it serves, on the host's control thread; throwing there
/// keeps the plugin from starting and tells the admin why. The destructor runs when nothing of the plugin is in use,
/// and must not throw. since 1.0
class Plugin {
 public:
  Plugin() = default;
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  virtual ~Plugin() = default;

  /// Throws when this instance is not fit to serve: the release that it is part of is then not switched to. Called once
  /// before the first request, after import_state(); contracts cannot be called yet. since 1.0 [control-thread]
  virtual void check_health() {}

  /// No further request will come: end what stays open by itself, such as event streams. since 1.0 [control-thread]
  virtual void stop() {}
};

/// A plugin that hands what it knows in memory to the instance that replaces it (mortise/abi/state.h has the order).
/// Its class also has
///
///   static constexpr std::uint32_t kStateVersion = 1;  // of the form that the exports return
///
/// What any of these throws keeps the release from being switched to; of the rest, it is logged. since 1.0
class StatefulPlugin : public Plugin {
 public:
  /// Of the old instance, while requests are inside. since 1.0 [control-thread]
  virtual std::string export_state() = 0;
  /// Of the new instance, before its first request. Throw at a version that you do not know.
  /// since 1.0 [control-thread]
  virtual void import_state(std::uint32_t version, std::string_view state) = 0;

  /// Of the old instance, when nothing runs inside it any more: what has changed since export_state(); empty for
  /// nothing. since 1.0 [control-thread]
  virtual std::string export_rest() { return {}; }
  /// Of the instance that serves then, while requests are inside. since 1.0 [control-thread]
  virtual void import_rest(std::uint32_t version, std::string_view rest) {
    static_cast<void>(version);
    static_cast<void>(rest);
  }
};

namespace detail {

inline mortise_status write_state(const mortise_state_writer_v1& writer, std::string_view state) {
  return writer.write(writer.target, borrow_bytes(state));
}

/// The C hooks of a StatefulPlugin. `Instance` has a member `plugin`.
template <class T, class Instance>
struct StateHooks {
  static T& plugin_of(void* self) { return static_cast<Instance*>(self)->plugin; }

  static mortise_status export_snapshot(void* self, const mortise_state_writer_v1* writer, mortise_error* error) {
    return barrier(error,
                   [&] { check(write_state(*writer, plugin_of(self).export_state()), "the state is too large"); });
  }
  static mortise_status import_snapshot(void* self, std::uint32_t version, mortise_bytes state, mortise_error* error) {
    return barrier(error, [&] { plugin_of(self).import_state(version, view(state)); });
  }
  static mortise_status export_rest(void* self, const mortise_state_writer_v1* writer, mortise_error* error) {
    return barrier(error, [&] { check(write_state(*writer, plugin_of(self).export_rest()), "the rest is too large"); });
  }
  static mortise_status import_rest(void* self, std::uint32_t version, mortise_bytes state, mortise_error* error) {
    return barrier(error, [&] { plugin_of(self).import_rest(version, view(state)); });
  }

  static constexpr mortise_state_v1 kTable{sizeof(mortise_state_v1), T::kStateVersion, &export_snapshot,
                                           &import_snapshot,         &export_rest,     &import_rest};
};

}  // namespace detail
}  // namespace mortise
