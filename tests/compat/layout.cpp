// The ABI as a C++20 compiler lays it out, against the released layout.
#include <string_view>
#include <type_traits>

#include "public_headers.h"

namespace {

template <class Struct>
constexpr bool kIsPlain = std::is_standard_layout_v<Struct>&& std::is_trivially_copyable_v<Struct>;

}  // namespace

#define SIZE(type, bytes)                                   \
  static_assert(sizeof(type) == (bytes), "size of " #type); \
  static_assert(kIsPlain<type>, #type " must be plain C");
#define VALUE(type, member, offset, member_type)                                     \
  static_assert(offsetof(type, member) == (offset), "offset of " #type "." #member); \
  static_assert(std::is_same_v<decltype(type::member), member_type>, "type of " #type "." #member);
#define FUNCTION(type, member, offset, result, arguments)                            \
  static_assert(offsetof(type, member) == (offset), "offset of " #type "." #member); \
  static_assert(std::is_same_v<decltype(type::member), result(*) arguments>, "type of " #type "." #member);
#include "layout.inc"

#define NUMBER(name, value) static_assert((name) == (value), #name);
#define TEXT(name, value) static_assert(std::string_view(name) == (value), #name);
#include "constants.inc"

static_assert(std::is_same_v<mortise_status, std::int32_t>);

int main() { return 0; }
