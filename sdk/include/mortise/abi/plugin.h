/* What a plugin hands to the host: one exported function that returns one table.
 *
 * Life: entry -> init -> (calls, on many threads) -> stop -> (calls in flight end) -> destroy -> unload.
 * init, stop and destroy of one instance never overlap. No exception may leave any of these functions.
 */
#ifndef MORTISE_ABI_PLUGIN_H
#define MORTISE_ABI_PLUGIN_H

#include <mortise/abi/host.h>
#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The hooks of a plugin. The table is the plugin's, constant, and valid while the library is loaded. A hook
 * whose comment does not say "may be NULL" is required. since 1.0 */
typedef struct mortise_plugin_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* Creates the plugin's instance and registers what it serves. On MORTISE_OK stores the instance, which may be NULL,
   * in `*self`; otherwise leaves nothing behind, and neither stop nor destroy is called. Bound by the host's init time
   * limit. since 1.0 [control-thread] */
  mortise_status (*init)(const mortise_host_v1* host, void** self, mortise_error* error);

  /* No further request will enter; those inside go on. End streams, answer what was deferred, and whatever else waits
   * for the plugin. May be NULL. since 1.0 [control-thread] */
  void (*stop)(void* self);

  /* Frees the instance; nothing of the plugin runs any more, so that no thread of its own may. since 1.0
   * [control-thread] */
  void (*destroy)(void* self);

  /* A capability that the plugin offers to the host, or NULL when the id is unknown. May be NULL.
   * since 1.0 [any-thread] */
  const void* (*get_interface)(void* self, mortise_str id);
} mortise_plugin_v1;

/* How a plugin's entry, and nothing else of it, is exported. */
#if defined(_WIN32)
#define MORTISE_EXPORT __declspec(dllexport)
#else
#define MORTISE_EXPORT __attribute__((visibility("default")))
#endif

/* The name of the one exported symbol of a plugin. */
#define MORTISE_PLUGIN_ENTRY_V1 "mortise_plugin_entry_v1"

/* Defined by the plugin: returns its table; must not do any work. since 1.0 [control-thread] */
MORTISE_EXPORT const mortise_plugin_v1* mortise_plugin_entry_v1(void);

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_PLUGIN_H */
