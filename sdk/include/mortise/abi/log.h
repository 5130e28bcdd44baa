/* mortise.log/1: structured log lines. The host adds plugin, version, generation, request id and time. */
#ifndef MORTISE_ABI_LOG_H
#define MORTISE_ABI_LOG_H

#include <mortise/abi/host.h>
#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_LOG_V1 "mortise.log/1"

#define MORTISE_LOG_DEBUG 1u
#define MORTISE_LOG_INFO 2u
#define MORTISE_LOG_WARNING 3u
#define MORTISE_LOG_ERROR 4u

/* One structured field of a log line. since 1.0 */
typedef struct mortise_log_field {
  mortise_str key;
  mortise_str value;
} mortise_log_field;

/* since 1.0 */
typedef struct mortise_log_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* 1 when a line of this level would be kept, else 0: ask before building an expensive message.
   * since 1.0 [any-thread] */
  uint32_t (*is_enabled)(mortise_host* host, uint32_t level);

  /* Writes one line. Message and fields are copied. An unknown level counts as error.
   * since 1.0 [any-thread] */
  void (*write)(mortise_host* host, uint32_t level, mortise_str message, const mortise_log_field* fields,
                uint64_t field_count);
} mortise_log_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_LOG_H */
