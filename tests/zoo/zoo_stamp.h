/* The contracts of the chain that tells of its builds: zoo.stamp-middle/1 and zoo.stamp-end/1. Their one number is the
 * provider's stamp and, of the middle, that of the end: 1011 is 10 before 11. */
#ifndef MORTISE_TESTS_ZOO_STAMP_H
#define MORTISE_TESTS_ZOO_STAMP_H

#include "zoo_number.h"

#define ZOO_STAMP_METHODS "stamps()->i64"

#endif /* MORTISE_TESTS_ZOO_STAMP_H */
