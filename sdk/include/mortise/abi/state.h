/* mortise.state/1: what an instance knows in memory, handed to the one that replaces it. Offered by the plugin, through
 * its get_interface.
 *
 * At an upgrade, downgrade or change of config:
 *   new init -> old export_snapshot -> new import_snapshot -> new check (mortise.health/1) -> the switch
 *            -> old stop -> the old one's last request ends -> old export_rest -> new import_rest -> old destroy
 * The old instance serves on until the switch, and finishes afterwards what is inside: export_rest is for what has
 * changed since export_snapshot. State does not survive the end of the host; what must, belongs into files.
 */
#ifndef MORTISE_ABI_STATE_H
#define MORTISE_ABI_STATE_H

#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_STATE_V1 "mortise.state/1"

/* The most that one export may write, in bytes. since 1.0 */
#define MORTISE_STATE_MAX_BYTES 67108864u

/* Takes what an export writes, piece by piece. The host's; valid during the call that it is passed to. since 1.0 */
typedef struct mortise_state_writer_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  void* target; /* the first argument of write */

  /* Appends a copy. Fails with MORTISE_RESOURCE_EXHAUSTED beyond MORTISE_STATE_MAX_BYTES, and then the export as a
   * whole does. since 1.0 [control-thread] */
  mortise_status (*write)(void* target, mortise_bytes piece);
} mortise_state_writer_v1;

/* The plugin's, constant, valid while the library is loaded. All hooks are bound by the host's init time limit, and
 * the form of the bytes is the plugin's own affair. since 1.0 */
typedef struct mortise_state_v1 {
  uint32_t struct_size;
  uint32_t version; /* of the form that the exports write */

  /* While requests are inside. A failure keeps the release from being switched to. since 1.0 [control-thread] */
  mortise_status (*export_snapshot)(void* self, const mortise_state_writer_v1* writer, mortise_error* error);

  /* Before the first request; `version` is the exporter's. Refuse one that you do not know: the release is then not
   * switched to. since 1.0 [control-thread] */
  mortise_status (*import_snapshot)(void* self, uint32_t version, mortise_bytes state, mortise_error* error);

  /* Both may be NULL. When nothing runs inside the old instance any more, what it writes reaches the one that serves
   * then, while requests are inside that. Nothing written: nothing is imported. A failure is logged, and the rest is
   * lost. since 1.0 [control-thread] */
  mortise_status (*export_rest)(void* self, const mortise_state_writer_v1* writer, mortise_error* error);
  mortise_status (*import_rest)(void* self, uint32_t version, mortise_bytes state, mortise_error* error);
} mortise_state_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_STATE_H */
