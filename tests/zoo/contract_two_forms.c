/* As if two of its sources had been compiled with different versions of a contract's header. */
#include <mortise/abi/contracts.h>

#include "zoo.h"

MORTISE_CONTRACT_NOTE(one_note, "zoo.currency/1", "convert(i64)->i64");
MORTISE_CONTRACT_NOTE(other_note, "zoo.currency/1", "convert(i64,str)->i64");

ZOO_PLUGIN(zoo_init)
