/* What a test lends to the plugin "hooked", whose config is the address of one of these as a number. It stays valid
 * until destroy. */
#ifndef MORTISE_TESTS_ZOO_HOOKS_H
#define MORTISE_TESTS_ZOO_HOOKS_H

#include <mortise/abi/plugin.h>

typedef struct zoo_hooks {
  void* self; /* the first argument of each */
  mortise_status (*init)(void* self, const mortise_host_v1* host, mortise_error* error);
  void (*stop)(void* self);
  void (*destroy)(void* self);
} zoo_hooks;

#endif /* MORTISE_TESTS_ZOO_HOOKS_H */
