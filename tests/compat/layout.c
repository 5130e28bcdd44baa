/* The ABI as a C11 compiler lays it out, against the released layout. Texts are compared when it runs. */
#include <stdio.h>
#include <string.h>

#include "public_headers.h"

#define IS_A(type, member, pointer) _Generic(&((type*)0)->member, pointer : 1, default : 0)

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "size of " #type);
#define VALUE(type, member, offset, member_type)                                      \
  _Static_assert(offsetof(type, member) == (offset), "offset of " #type "." #member); \
  _Static_assert(IS_A(type, member, member_type*), "type of " #type "." #member);
#define FUNCTION(type, member, offset, result, arguments)                             \
  _Static_assert(offsetof(type, member) == (offset), "offset of " #type "." #member); \
  _Static_assert(IS_A(type, member, result(**) arguments), "type of " #type "." #member);
#include "layout.inc"

#define NUMBER(name, value) _Static_assert((name) == (value), #name);
#define TEXT(name, value)
#include "constants.inc"
#undef NUMBER
#undef TEXT

_Static_assert(_Generic((mortise_status)0, int32_t : 1, default : 0), "mortise_status is 32 bits, signed");

int main(void) {
  int faults = 0;
#define NUMBER(name, value)
#define TEXT(name, value)                                       \
  if (strcmp(name, value) != 0) {                               \
    printf("%s is \"%s\", was \"%s\"\n", #name, (name), value); \
    ++faults;                                                   \
  }
#include "constants.inc"
  return faults == 0 ? 0 : 1;
}
