#include "events/events.hpp"

#include <mortise/abi/events.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <tuple>
#include <utility>

#include "events/events_table.hpp"
#include "manifest/topics.hpp"
#include "runtime/generation.hpp"

namespace mortise::events {
namespace {

using base::Error;
using base::ErrorCode;
using manifest::Manifest;
using runtime::Generation;

// A subscription has one task at a time.
constexpr std::size_t kMostQueued = std::size_t{1} << 20U;

std::uint64_t random_number() {
  std::random_device random;
  constexpr unsigned kHalf = 32;
  return (std::uint64_t{random()} << kHalf) | random();
}

bool has_topics(const Manifest& manifest) {
  const auto is_topic = [](const auto& provided) { return provided.is_topic; };
  return !manifest.publishes.empty() || std::any_of(manifest.provides.begin(), manifest.provides.end(), is_topic);
}

/// Or may have published something durably in a former version, which is still to be brought.
bool has_events(const Manifest& manifest) { return has_topics(manifest) || sql::asks_for_database(manifest); }

std::string title(const Generation& generation) {
  return "plugin '" + generation.name() + "' " + generation.version_text();
}

/// Of the second of two that differ.
runtime::Service::Conflict conflict_of(const runtime::GenerationPtr& first, const runtime::GenerationPtr& second,
                                       const std::string& topic) {
  const auto text = [&](const runtime::GenerationPtr& one) {
    return manifest::to_text(one->spec().manifest->methods_of(topic));
  };
  return {.culprit = second,
          .message = "the events of topic " + topic + " have two forms: " + title(*first) + " was built with\n" +
                     text(first) + "\n" + title(*second) + " with\n" + text(second) +
                     "\nbuild both with the same header of the event; another form is a new version of it",
          .others = {first}};
}

}  // namespace

base::Result<void> Publisher::publish(std::string_view key, mortise_bytes bytes,
                                      sql::Database::Transaction* transaction) const {
  if (auto sound = check(key, bytes); !sound) return sound;
  if (outbox) return outbox->publish({.topic = topic.id(), .form = form, .key = key, .bytes = bytes}, transaction);
  if (transaction != nullptr) return Error{ErrorCode::failed_precondition, std::string(kNotDurable)};
  topic.publish(plugin, key, bytes, form);
  return {};
}

Events::Events(const runtime::ContractRegistry& registry, sql::Sql& databases, unsigned threads,
               const runtime::RetryRules& rules)
    : registry_(registry), databases_(databases), pool_(threads, kMostQueued), outboxes_(pool_, rules) {}
Events::~Events() = default;

std::span<const runtime::Offer> Events::offers() noexcept {
  static const std::array kOffers{runtime::Offer{MORTISE_EVENTS_V1, &events_table()}};
  return kOffers;
}

const void* Events::interface(std::string_view id) const noexcept { return runtime::find_offer(offers(), id); }

base::Result<void> Events::prepare(Generation& generation) {
  if (generation.spec().manifest->publishes.empty()) return {};
  auto publishers = std::make_shared<Publishers>();
  generation.keep(publishers);
  const std::lock_guard lock(mutex_);
  publishers_[&generation] = std::move(publishers);
  return {};
}

base::Result<void> Events::initialised(const Generation& generation) {
  const auto& manifest = *generation.spec().manifest;
  if (!has_topics(manifest)) return {};
  const auto* const registered = registry_.find(generation);
  for (const auto& declared : manifest.provides) {
    if (!declared.is_topic || registered == nullptr) continue;  // what is missing the registry tells
    const auto is_it = [&](const runtime::Provision& one) { return one.declared == &declared; };
    const auto found = std::find_if(registered->provisions.begin(), registered->provisions.end(), is_it);
    if (found == registered->provisions.end() || found->channel != nullptr) continue;
    return Error{ErrorCode::failed_precondition, "subscribes to topic " + declared.contract +
                                                     " without `dispatch`, through which events come; set it in the "
                                                     "mortise_provision_v1"};
  }
  return {};
}

/// While nobody new has topics, its time follows what has changed since the last call.
std::vector<Events::Conflict> Events::check(const runtime::GenerationSet& next) {
  bool is_to_look = false;
  for_each_difference(checked_, next, [&](const auto*, const auto* after) {
    const auto fresh = after == nullptr ? nullptr : after->lock();
    is_to_look |= fresh != nullptr && has_topics(*fresh->spec().manifest);
  });
  std::vector<Conflict> conflicts;
  std::map<std::string, runtime::GenerationPtr> first;  // that names the topic
  if (is_to_look) {
    for (const auto& ref : next) {
      const auto generation = ref.lock();
      if (generation == nullptr) continue;
      const auto& manifest = *generation->spec().manifest;
      for (const auto& topic : manifest::topics_of(manifest)) {
        const auto [known, is_new] = first.emplace(topic, generation);
        if (is_new) continue;
        const auto& other = *known->second->spec().manifest;
        if (manifest::to_text(other.methods_of(topic)) != manifest::to_text(manifest.methods_of(topic))) {
          conflicts.push_back(conflict_of(known->second, generation, topic));
        }
      }
    }
  }
  if (conflicts.empty()) checked_ = next;
  return conflicts;
}

/// Cones that a release shares with the one before it are bound as they were.
void Events::publish(const runtime::ReleasePtr& next) {
  const auto before = std::exchange(cones_, next->cones());
  std::map<std::string_view, const runtime::Cone*> fresh;  // by the plugin's name
  std::vector<runtime::ConePtr> bound;
  std::vector<const runtime::Cone*> former;
  for_each_difference(before, cones_, [&](const auto* old, const auto* now) {
    if (old != nullptr && has_events(*(*old)->entry->spec().manifest)) former.push_back(old->get());
    if (now == nullptr || !has_events(*(*now)->entry->spec().manifest)) return;
    fresh.emplace((*now)->entry->name(), now->get());
    bound.push_back(*now);
  });
  for (const auto* const one : former) {
    const auto found = fresh.find(one->entry->name());
    unbind(*one, found == fresh.end() ? nullptr : found->second);
  }
  std::vector<Outboxes::Change> changes;
  for (const auto& cone : bound) changes.push_back(bind(cone));
  for (const auto* const one : former) {
    if (!fresh.contains(one->entry->name())) changes.push_back({.plugin = one->entry->name()});
  }
  outboxes_.publish(changes);
}

Outboxes::Change Events::bind(const runtime::ConePtr& cone) {
  const auto& generation = *cone->entry;
  Outboxes::Change change{.plugin = generation.name()};
  for (const auto& published : generation.spec().manifest->publishes) {
    if (published.is_durable) change.durable_topics.insert(published.topic);
  }
  const auto database = databases_.find(generation);
  if (database && (!change.durable_topics.empty() || Outbox::is_in(*database))) {
    change.outbox = outboxes_.open(change.plugin, database);
  }
  const auto* const registered = registry_.find(generation);
  if (registered == nullptr) return change;
  const std::lock_guard lock(mutex_);
  for (const auto& provision : registered->provisions) {
    if (!provision.declared->is_topic) continue;
    const auto& id = provision.declared->contract;
    const auto form = form_of(manifest::to_text(generation.spec().manifest->methods_of(id)));
    topic(id).bind(generation.name(), {.cone = cone, .channel = provision.channel, .form = form});
    change.addressee.cone = cone;
    change.addressee.topics.emplace(id, Entrance{.channel = provision.channel, .form = form});
  }
  return change;
}

/// From the topics that it heard and the next one does not.
void Events::unbind(const runtime::Cone& former, const runtime::Cone* next) {
  const auto& plugin = former.entry->name();
  const std::lock_guard lock(mutex_);
  for (const auto& heard : former.entry->spec().manifest->provides) {
    if (!heard.is_topic) continue;
    const auto goes_on = [&](const manifest::ProvidedContract& one) {
      return one.is_topic && one.contract == heard.contract;
    };
    const bool is_kept = next != nullptr && std::any_of(next->entry->spec().manifest->provides.begin(),
                                                        next->entry->spec().manifest->provides.end(), goes_on);
    if (!is_kept) topic(heard.contract).bind(plugin, {});
  }
}

Topic& Events::topic(const std::string& id) {
  const auto found = topics_.find(id);
  if (found != topics_.end()) return found->second;
  return topics_.try_emplace(id, id, random_number(), pool_).first->second;
}

base::Result<Publisher*> Events::open(const Generation& generation, std::string_view id, std::string_view methods) {
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorCode::failed_precondition, "topic " + std::string(id) + ": " + why};
  };
  if (generation.state() != runtime::GenerationState::initialising) {
    return refuse("is opened during init only; keep what open() has given");
  }
  const auto& manifest = *generation.spec().manifest;
  const auto declared = std::find_if(manifest.publishes.begin(), manifest.publishes.end(),
                                     [&](const auto& one) { return one.topic == id; });
  if (declared == manifest.publishes.end()) {
    return refuse("the code publishes on it, the manifest does not; name it in \"publishes\"");
  }
  if (const auto noted = manifest::to_text(manifest.methods_of(declared->topic)); noted != methods) {
    return refuse("the code has the events\n" + std::string(methods) + "\n, the manifest has\n" + noted +
                  "\n; build all of the plugin's sources with one version of the event's header");
  }
  auto outbox = declared->is_durable ? outboxes_.open(generation.name(), databases_.find(generation)) : nullptr;
  const std::lock_guard lock(mutex_);
  return &publishers_.at(&generation)
              ->emplace_back(Publisher{.topic = topic(declared->topic),
                                       .plugin = generation.name(),
                                       .form = form_of(methods),
                                       .outbox = std::move(outbox)});
}

void Events::forget(const Generation& generation) {
  const std::lock_guard lock(mutex_);
  publishers_.erase(&generation);
}

void Events::cut(const Generation& generation) {
  const auto& manifest = *generation.spec().manifest;
  const std::lock_guard lock(mutex_);
  for (const auto& heard : manifest.provides) {
    if (heard.is_topic) topic(heard.contract).abandon(generation);
  }
  outboxes_.abandon(generation);
}

std::vector<SubscriptionReport> Events::report(const std::string& plugin) {
  std::vector<SubscriptionReport> reports;
  std::set<std::string> durable;
  for (const auto& [publisher, heard] : outboxes_.report(plugin)) {
    reports.push_back({.topic = heard.topic,
                       .publisher = publisher,
                       .counts = {.delivered = heard.counts.delivered,
                                  .failed = heard.counts.failed,
                                  .lost = 0,
                                  .waiting = heard.stored.waiting},
                       .retrying = heard.stored.retrying,
                       .dead = heard.stored.dead});
    durable.insert(heard.topic);
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [id, topic] : topics_) {
    for (const auto& subscription : topic.subscriptions()) {
      if (subscription->plugin() != plugin) continue;
      const auto counts = subscription->counts();
      const bool is_used = counts.delivered + counts.lost + counts.waiting > 0;
      if (is_used || !durable.contains(id)) reports.push_back({.topic = id, .publisher = {}, .counts = counts});
    }
  }
  const auto by_topic = [](const auto& a, const auto& b) {
    return std::tie(a.topic, a.publisher) < std::tie(b.topic, b.publisher);
  };
  std::sort(reports.begin(), reports.end(), by_topic);
  return reports;
}

std::size_t Events::stop(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto left_at_desk = outboxes_.stop(deadline);
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, topic] : topics_) topic.close();
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return left_at_desk + pool_.stop(std::max(left, std::chrono::milliseconds(0)));
}

}  // namespace mortise::events
