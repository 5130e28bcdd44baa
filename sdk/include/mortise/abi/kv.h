/* mortise.kv/1: values under keys, in the plugin's own database.
 *
 * A plugin that names this interface in its manifest has a database as with mortise.sql/1, and in it the table
 *
 *   mortise_kv (version INTEGER PRIMARY KEY, key BLOB UNIQUE, expires_at INTEGER, value BLOB)
 *
 * which all its versions share, and which outlives restarts and upgrades. Statements of mortise.sql/1 may read it, and
 * stand in one transaction with what is done here; writing is left to this interface. No foreign key may lead to it.
 * The table is made before migrations run, where the manifest of that version names the interface: it has to as long as
 * any of them mentions the table, for on a new installation they all run.
 *
 * Keys and values are bytes. Whenever a value is put it gets a version: a number above all that were in the database
 * before, so that none that was committed ever comes again, also where its key was removed meanwhile (but for a backup
 * that was put back). One that was given in a transaction which was rolled back may. Who knows the version of what it
 * has read can have the next value put only if nobody has put another one since.
 *
 * What has a time to live is not there any more when that is over, also over restarts: when the wall clock of the
 * host's machine has reached `expires_at`. Where that clock is set forward it is gone sooner, and where it is set back
 * later; what was gone already may then be there once more. Its room is used again as others are put.
 */
#ifndef MORTISE_ABI_KV_H
#define MORTISE_ABI_KV_H

#include <mortise/abi/host.h>
#include <mortise/abi/sql.h>
#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_KV_V1 "mortise.kv/1"

/* A key has at least one byte, and at most so many. since 1.1 */
#define MORTISE_KV_MAX_KEY_BYTES 1024u
/* A value may be empty. The largest crosses to another process with its key, all at once. since 1.1 */
#define MORTISE_KV_MAX_VALUE_BYTES 67104768u
/* The longest time to live. since 1.1 */
#define MORTISE_KV_MAX_TTL_MS 4503599627370496u
/* The entries of one scan take together at most so much, where each takes the bytes of its key, those of its value, and
 * MORTISE_KV_SCAN_ENTRY_BYTES. Any single one fits. since 1.1 */
#define MORTISE_KV_MAX_SCAN_BYTES 67107840u
#define MORTISE_KV_SCAN_ENTRY_BYTES 64u

/* What is kept under a key. since 1.1 */
typedef struct mortise_kv_entry {
  uint32_t struct_size;
  uint32_t reserved;
  mortise_bytes key; /* borrowed for the call, as the value */
  mortise_bytes value;
  int64_t version;    /* from 1 to 2^53 - 1 */
  int64_t expires_at; /* in ms since the beginning of 1970, UTC; 0: never */
} mortise_kv_entry;

/* Where entries go. since 1.1 */
typedef struct mortise_kv_entries {
  uint32_t struct_size;
  uint32_t reserved;
  void* self;

  /* One entry, from within get() or scan(), on its thread. Another status than MORTISE_OK ends that, and is what it
   * returns. Must not use the database. since 1.1 [any-thread] */
  mortise_status (*entry)(void* self, const mortise_kv_entry* entry);
} mortise_kv_entries;

#define MORTISE_KV_IF_VERSION 1u /* only if what is there has `version` */

/* How a value is put, or a key removed. since 1.1 */
typedef struct mortise_kv_terms {
  uint32_t struct_size;
  uint32_t flags;  /* MORTISE_KV_IF_*; a bit that the host does not know is refused */
  int64_t version; /* with MORTISE_KV_IF_VERSION, 0: that of a key that is not there; without it 0, or refused */
  uint64_t ttl_ms; /* of put(): how long it is there; 0: until it is removed. Of remove(): 0 */
} mortise_kv_terms;

/* The keys and values of one plugin. Owned by the host. since 1.1 */
typedef struct mortise_kv_store mortise_kv_store;

/* Each function but open() is one statement of mortise.sql/1, in `transaction`, or by itself when that is NULL: it
 * waits, and fails, as those do. MORTISE_INVALID_ARGUMENT: a key is empty, bytes are missing, a version is negative or
 * without its flag, a flag is not known. MORTISE_OUT_OF_RANGE: a key, value or time is larger than may be. What fails
 * has changed nothing. since 1.1 */
typedef struct mortise_kv_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* The plugin's store; valid until destroy returns. MORTISE_FAILED_PRECONDITION when the manifest does not name the
   * interface. since 1.1 [any-thread] */
  mortise_status (*open)(mortise_host* host, mortise_kv_store** store, mortise_error* error);

  /* Hands out what is kept under the key. MORTISE_NOT_FOUND: nothing is. since 1.1 [any-thread] */
  mortise_status (*get)(mortise_kv_store* store, mortise_sql_transaction* transaction, mortise_bytes key,
                        const mortise_kv_entries* entries, mortise_error* error);

  /* Keeps the value under the key, whatever was there before. `terms` may be NULL: there are none. `*version`, where
   * `version` is not NULL, becomes the one that the value has got. MORTISE_ABORTED with 0 in `*version`: the terms'
   * version is not the one that is there; another failure leaves it as it was. since 1.1 [any-thread] */
  mortise_status (*put)(mortise_kv_store* store, mortise_sql_transaction* transaction, mortise_bytes key,
                        mortise_bytes value, const mortise_kv_terms* terms, int64_t* version, mortise_error* error);

  /* Removes the key, whatever its value is. `terms` may be NULL: there are none. Their version is that of the value to
   * be removed, and not 0: what is not there is not removed. MORTISE_NOT_FOUND: there is no such key, or not in that
   * version. since 1.1 [any-thread] */
  mortise_status (*remove)(mortise_kv_store* store, mortise_sql_transaction* transaction, mortise_bytes key,
                           const mortise_kv_terms* terms, mortise_error* error);

  /* Hands out the first entries whose keys begin with `prefix` and come after `after`; both may be empty. Keys are in
   * the order of their bytes, a shorter one before those that go on from it. They are at least one, where there is any,
   * at most `limit`, which is not 0, and no more than MORTISE_KV_MAX_SCAN_BYTES take: that there are fewer than `limit`
   * does not say that these are all. Who wants all calls again with the last key as `after`, until nothing comes. since
   * 1.1 [any-thread] */
  mortise_status (*scan)(mortise_kv_store* store, mortise_sql_transaction* transaction, mortise_bytes prefix,
                         mortise_bytes after, uint32_t limit, const mortise_kv_entries* entries, mortise_error* error);
} mortise_kv_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_KV_H */
