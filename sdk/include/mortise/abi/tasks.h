/* mortise.tasks/1: work that no request waits for: as soon as there is a thread, later, again and again, or by a
 * calendar. The host owns threads and timers.
 *
 * A task runs on a thread of the host's, in a scope of the newest release, and only while the plugin's instance is part
 * of that: what is added during init waits for the switch, and from the switch to a newer version on nothing begins any
 * more but what is due already. The tasks of an instance end with it; a task that comes back under the name that one of
 * the former instance had goes on in its rhythm.
 *
 * Durable tasks survive all that. Each is a row of the table mortise_tasks, which the host makes in the plugin's
 * database when the manifest names handlers in `durable_tasks` (also where it does not name mortise.sql/1). The
 * plugin's own statements insert, read and delete rows, in transactions of its own, and do not update them:
 *
 * - id INTEGER: of its own accord; no two tasks ever have the same.
 * - handler TEXT: which of the plugin's handlers runs it, 1 to 64 bytes.
 * - name TEXT: NULL, or 1 to 1,024 bytes: of one handler's tasks that are not dead no other one has it, so that INSERT
 *   OR REPLACE replaces the one that is there.
 * - since_ms INTEGER: since 1970, now unless it is given: from when on the time to due_ms is counted.
 * - due_ms INTEGER: since 1970, now unless it is given.
 * - payload BLOB: at most 1 MiB.
 * - attempts INTEGER, tried_ms INTEGER, is_dead INTEGER, error TEXT: the host's, which tell how it goes.
 *
 * The host runs what is due, side by side: each at least once, and again after ever longer pauses while its handler
 * fails, until it has failed so often that it is dead. A row goes when its handler has returned MORTISE_OK; who deletes
 * it in the transaction in which it does its work, and does nothing where there is no such row, does that once. Rows
 * that no handler of the running version is for wait. No two with the same name run at a time.
 */
#ifndef MORTISE_ABI_TASKS_H
#define MORTISE_ABI_TASKS_H

#include <mortise/abi/host.h>
#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_TASKS_V1 "mortise.tasks/1"

/* What is to be done, and when. Copied by add(). since 1.1 */
typedef struct mortise_task_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t tag;      /* the plugin's own; no other task of the instance has it */
  mortise_str name;  /* as people read it, at most 64 bytes; of a task that comes again no other one has it */
  uint64_t delay_ms; /* before the first run */
  uint64_t every_ms; /* from the beginning of a run to that of the next one; 0: once */
  mortise_str cron;  /* instead of both: minute, hour, day, month, weekday, such as "30 6 * * MON-FRI"; empty: none */
  mortise_str time_zone; /* of `cron`, such as "Europe/Berlin"; empty: UTC */
  void* self;

  /* Does it; never twice at a time. What comes back that is not MORTISE_OK is logged and counted, and changes nothing.
   * since 1.1 [in-scope] */
  mortise_status (*run)(void* self, uint64_t tag, mortise_error* error);
} mortise_task_v1;

/* One run of a durable task. Borrowed for that. since 1.1 */
typedef struct mortise_durable_task_v1 {
  uint32_t struct_size;
  uint32_t attempt; /* from 1 on */
  int64_t id;       /* of its row */
  int64_t due_ms;   /* when this attempt was due, since 1970 */
  mortise_bytes payload;
} mortise_durable_task_v1;

/* What runs durable tasks. Copied by handle(). since 1.1 */
typedef struct mortise_task_handler_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  mortise_str name; /* one of the manifest's `durable_tasks` */
  void* self;

  /* Does it; also from several threads at a time. Whatever comes back that is not MORTISE_OK is logged and counted, and
   * kept with the row. since 1.1 [in-scope] */
  mortise_status (*run)(void* self, const mortise_durable_task_v1* task, mortise_error* error);
} mortise_task_handler_v1;

/* since 1.1 */
typedef struct mortise_tasks_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* MORTISE_FAILED_PRECONDITION: the manifest's `interfaces` do not name mortise.tasks/1. MORTISE_INVALID_ARGUMENT:
   * there is no such time. MORTISE_ALREADY_EXISTS: tag, or name of one that comes again.
   * MORTISE_RESOURCE_EXHAUSTED: 10,000 wait. MORTISE_CANCELLED: the instance ends. since 1.1 [any-thread] */
  mortise_status (*add)(mortise_host* host, const mortise_task_v1* task, mortise_error* error);

  /* No run begins any more; one that has begun goes on. MORTISE_NOT_FOUND: there is no such task, or none any more.
   * since 1.1 [any-thread] */
  mortise_status (*cancel)(mortise_host* host, uint64_t tag, mortise_error* error);

  /* Has durable tasks of that handler's name run by it, as long as the instance is part of the newest release.
   * MORTISE_FAILED_PRECONDITION: not during init, or the manifest's `durable_tasks` do not name it; each that they do
   * name must be there when init returns. MORTISE_ALREADY_EXISTS: it is there. since 1.1 [control-thread] */
  mortise_status (*handle)(mortise_host* host, const mortise_task_handler_v1* handler, mortise_error* error);
} mortise_tasks_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_TASKS_H */
