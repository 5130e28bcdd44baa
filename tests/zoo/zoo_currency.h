/* The contract zoo.currency/1 as its provider's team would publish it for C. ZOO_APPENDED is its next form, ZOO_CHANGED
 * one that breaks it. */
#ifndef MORTISE_TESTS_ZOO_CURRENCY_H
#define MORTISE_TESTS_ZOO_CURRENCY_H

#include <mortise/abi/contracts.h>

typedef struct zoo_money {
  int64_t amount;
  mortise_str unit;
} zoo_money;

typedef struct zoo_units {
  const mortise_str* items;
  uint64_t count;
} zoo_units;

typedef struct zoo_currency {
  struct {
#if defined(ZOO_CHANGED)
    mortise_status (*call)(void* self, zoo_money money, zoo_money* result);
#else
    mortise_status (*call)(void* self, zoo_money money, mortise_str to, zoo_money* result);
#endif
    void* self;
  } convert;
  struct {
    mortise_status (*call)(void* self, zoo_units* result);
    void* self;
  } supported;
#if defined(ZOO_APPENDED)
  struct {
    mortise_status (*call)(void* self, mortise_str unit, int64_t* result);
    void* self;
  } rate;
#endif
} zoo_currency;

#define ZOO_CURRENCY "zoo.currency/1"
#if defined(ZOO_APPENDED)
#define ZOO_CURRENCY_METHODS "convert({i64,str},str)->{i64,str}\nsupported()->[str]\nrate(str)->i64"
#elif defined(ZOO_CHANGED)
#define ZOO_CURRENCY_METHODS "convert({i64,str})->{i64,str}\nsupported()->[str]"
#else
#define ZOO_CURRENCY_METHODS "convert({i64,str},str)->{i64,str}\nsupported()->[str]"
#endif

#endif /* MORTISE_TESTS_ZOO_CURRENCY_H */
