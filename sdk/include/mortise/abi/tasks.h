/* mortise.tasks/1: work that no request waits for: as soon as there is a thread, later, again and again, or by a
 * calendar. The host owns threads and timers.
 *
 * A task runs on a thread of the host's, in a scope of the newest release, and only while the plugin's instance is part
 * of that: what is added during init waits for the switch, and from the switch to a newer version on nothing begins any
 * more but what is due already. The tasks of an instance end with it; a task that comes back under the name that one of
 * the former instance had goes on in its rhythm.
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
} mortise_tasks_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_TASKS_H */
