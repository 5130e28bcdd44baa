/* What the host hands to a plugin: one table, through which every capability is found by name.
 *
 * A plugin imports no symbol from the host. It asks for an interface by its id ("mortise.http/1") and gets a
 * pointer to a function table, or NULL when this host does not have it. Tables live as long as the process.
 */
#ifndef MORTISE_ABI_HOST_H
#define MORTISE_ABI_HOST_H

#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* This plugin's identity towards the host, opaque; the first argument of most interface functions. Owned by
 * the host, valid from init until destroy returns. */
typedef struct mortise_host mortise_host;

/* Passed to the plugin's init; the host's, constant, valid until destroy returns. since 1.0 */
typedef struct mortise_host_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  mortise_host* host;

  /* The table of an interface, or NULL when the id is unknown. The result is the host's and lives as long as
   * the process; like every table it begins with its struct_size. since 1.0 [any-thread] */
  const void* (*get_interface)(mortise_host* host, mortise_str id);
} mortise_host_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_HOST_H */
