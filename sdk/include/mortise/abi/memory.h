/* mortise.memory/1: memory that the host counts as the plugin's, for `mortise status` and the plugin's limit. A counted
 * block is one of the C library's heap: free() takes it, and leaves it counted.
 *
 * The C++ layer's operator new and delete use this by themselves in what mortise_add_plugin() builds.
 */
#ifndef MORTISE_ABI_MEMORY_H
#define MORTISE_ABI_MEMORY_H

#include <mortise/abi/host.h>
#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_MEMORY_V1 "mortise.memory/1"

/* What a plugin has taken, all its generations together. Owned by the host; lives as long as the process. */
typedef struct mortise_memory_account mortise_memory_account;

/* since 1.0 */
typedef struct mortise_memory_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* The plugin's account, never NULL. since 1.0 [any-thread] */
  mortise_memory_account* (*account)(mortise_host* host);

  /* `size` bytes, none of them set, at a multiple of `alignment`: a power of two, or 0 for what suits any type. NULL
   * when there is no memory. The caller's, until it gives them to release(). Also before init has returned and after
   * destroy has: an account needs no handle. since 1.0 [any-thread] */
  void* (*allocate)(mortise_memory_account* account, uint64_t size, uint64_t alignment);

  /* Gives back what allocate(), malloc() or the C++ library's operator new has returned, whichever it was; NULL is
   * nothing. since 1.0 [any-thread] */
  void (*release)(void* block);
} mortise_memory_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_MEMORY_H */
