/* mortise.health/1: whether a new instance is fit to serve. Offered by the plugin, through its get_interface. */
#ifndef MORTISE_ABI_HEALTH_H
#define MORTISE_ABI_HEALTH_H

#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_HEALTH_V1 "mortise.health/1"

/* The plugin's, constant, valid while the library is loaded. since 1.0 */
typedef struct mortise_health_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* Asked once, after init and the import of state and before the first request: anything but MORTISE_OK keeps the
   * release that the instance is part of from being switched to. Contracts cannot be called yet. Bound by the host's
   * init time limit. since 1.0 [control-thread] */
  mortise_status (*check)(void* self, mortise_error* error);
} mortise_health_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_HEALTH_H */
