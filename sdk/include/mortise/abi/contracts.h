/* mortise.contracts/1: provide contracts to other plugins and call those that they provide.
 *
 * A contract is a C struct of {function, self} pairs, one per method, and only grows at its end:
 *
 *   typedef struct currency_v1 {
 *     struct { mortise_status (*call)(void* self, money amount, mortise_str to, money* result); void* self; } convert;
 *     ...
 *   } currency_v1;
 *
 * Arguments and results are fixed-width integers, bool, float, double, mortise_str, mortise_bytes, lists {pointer,
 * count}, optionals {value, has_value}, and structs of these, all by value; the result goes to the last parameter,
 * which a method without one lacks. Arguments are borrowed for the call; what a result points to lives in the scope's
 * arena, or is constant. Its signature text has one line per method: "convert({i64,str},str)->{i64,str}"
 * (docs/abi-policy.md).
 */
#ifndef MORTISE_ABI_CONTRACTS_H
#define MORTISE_ABI_CONTRACTS_H

#include <mortise/abi/host.h>
#include <mortise/abi/scope.h>
#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_CONTRACTS_V1 "mortise.contracts/1"

/* A way to a provider that is elsewhere. since 1.0 */
typedef struct mortise_channel_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  void* self;

  /* Has method number `method` answer `request`; `*reply` lives in the scope's arena. What it returns, and the scope's
   * failure, are the provider's. since 1.0 [in-scope] */
  mortise_status (*call)(void* self, uint32_t method, mortise_bytes request, mortise_bytes* reply);

  /* Memory for a request of `size` bytes which call() then passes on where it lies: once, and with it as `request`.
   * What is not passed on is not freed. NULL: there is none, and the request may lie anywhere. since 1.1 [in-scope] */
  uint8_t* (*reserve)(void* self, uint64_t size);
} mortise_channel_v1;

#define MORTISE_REQUIREMENT_OPTIONAL 1u /* the slot may be unbound */
#define MORTISE_REQUIREMENT_ALL 2u      /* bind the slot to a mortise_providers, which may be empty */

/* What a plugin wants; must agree with `requires` of its manifest. Copied by require(). since 1.0 */
typedef struct mortise_requirement_v1 {
  uint32_t struct_size;
  uint32_t flags;       /* MORTISE_REQUIREMENT_*; a bit that the host does not know is refused */
  mortise_str contract; /* "boutique.currency/1" */
  mortise_str methods;  /* the signature text that the plugin was built with */
  mortise_str provider; /* the one of that name; empty: the one with the highest rank */

  /* Fills `contract`, room for all methods, with functions that carry their calls over `channel`; the `self` of each is
   * `channel`, for which the host puts the one of the provider later. Called during require() alone. May be NULL: the
   * provider must then be in this process. since 1.0 [control-thread] */
  void (*fill_proxy)(void* contract, const mortise_channel_v1* channel);
} mortise_requirement_v1;

/* What a plugin offers; must agree with `provides` of its manifest. Copied by provide(). since 1.0 */
typedef struct mortise_provision_v1 {
  uint32_t struct_size;
  uint32_t reserved;
  mortise_str contract;
  mortise_str methods;
  mortise_str name;     /* empty: the plugin's name */
  const void* provided; /* the contract's struct; valid and unchanged until destroy returns */

  /* Answers one call that arrived as bytes. Returns what the method returned; MORTISE_INVALID_ARGUMENT when the bytes
   * are no call of that method. May be NULL: consumers must then be in this process. since 1.0 [in-scope] */
  mortise_status (*dispatch)(const void* provided, uint32_t method, mortise_bytes request, mortise_bytes* reply);
} mortise_provision_v1;

/* since 1.0 */
typedef struct mortise_contracts_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* Where the pointer to a thread's scope lies, in bytes from the thread pointer: see mortise_scope_at(). since 1.0 */
  int64_t scope_offset;

  /* The calling thread's scope, or NULL outside any. since 1.0 [any-thread] */
  mortise_scope* (*current)(void);

  /* Takes a slot: the index of the binding in every scope that this plugin will see. Fails with
   * MORTISE_INVALID_ARGUMENT, or MORTISE_FAILED_PRECONDITION: not during init, or the manifest says otherwise.
   * since 1.0 [control-thread] */
  mortise_status (*require)(mortise_host* host, const mortise_requirement_v1* requirement, uint32_t* slot,
                            mortise_error* error);

  /* Offers a contract. Fails as require(), and with MORTISE_ALREADY_EXISTS. since 1.0 [control-thread] */
  mortise_status (*provide)(mortise_host* host, const mortise_provision_v1* provision, mortise_error* error);

  /* Records why a method fails, with `method` of this plugin added to the context, and returns `status`, for
   * `return contracts->fail(...)`. `context` is that of the failure behind it, or empty. All is copied.
   * since 1.0 [in-scope] */
  mortise_status (*fail)(mortise_host* host, mortise_status status, mortise_str method, mortise_str message,
                         mortise_str context);

  /* Memory of the scope's arena when what is left of the current piece does not do: see mortise_arena_allocate(). NULL
   * when the arena is at its cap, or for an alignment that is none. since 1.0 [in-scope] */
  void* (*arena_grow)(mortise_scope* scope, uint64_t size, uint64_t alignment);

  /* Marks the arena, and frees what was taken since a mark; marks are freed in the reverse of their order. Freeing
   * forgets the scope's failure, whose texts may have been there. since 1.0 [in-scope] */
  uint64_t (*arena_mark)(mortise_scope* scope);
  void (*arena_rewind)(mortise_scope* scope, uint64_t mark);

  /* How long the request that the scope was entered for may take yet, as `time_left_ms` of mortise.http/1 tells it to
   * the request's own handler, or how long a caller has left it, where that is less: a provider may give up when its
   * caller is about to. UINT64_MAX: there is neither a deadline nor a limit. since 1.1 [in-scope] */
  uint64_t (*time_left_ms)(mortise_scope* scope);

  /* Has the scope's deadline be `ms` milliseconds from now, unless it is sooner already: calls of plugins in other
   * processes and in other hosts end then, with MORTISE_DEADLINE_EXCEEDED, and so do statements of mortise.sql/1; a
   * provider in this process sees it in time_left_ms(), and is not interrupted. Returns what restore_limit() takes to
   * have it as it was: limits are ended in the reverse of their order, and before the plugin returns to who has called
   * it. A limit of UINT64_MAX is none. since 1.1 [in-scope] */
  uint64_t (*limit_ms)(mortise_scope* scope, uint64_t ms);
  void (*restore_limit)(mortise_scope* scope, uint64_t former);
} mortise_contracts_v1;

#if defined(__GNUC__) && defined(__cplusplus)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#endif

/* The calling thread's scope, or NULL outside any: one load where the compiler knows the thread pointer. `offset` is
 * the table's scope_offset, which a plugin may keep. since 1.0 [any-thread] */
#if defined(__GNUC__)
static inline mortise_scope* mortise_scope_at(int64_t offset) {
  return *(mortise_scope**)((char*)__builtin_thread_pointer() + offset);
}
#endif
static inline mortise_scope* mortise_scope_current(const mortise_contracts_v1* contracts) {
#if defined(__GNUC__)
  return mortise_scope_at(contracts->scope_offset);
#else
  return contracts->current();
#endif
}

/* Memory that is freed when the scope ends, or with a mark that was made before; NULL when the arena is at its cap,
 * which is the admin's `arena_max_bytes`. `size` is at least 1; `alignment` is a power of two, at most 4096. since 1.0
 * [in-scope] */
static inline void* mortise_arena_allocate(const mortise_contracts_v1* contracts, mortise_scope* scope, uint64_t size,
                                           uint64_t alignment) {
  const uint64_t padding = (uint64_t)(0 - (uintptr_t)scope->arena_next) & (alignment - 1);
  const uint64_t room = (uint64_t)(scope->arena_end - scope->arena_next);
  uint8_t* memory;
  if (padding > room || size > room - padding) return contracts->arena_grow(scope, size, alignment);
  memory = scope->arena_next + padding;
  scope->arena_next = memory + size;
  return memory;
}

#if defined(__GNUC__) && defined(__cplusplus)
#pragma GCC diagnostic pop
#endif

/* Where a contract's signature text stands in a plugin's file: in an ELF note as in abi/manifest_note.h, of this type,
 * once per contract that the plugin provides or requires. Its descriptor is "boutique.currency/1\n" and the signature
 * text. MORTISE_CONTRACT writes it; in C the macro below does, at file scope:
 *
 *   MORTISE_CONTRACT_NOTE(currency_v1_note, "boutique.currency/1", CURRENCY_V1_METHODS);
 */
#define MORTISE_NOTE_TYPE_CONTRACT 2u
#define MORTISE_NOTE_CONTRACT_SECTION ".note.mortise.contract"

#define MORTISE_CONTRACT_NOTE(identifier, contract, methods)                                 \
  static const struct {                                                                      \
    uint32_t owner_size, text_size, type;                                                    \
    char owner[8];                                                                           \
    char text[(sizeof(contract "\n" methods) - 1 + 3) & ~(size_t)3];                         \
  } identifier __attribute__((used, aligned(4), section(MORTISE_NOTE_CONTRACT_SECTION))) = { \
      8, sizeof(contract "\n" methods) - 1, MORTISE_NOTE_TYPE_CONTRACT, "Mortise", contract "\n" methods}

/* Which methods of a contract may be called once more when nobody knows whether a call arrived: a note of the next type
 * in the same section, at most one per contract. Its descriptor is "boutique.currency/1\n" and their names, one on each
 * line. Others are called once at most. MORTISE_IDEMPOTENT writes it; in C the macro below does, at file scope:
 *
 *   MORTISE_IDEMPOTENT_NOTE(currency_v1_idempotent, "boutique.currency/1", "supported\nconvert");
 */
#define MORTISE_NOTE_TYPE_IDEMPOTENT 3u

#define MORTISE_IDEMPOTENT_NOTE(identifier, contract, names)                                 \
  static const struct {                                                                      \
    uint32_t owner_size, text_size, type;                                                    \
    char owner[8];                                                                           \
    char text[(sizeof(contract "\n" names) - 1 + 3) & ~(size_t)3];                           \
  } identifier __attribute__((used, aligned(4), section(MORTISE_NOTE_CONTRACT_SECTION))) = { \
      8, sizeof(contract "\n" names) - 1, MORTISE_NOTE_TYPE_IDEMPOTENT, "Mortise", contract "\n" names}

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_CONTRACTS_H */
