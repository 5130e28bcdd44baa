/* mortise.events/1: tell whoever wants to hear it that something has happened.
 *
 * A topic is a contract (abi/contracts.h) with one method, which each of its subscribers provides and the host calls:
 *
 *   deliver({u64,u64,i64,u32,str,str},EVENT)->void
 *
 * where the first parameter is a mortise_event_info and EVENT is the type of the topic's events. A plugin names the
 * topics in its manifest, "publishes": ["boutique.order-placed/1"] and "subscribes": [...], and its file has the note
 * of each. A subscriber provides the contract during init, with `dispatch`, under its own name. Plugins whose notes of
 * one topic differ do not run together. Nobody need subscribe.
 *
 * An event is delivered to those that subscribe in the newest release, in a scope of its own, on a thread of the
 * host's.
 *
 * A topic is durable where its publisher says so: "publishes": [{"topic": "boutique.order-placed/1", "durable": true}].
 * Its events are written to the publisher's database (abi/sql.h), which the plugin has then, and stay until every
 * plugin that has subscribed has heard them: each at least once, those of one key in the order of their commits, across
 * crashes, restarts and upgrades, and while the subscriber is absent. One that a subscriber fails with comes again with
 * growing pauses, and others of its key wait meanwhile; after the last attempt it is dead, and an admin may have it
 * replayed. A subscriber that names "mortise.sql/1" has a table
 *
 *   mortise_inbox (high INTEGER, low INTEGER, UNIQUE (high, low))
 *
 * which its statements insert into and do nothing else: who inserts an event's id, and handles it in the same
 * transaction, handles it once. Ids are kept for seven days.
 */
#ifndef MORTISE_ABI_EVENTS_H
#define MORTISE_ABI_EVENTS_H

#include <mortise/abi/host.h>
#include <mortise/abi/sql.h>
#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_EVENTS_V1 "mortise.events/1"

/* What is told with an event. Borrowed for the call. since 1.1 */
typedef struct mortise_event_info {
  uint64_t id_high; /* both together: no other event has the same, and a repeated delivery has */
  uint64_t id_low;
  int64_t published_ms; /* since 1970, of the publisher's clock */
  uint32_t attempt;     /* 1: the first delivery */
  uint32_t reserved;
  mortise_str publisher; /* the plugin's name */
  mortise_str key;       /* events with the same come in the order in which they were published; may be empty */
} mortise_event_info;

/* A topic that a plugin publishes on. The host's; valid until destroy returns. since 1.1 */
typedef struct mortise_event_topic mortise_event_topic;

/* since 1.1 */
typedef struct mortise_events_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* A topic to publish on: "boutique.order-placed/1", and the signature text of its contract as the plugin was built
   * with it. MORTISE_FAILED_PRECONDITION: not during init, or the manifest says otherwise. since 1.1 [control-thread]
   */
  mortise_status (*open)(mortise_host* host, mortise_str topic, mortise_str methods, mortise_event_topic** opened,
                         mortise_error* error);

  /* Tells the subscribers, each as soon as it has heard what was published before, and does not wait for them. `event`
   * is the event in the binary form of contracts (docs/abi-policy.md). Copied. MORTISE_INVALID_ARGUMENT: it has more
   * than 1 MiB, or its key more than 1,024 bytes.
   *
   * A durable topic: waits for the disk, where the event is when this returns MORTISE_OK; with `transaction`, which is
   * of the same thread, it is there when that is committed, and never if it is not. Fails as statements of
   * mortise.sql/1 do.
   *
   * Another topic: `transaction` is NULL, or it is MORTISE_FAILED_PRECONDITION. What has not been delivered when the
   * host ends is lost, and so is what a subscriber's queue has no room for, which is counted. A subscriber that fails
   * hears the event no second time. MORTISE_RESOURCE_EXHAUSTED: there is no memory for it. since 1.1 [any-thread] */
  mortise_status (*publish)(mortise_event_topic* topic, mortise_sql_transaction* transaction, mortise_str key,
                            mortise_bytes event, mortise_error* error);
} mortise_events_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_EVENTS_H */
