/* mortise.config/1: what the admin set for this plugin, and where it may keep files. */
#ifndef MORTISE_ABI_CONFIG_H
#define MORTISE_ABI_CONFIG_H

#include <mortise/abi/host.h>
#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_CONFIG_V1 "mortise.config/1"

/* Every string that these return is the host's, constant, and valid until the plugin's destroy returns. since 1.0 */
typedef struct mortise_config_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* The `config` object of plugins.d/NAME.json as JSON text, already valid by the manifest's schema; "{}" when
   * the admin gave none. since 1.0 [any-thread] */
  mortise_str (*json)(mortise_host* host);

  /* Absolute path of a directory that exists, is this plugin's alone and survives restarts and upgrades.
   * since 1.0 [any-thread] */
  mortise_str (*data_directory)(mortise_host* host);

  /* The plugin's name and version as its manifest gives them. since 1.0 [any-thread] */
  mortise_str (*plugin_name)(mortise_host* host);
  mortise_str (*plugin_version)(mortise_host* host);

  /* Number of this running instance, unique in the process, from 1 upwards. since 1.0 [any-thread] */
  uint64_t (*generation)(mortise_host* host);
} mortise_config_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_CONFIG_H */
