/* mortise.assets/1: static files, served by the host with ETag, ranges and content types. */
#ifndef MORTISE_ABI_ASSETS_H
#define MORTISE_ABI_ASSETS_H

#include <mortise/abi/host.h>
#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_ASSETS_V1 "mortise.assets/1"

/* One file in the plugin's memory. since 1.0 */
typedef struct mortise_asset {
  mortise_str path; /* relative, '/'-separated: "css/site.css" */
  mortise_bytes data;
} mortise_asset;

/* since 1.0 */
typedef struct mortise_assets_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* Serves files out of memory below `prefix` ("/files"); "index.html" also answers for its directory. The list and
   * the paths are copied; the files' bytes are not: they stay the plugin's, where they are and unchanged, until
   * destroy. Errors as mortise.http/1's add_route(). since 1.0 [control-thread] */
  mortise_status (*mount)(mortise_host* host, mortise_str prefix, const mortise_asset* assets, uint64_t asset_count,
                          mortise_error* error);

  /* Serves the regular files below a directory of the file system; nothing outside it can be reached, by no
   * spelling and through no symbolic link. MORTISE_NOT_FOUND: no such directory. since 1.0 [control-thread] */
  mortise_status (*mount_directory)(mortise_host* host, mortise_str prefix, mortise_str directory,
                                    mortise_error* error);
} mortise_assets_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_ASSETS_H */
