/* The scope: what a thread carries while it is inside plugins on behalf of one request, event or task.
 *
 * The host enters and leaves scopes; plugins read them. A scope pins one release: through its bindings a whole graph
 * of calls sees exactly one set of providers, however many releases are published meanwhile. What calls hand back
 * (texts, lists, messages of failures) lives in its arena until the scope ends, or what was taken since a mark is freed
 * (mortise/abi/contracts.h). Where the host enters a scope while another is open on the thread, each has its own arena.
 */
#ifndef MORTISE_ABI_SCOPE_H
#define MORTISE_ABI_SCOPE_H

#include <mortise/abi/host.h>
#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Why the last call through a contract failed. The texts live in the scope's arena, or are constant. Who handles a
 * failure sets `status` to MORTISE_OK; otherwise it may be taken for the reason of a later one. since 1.0 */
typedef struct mortise_failure {
  mortise_status status; /* MORTISE_OK: there is none */
  uint32_t reserved;
  mortise_str message;
  mortise_str context; /* who failed, the innermost first: "currency 1.2.0: boutique.currency/1 convert; ..." */
} mortise_failure;

/* The host's, one per scope, used by the thread that is inside alone. Plugins write `failure.status` when they handle a
 * failure, and the other members only through mortise.contracts/1 and mortise_arena_allocate(). since 1.0 */
typedef struct mortise_scope {
  uint32_t struct_size;
  uint32_t binding_count;
  const void* const* bindings; /* by slot: the provider's contract, a mortise_providers, or NULL */
  uint8_t* arena_next;
  uint8_t* arena_end;
  mortise_failure failure;
} mortise_scope;

/* One provider of a contract that has several. since 1.0 */
typedef struct mortise_provider {
  const void* contract; /* the contract's struct of {function, self} */
  mortise_str name;     /* as the provider's manifest says; the plugin's name by default */
  int32_t rank;
  uint32_t reserved;
} mortise_provider;

/* What a slot that asked for all providers is bound to: the highest rank first. since 1.0 */
typedef struct mortise_providers {
  uint64_t count;
  const mortise_provider* items;
} mortise_providers;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_SCOPE_H */
