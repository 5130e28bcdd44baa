/* Provides zoo.currency/1, under ZOO_NAME if that is given: everything is worth ZOO_RATE times as much in another unit,
 * the double by default. */
#include <stdlib.h>

#include "zoo.h"
#include "zoo_currency.h"

MORTISE_CONTRACT_NOTE(currency_note, ZOO_CURRENCY, ZOO_CURRENCY_METHODS);
#if defined(ZOO_IDEMPOTENT)
MORTISE_IDEMPOTENT_NOTE(currency_idempotent, ZOO_CURRENCY, ZOO_IDEMPOTENT);
#endif

#if !defined(ZOO_NAME)
#define ZOO_NAME ""
#endif
#if !defined(ZOO_RATE)
#define ZOO_RATE 2
#endif

static const mortise_contracts_v1* contracts;
static mortise_host* self_host;

#if defined(ZOO_ENDS_BY)
/* Ways to bring the host down, by where the fault lies: in here, in the C library, nowhere. */
static void (*volatile nothing)(void);
static int* volatile nowhere = (int*)(uintptr_t)8; /* a null pointer a sanitizer would report and exit */
static inline void writes(void) { *nowhere = 1; }
static inline void aborts(void) { abort(); }
static inline void jumps(void) { nothing(); }
#endif

static mortise_status convert_to(zoo_money money, mortise_str to, zoo_money* result) {
  mortise_scope* scope = mortise_scope_current(contracts);
  char* unit;
#if defined(ZOO_ENDS_BY)
  ZOO_ENDS_BY();
#endif
#if defined(ZOO_BROKEN)
  return contracts->fail(self_host, MORTISE_INTERNAL, zoo_str(ZOO_CURRENCY " convert"), zoo_str("no rates"),
                         zoo_str(""));
#endif
  if (to.size != 3) {
    return contracts->fail(self_host, MORTISE_INVALID_ARGUMENT, zoo_str(ZOO_CURRENCY " convert"),
                           zoo_str("a unit has three letters"), zoo_str(""));
  }
  /* `to` is borrowed for the call. */
  unit = (char*)mortise_arena_allocate(contracts, scope, to.size, 1);
  if (unit == NULL) {
    return contracts->fail(self_host, MORTISE_RESOURCE_EXHAUSTED, zoo_str(ZOO_CURRENCY " convert"),
                           zoo_str("the arena is full"), zoo_str(""));
  }
  memcpy(unit, to.data, to.size);
  result->amount = money.amount * ZOO_RATE;
  result->unit.data = unit;
  result->unit.size = to.size;
  return MORTISE_OK;
}

#if defined(ZOO_CHANGED)
static mortise_status convert(void* self, zoo_money money, zoo_money* result) {
  (void)self;
  return convert_to(money, zoo_str("EUR"), result);
}
#else
static mortise_status convert(void* self, zoo_money money, mortise_str to, zoo_money* result) {
  (void)self;
  return convert_to(money, to, result);
}
#endif

static mortise_status supported(void* self, zoo_units* result) {
  static const mortise_str kUnits[] = {{"EUR", 3}, {"CHF", 3}};
  (void)self;
  result->items = kUnits;
  result->count = sizeof kUnits / sizeof kUnits[0];
  return MORTISE_OK;
}

#if defined(ZOO_APPENDED)
static mortise_status rate(void* self, mortise_str unit, int64_t* result) {
  (void)self;
  (void)unit;
  *result = ZOO_RATE;
  return MORTISE_OK;
}
static const zoo_currency provided = {{convert, NULL}, {supported, NULL}, {rate, NULL}};
#else
static const zoo_currency provided = {{convert, NULL}, {supported, NULL}};
#endif

static mortise_status init(const mortise_host_v1* host, void** self, mortise_error* error) {
  const mortise_provision_v1 provision = {
      sizeof provision, 0, zoo_str(ZOO_CURRENCY), zoo_str(ZOO_CURRENCY_METHODS), zoo_str(ZOO_NAME), &provided, NULL,
  };
  *self = NULL;
  self_host = host->host;
  contracts = (const mortise_contracts_v1*)host->get_interface(host->host, zoo_str(MORTISE_CONTRACTS_V1));
  if (contracts == NULL) return MORTISE_FAILED_PRECONDITION;
  return contracts->provide(host->host, &provision, error);
}

ZOO_PLUGIN(init)
