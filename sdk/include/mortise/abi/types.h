/* The vocabulary of the Mortise C ABI: strings, bytes, status codes and error messages.
 *
 * Every type that crosses between host and plugin is built from these. Nothing here allocates; whoever
 * allocates frees. A borrowed string is valid for the duration of the call that passes it, unless the
 * function says otherwise. A released layout never changes (docs/abi-policy.md).
 *
 * In every struct: `struct_size` is set to sizeof by whoever fills the struct in, and a reader looks only at members
 * that MORTISE_HAS(); `reserved` is 0 and is not read. "since X.Y" is the version of this ABI that brought a thing.
 *
 * C11, usable from C++; no compiler extension, no platform header.
 */
#ifndef MORTISE_ABI_TYPES_H
#define MORTISE_ABI_TYPES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this ABI. The entry symbol carries the major one; a host loads only plugins of its own major. The
 * minor one counts what was added; plugin and host may differ in it either way. */
#define MORTISE_ABI_MAJOR 1
#define MORTISE_ABI_MINOR 1

/* Says on which thread a function may be called:
 *   [control-thread]  the host's life-cycle thread, during init, stop and destroy
 *   [in-scope]        a thread that the host sent into this plugin on behalf of a request, until it returns
 *   [any-thread]      any thread of the process, at any time between init and destroy
 */

/* Borrowed UTF-8 text: not NUL-terminated; data may be NULL when size is 0. since 1.0 */
typedef struct mortise_str {
  const char* data;
  uint64_t size;
} mortise_str;

/* A borrowed string over NUL-terminated text. since 1.0 */
static inline mortise_str mortise_str_from(const char* text) {
  mortise_str str;
  str.data = text;
  str.size = strlen(text);
  return str;
}

/* Borrowed bytes; data may be NULL when size is 0. since 1.0 */
typedef struct mortise_bytes {
  const uint8_t* data;
  uint64_t size;
} mortise_bytes;

/* Outcome of a call: one of the canonical RPC codes below. A reader treats a value it does not know as
 * MORTISE_UNKNOWN. since 1.0 */
typedef int32_t mortise_status;

#define MORTISE_OK 0
#define MORTISE_CANCELLED 1 /* the caller went away */
#define MORTISE_UNKNOWN 2
#define MORTISE_INVALID_ARGUMENT 3 /* the arguments are wrong whatever the state */
#define MORTISE_DEADLINE_EXCEEDED 4
#define MORTISE_NOT_FOUND 5
#define MORTISE_ALREADY_EXISTS 6
#define MORTISE_PERMISSION_DENIED 7
#define MORTISE_RESOURCE_EXHAUSTED 8  /* a limit or quota was hit */
#define MORTISE_FAILED_PRECONDITION 9 /* not in this state; a retry alone does not help */
#define MORTISE_ABORTED 10            /* a conflict; retry the whole operation */
#define MORTISE_OUT_OF_RANGE 11
#define MORTISE_UNIMPLEMENTED 12
#define MORTISE_INTERNAL 13    /* an invariant broke: a bug */
#define MORTISE_UNAVAILABLE 14 /* not now; a retry may help */
#define MORTISE_DATA_LOSS 15
#define MORTISE_UNAUTHENTICATED 16

/* Where a callee puts the message that goes with a status other than MORTISE_OK. The caller owns the struct
 * and the buffer; the callee writes UTF-8 of at most `capacity` bytes, cut between characters if need be, to `message`
 * and its length to `size`. May be NULL wherever it is a parameter: the message is then dropped. since 1.0 */
typedef struct mortise_error {
  uint32_t struct_size;
  uint32_t capacity;
  uint32_t size;
  uint32_t reserved;
  char* message;
} mortise_error;

/* Whether the struct behind `pointer`, which another version of these headers may have filled in, reaches as far as
 * `member`. `type` is its type without const. since 1.0 */
#if defined(__cplusplus)
#define MORTISE_HAS(type, pointer, member) ((pointer)->struct_size >= offsetof(type, member) + sizeof(type::member))
#else
#define MORTISE_HAS(type, pointer, member) \
  ((pointer)->struct_size >= offsetof(type, member) + sizeof(((const type*)0)->member))
#endif

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_TYPES_H */
