/* The contracts of the chain that tells of its builds: zoo.stamp-middle/1 and zoo.stamp-end/1. */
#ifndef MORTISE_TESTS_ZOO_STAMP_H
#define MORTISE_TESTS_ZOO_STAMP_H

#include <stdint.h>

#include <mortise/abi/types.h>

#define ZOO_STAMP_METHODS "stamps()->i64"

/* The provider's stamp and, of the middle, that of the end: 1011 is 10 before 11. */
typedef struct zoo_stamp {
  struct {
    mortise_status (*call)(void* self, int64_t* result);
    void* self;
  } stamps;
} zoo_stamp;

#endif /* MORTISE_TESTS_ZOO_STAMP_H */
