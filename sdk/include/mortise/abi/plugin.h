/* What a plugin hands to the host: one exported function that returns one table.
 *
 * Life: entry -> init -> (calls, on many threads) -> stop -> (calls in flight end) -> destroy -> unload.
 * No exception may leave any of these functions.
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

  /* Creates the plugin's instance and registers what it serves. On MORTISE_OK stores the instance in `*self`;
   * otherwise leaves nothing behind, and destroy is not called. Bound by the host's init time limit.
   * since 1.0 [control-thread] */
  mortise_status (*init)(const mortise_host_v1* host, void** self, mortise_error* error);

  /* No further request will enter; those inside go on. End streams and whatever else waits for the plugin.
   * May be NULL. since 1.0 [control-thread] */
  void (*stop)(void* self);

  /* Frees the instance; nothing of the plugin runs any more. since 1.0 [control-thread] */
  void (*destroy)(void* self);

  /* A capability that the plugin offers to the host, or NULL when the id is unknown. May be NULL.
   * since 1.0 [any-thread] */
  const void* (*get_interface)(void* self, mortise_str id);
} mortise_plugin_v1;

/* The one exported symbol of a plugin. */
#define MORTISE_PLUGIN_ENTRY_V1 "mortise_plugin_entry_v1"

/* Returns the plugin's table; must not do any work. since 1.0 [control-thread] */
typedef const mortise_plugin_v1* (*mortise_plugin_entry_v1_fn)(void);

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_PLUGIN_H */
