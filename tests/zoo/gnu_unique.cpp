// Carries a GNU_UNIQUE symbol, after which dlclose leaves it mapped. Written in assembly, as clang makes none.
#include "zoo.h"

__asm__(
    ".pushsection .data\n"
    ".globl zoo_unique\n"
    ".type zoo_unique, @gnu_unique_object\n"
    ".size zoo_unique, 8\n"
    "zoo_unique: .quad 1\n"
    ".popsection\n");
extern "C" long zoo_unique;

// The linker makes the process keep a library once a unique symbol was looked up in it.
static mortise_status init(const mortise_host_v1*, void** self, mortise_error*) {
  *self = &zoo_unique;
  return MORTISE_OK;
}

ZOO_PLUGIN(init)
