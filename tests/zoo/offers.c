/* Starts, and then what it offers to the host is wrong: ZOO_HEALTH and ZOO_STATE, which are tables. */
#include <mortise/abi/health.h>
#include <mortise/abi/state.h>
#include <unistd.h>

#include "zoo.h"

static mortise_status check_fails(void* self, mortise_error* error) {
  static const char kMessage[] = "the zoo's health check always fails";
  (void)self;
  error->size = sizeof kMessage - 1;
  memcpy(error->message, kMessage, error->size);
  return MORTISE_UNAVAILABLE;
}

static mortise_status check_hangs(void* self, mortise_error* error) {
  (void)self;
  (void)error;
  while (pause() != 0) continue;
  return MORTISE_OK;
}

static mortise_status export_too_much(void* self, const mortise_state_writer_v1* writer, mortise_error* error) {
  static const uint8_t kPiece[4096];
  const mortise_bytes piece = {kPiece, sizeof kPiece};
  (void)self;
  (void)error;
  for (unsigned i = 0; i < MORTISE_STATE_MAX_BYTES / 4096u + 1; ++i) writer->write(writer->target, piece);
  return MORTISE_OK;
}

static mortise_status import_nothing(void* self, uint32_t version, mortise_bytes state, mortise_error* error) {
  (void)self;
  (void)version;
  (void)state;
  (void)error;
  return MORTISE_OK;
}

static const mortise_health_v1 fails = {sizeof fails, 0, check_fails};
static const mortise_health_v1 hangs = {sizeof hangs, 0, check_hangs};
static const mortise_health_v1 is_short = {8, 0, check_fails};
static const mortise_health_v1 lacks_check = {sizeof lacks_check, 0, NULL};
static const mortise_state_v1 too_much = {sizeof too_much, 1, export_too_much, import_nothing, NULL, NULL};
static const mortise_state_v1 lacks_export = {sizeof lacks_export, 1, NULL, import_nothing, NULL, NULL};

static const void* get_interface(void* self, mortise_str id) {
  const void* const all[] = {&fails, &hangs, &is_short, &lacks_check, &too_much, &lacks_export};
  (void)self;
  (void)all;
  if (id.size == strlen(MORTISE_HEALTH_V1) && memcmp(id.data, MORTISE_HEALTH_V1, id.size) == 0) return ZOO_HEALTH;
  if (id.size == strlen(MORTISE_STATE_V1) && memcmp(id.data, MORTISE_STATE_V1, id.size) == 0) return ZOO_STATE;
  return NULL;
}

static const mortise_plugin_v1 table = {sizeof table, 0, zoo_init, NULL, zoo_destroy, get_interface};
ZOO_EXPORT const mortise_plugin_v1* mortise_plugin_entry_v1(void);
const mortise_plugin_v1* mortise_plugin_entry_v1(void) { return &table; }
