/* Its contract's methods were written by hand, and wrongly. */
#include <mortise/abi/contracts.h>

#include "zoo.h"

MORTISE_CONTRACT_NOTE(faulty_note, "zoo.currency/1", "convert(i64)->int");

ZOO_PLUGIN(zoo_init)
