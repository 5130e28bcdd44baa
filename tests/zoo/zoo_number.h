/* A contract whose one method takes nothing and returns an i64, and its calls as bytes (docs/abi-policy.md), in plain
 * C: what MORTISE_CONTRACT writes for a plugin in C++. */
#ifndef MORTISE_TESTS_ZOO_NUMBER_H
#define MORTISE_TESTS_ZOO_NUMBER_H

#include <mortise/abi/contracts.h>

typedef struct zoo_number {
  struct {
    mortise_status (*call)(void* self, int64_t* result);
    void* self;
  } get;
} zoo_number;

#define ZOO_NUMBER_FORM 1u /* the version of the binary form */
#define ZOO_NUMBER_REPLY_SIZE 9u

/* Of a consumer: asks over the channel that `self` is. */
static inline mortise_status zoo_number_ask(void* self, int64_t* result) {
  static const uint8_t kRequest[] = {ZOO_NUMBER_FORM};
  const mortise_channel_v1* channel = (const mortise_channel_v1*)self;
  const mortise_bytes request = {kRequest, sizeof kRequest};
  mortise_bytes reply = {NULL, 0};
  uint64_t number = 0;
  size_t i;
  const mortise_status status = channel->call(channel->self, 0, request, &reply);
  if (status != MORTISE_OK) return status;
  if (reply.size != ZOO_NUMBER_REPLY_SIZE || reply.data[0] != ZOO_NUMBER_FORM) return MORTISE_INTERNAL;
  for (i = 1; i < reply.size; ++i) number |= (uint64_t)reply.data[i] << (8 * (i - 1));
  *result = (int64_t)number;
  return MORTISE_OK;
}

/* mortise_requirement_v1's `fill_proxy`. */
static inline void zoo_number_fill_proxy(void* contract, const mortise_channel_v1* channel) {
  zoo_number* proxy = (zoo_number*)contract;
  proxy->get.call = zoo_number_ask;
  proxy->get.self = (void*)(uintptr_t)channel;
}

/* Of a provider: what its `dispatch` does. */
static inline mortise_status zoo_number_answer(const mortise_contracts_v1* contracts, const zoo_number* provided,
                                               uint32_t method, mortise_bytes request, mortise_bytes* reply) {
  uint8_t* bytes;
  int64_t number = 0;
  size_t i;
  mortise_status status;
  if (method != 0 || request.size != 1 || request.data[0] != ZOO_NUMBER_FORM) return MORTISE_INVALID_ARGUMENT;
  status = provided->get.call(provided->get.self, &number);
  if (status != MORTISE_OK) return status;
  bytes = (uint8_t*)mortise_arena_allocate(contracts, mortise_scope_current(contracts), ZOO_NUMBER_REPLY_SIZE, 1);
  if (bytes == NULL) return MORTISE_RESOURCE_EXHAUSTED;
  bytes[0] = ZOO_NUMBER_FORM;
  for (i = 1; i < ZOO_NUMBER_REPLY_SIZE; ++i) bytes[i] = (uint8_t)((uint64_t)number >> (8 * (i - 1)));
  reply->data = bytes;
  reply->size = ZOO_NUMBER_REPLY_SIZE;
  return MORTISE_OK;
}

#endif /* MORTISE_TESTS_ZOO_NUMBER_H */
