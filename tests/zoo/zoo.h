/* What the zoo's plugins share, so that each shows its one defect and nothing else. */
#ifndef MORTISE_TESTS_ZOO_H
#define MORTISE_TESTS_ZOO_H

#include <mortise/abi/plugin.h>

#include <string.h>

#if defined(__cplusplus)
#define ZOO_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define ZOO_EXPORT __attribute__((visibility("default")))
#endif

static inline mortise_str zoo_str(const char* text) {
  mortise_str str = {text, strlen(text)};
  return str;
}

static inline mortise_status zoo_init(const mortise_host_v1* host, void** self, mortise_error* error) {
  (void)host;
  (void)error;
  *self = NULL;
  return MORTISE_OK;
}

static inline void zoo_destroy(void* self) { (void)self; }

/* Defines the entry of a plugin that does nothing but what `INIT` does. */
#define ZOO_PLUGIN(INIT)                                                                                    \
  static const mortise_plugin_v1 zoo_table = {sizeof(mortise_plugin_v1), 0, INIT, NULL, zoo_destroy, NULL}; \
  ZOO_EXPORT const mortise_plugin_v1* mortise_plugin_entry_v1(void);                                        \
  const mortise_plugin_v1* mortise_plugin_entry_v1(void) { return &zoo_table; }

#endif /* MORTISE_TESTS_ZOO_H */
