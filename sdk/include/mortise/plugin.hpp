// The frame of a plugin: a class that takes a Context, and one macro that makes it loadable.
//
//   class Hello : public mortise::Plugin {
//    public:
//     explicit Hello(mortise::Context& ctx) {
//       ctx.http().get("/hello", [](const mortise::Request&, mortise::Response& res) { res.text("Hello\n"); });
//     }
//   };
//   MORTISE_PLUGIN(Hello)
#pragma once

#include <mortise/abi/config.h>
#include <mortise/abi/plugin.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <mortise/assets.hpp>
#include <mortise/contracts.hpp>
#include <mortise/error.hpp>
#include <mortise/events.hpp>
#include <mortise/heap.hpp>
#include <mortise/http.hpp>
#include <mortise/interface.hpp>
#include <mortise/kv.hpp>
#include <mortise/lifecycle.hpp>
#include <mortise/log.hpp>
#include <mortise/sql.hpp>
#include <mortise/tasks.hpp>
#include <mortise/text.hpp>

namespace mortise {

/// The host as this plugin sees it; lives from before the plugin's constructor until after its destructor. What is not
/// needed is not asked for: a missing interface fails the call that wants it, by name. since 1.0
class Context {
 public:
  /// Throws when the host's table is too short to be one.
  explicit Context(const mortise_host_v1& host) : host_(&host) {
    if (!MORTISE_HAS(mortise_host_v1, host_, get_interface)) {
      throw Error(Status::failed_precondition, "the host's table lacks get_interface; use a newer host");
    }
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// Routes. [control-thread]
  Http& http() {
    if (!http_) http_.emplace(find<mortise_http_v1>(MORTISE_HTTP_V1), *host_);
    return *http_;
  }
  /// A contract that this plugin cannot do without, from the provider with the highest rank: the plugin runs only while
  /// somebody provides it. Like all of this group: while the plugin is constructed, and in agreement with `requires` of
  /// its manifest. [control-thread]
  template <class C>
  [[nodiscard]] Slot<C> require() {
    return require<C>({});
  }
  /// The same from the provider of that name.
  template <class C>
  [[nodiscard]] Slot<C> require(std::string_view provider) {
    return Slot<C>(contracts().require<C>(0, provider));
  }
  /// A contract that may be missing, as `"optional": true` of the manifest says.
  template <class C>
  [[nodiscard]] OptionalSlot<C> require_optional(std::string_view provider = {}) {
    return OptionalSlot<C>(contracts().require<C>(MORTISE_REQUIREMENT_OPTIONAL, provider));
  }
  /// All providers of a contract, also when there is none, as `"all": true` of the manifest says.
  template <class C>
  [[nodiscard]] SlotRange<C> require_all() {
    return SlotRange<C>(contracts().require<C>(MORTISE_REQUIREMENT_ALL, {}));
  }
  /// Offers a contract, as `provides` of the manifest says: `implementation` has a member function for each method, of
  /// its name, and is called from many threads at once until the plugin is destroyed. `name` tells several providers of
  /// one contract apart; the plugin's by default. [control-thread]
  template <class C, class Implementation>
  void provide(Implementation& implementation, std::string_view name = {}) {
    contracts().provide<C>(implementation, name);
  }

  /// The plugin's database, for as long as the plugin lives. Its manifest names "mortise.sql/1" in `interfaces`.
  /// [any-thread]
  [[nodiscard]] Sql sql() const { return detail::open_sql(*host_); }

  /// The plugin's keys and values, for as long as the plugin lives. Its manifest names "mortise.kv/1" in `interfaces`.
  /// [any-thread]
  [[nodiscard]] Kv kv() const {
    const auto* const table = find<mortise_kv_v1>(MORTISE_KV_V1);
    mortise_kv_store* store = nullptr;
    detail::Message message;
    detail::check(table->open(host_->host, &store, message.out()), message);
    return {*table, store};
  }

  /// What tells others of events, as `publishes` of the manifest says; the plugin keeps it. [control-thread]
  template <class E>
  [[nodiscard]] Publisher<E> publisher() {
    return events().publisher<E>();
  }
  /// Has `handler`, void(const E&) or void(const E&, const EventInfo&), called with each event that is published while
  /// the plugin runs, as `subscribes` of the manifest says: on a thread of the host's, one event after the other, until
  /// the plugin is destroyed. What it throws is logged and counted, and the event is over.
  ///
  /// Durable events are those of the time before, too, and of different keys come side by side; one that the handler
  /// fails with comes again. A handler that takes a mortise::SqlTransaction& first is run in a transaction of the
  /// plugin's database, once for each event whatever happens. [control-thread]
  template <class E, class Handler>
  void subscribe(Handler handler) {
    if constexpr (Events::is_in_transaction<E, Handler>()) {
      events().subscribe<E>(contracts(), std::move(handler), sql());
    } else {
      events().subscribe<E>(contracts(), std::move(handler), std::nullopt);
    }
  }

  /// Work that no request waits for; lives as long as the plugin's Context. [any-thread]
  [[nodiscard]] Tasks& tasks() {
    std::call_once(has_tasks_, [this] { tasks_.emplace(*host_); });
    return *tasks_;
  }

  /// Static files. [control-thread]
  [[nodiscard]] Assets assets() const { return {find<mortise_assets_v1>(MORTISE_ASSETS_V1), host_->host}; }
  /// [any-thread]
  [[nodiscard]] Log log() const { return {find<mortise_log_v1>(MORTISE_LOG_V1), host_->host}; }

  /// The `config` object that the admin wrote, valid by the manifest's schema; {} when there is none. [any-thread]
  [[nodiscard]] nlohmann::json config() const { return nlohmann::json::parse(text(&mortise_config_v1::json)); }
  /// A directory that is this plugin's alone and survives restarts and upgrades. [any-thread]
  [[nodiscard]] std::string data_directory() const { return std::string(text(&mortise_config_v1::data_directory)); }
  /// As the manifest gives them; the host's memory, until the plugin is destroyed. [any-thread]
  [[nodiscard]] std::string_view name() const { return text(&mortise_config_v1::plugin_name); }
  [[nodiscard]] std::string_view version() const { return text(&mortise_config_v1::plugin_version); }
  /// Number of this running instance in the host process. [any-thread]
  [[nodiscard]] std::uint64_t generation() const { return settings().generation(host_->host); }

  /// The table of any interface by its id. Throws `unimplemented` when the host does not have it, or has less of it
  /// than these headers know. [any-thread]
  template <class Table>
  [[nodiscard]] const Table* find(std::string_view id) const {
    return detail::find_interface<Table>(*host_, id);
  }
  /// This plugin's identity, the first argument of most functions in those tables. [any-thread]
  [[nodiscard]] mortise_host* handle() const noexcept { return host_->host; }

 private:
  [[nodiscard]] const mortise_config_v1& settings() const { return *find<mortise_config_v1>(MORTISE_CONFIG_V1); }
  [[nodiscard]] std::string_view text(mortise_str (*mortise_config_v1::*getter)(mortise_host*)) const {
    return detail::view((settings().*getter)(host_->host));
  }

  Contracts& contracts() {
    if (!contracts_) contracts_.emplace(*host_);
    return *contracts_;
  }

  Events& events() {
    if (!events_) events_.emplace(*host_);
    return *events_;
  }

  const mortise_host_v1* host_;
  std::optional<Http> http_;
  std::optional<Contracts> contracts_;
  std::optional<Events> events_;
  std::once_flag has_tasks_;
  std::optional<Tasks> tasks_;
};

namespace detail {

/// The C hooks of a plugin class.
template <class T>
struct Entry {
  static_assert(std::is_base_of_v<Plugin, T>, "a plugin's class derives from mortise::Plugin");
  static_assert(std::is_constructible_v<T, Context&>,
                "a plugin's class has a constructor that takes mortise::Context&");

  struct Instance {
    explicit Instance(const mortise_host_v1& host) : context(host), plugin(context) {}
    Context context;
    T plugin;
  };

  static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
    return barrier(error, [&] {
      if (MORTISE_HAS(mortise_host_v1, host, get_interface)) begin_counting(*host);
      *self = std::make_unique<Instance>(*host).release();
    });
  }
  /// What it throws has nobody to go to but the log.
  static void stop(void* self) {
    auto& instance = *static_cast<Instance*>(self);
    Message message;
    if (barrier(message.out(), [&] { instance.plugin.stop(); }) == MORTISE_OK) return;
    barrier(nullptr, [&] { instance.context.log().error("stop() threw", {{"reason", message.text()}}); });
  }
  /// Destructors do not throw: Plugin's own forbids it.
  static void destroy(void* self) { delete static_cast<Instance*>(self); }

  static mortise_status check_health(void* self, mortise_error* error) {
    return barrier(error, [&] { static_cast<Instance*>(self)->plugin.check_health(); });
  }
  static const void* get_interface(void*, mortise_str id) {
    if (view(id) == MORTISE_HEALTH_V1) return &kHealth;
    if constexpr (std::is_base_of_v<StatefulPlugin, T>) {
      if (view(id) == MORTISE_STATE_V1) return &StateHooks<T, Instance>::kTable;
    }
    return nullptr;
  }

  static constexpr mortise_health_v1 kHealth{sizeof(mortise_health_v1), 0, &check_health};
  static constexpr mortise_plugin_v1 kTable{sizeof(mortise_plugin_v1), 0, &init, &stop, &destroy, &get_interface};
};

}  // namespace detail
}  // namespace mortise

/// Makes a class the plugin of this library; once, at namespace scope.
#define MORTISE_PLUGIN(...)                                                          \
  extern "C" MORTISE_EXPORT const mortise_plugin_v1* mortise_plugin_entry_v1(void) { \
    return &mortise::detail::Entry<__VA_ARGS__>::kTable;                             \
  }
