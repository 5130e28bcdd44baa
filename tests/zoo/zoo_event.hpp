// An event that zoo plugins tell each other. With ZOO_OTHER_FORM it has a member more, which is another event.
#pragma once

#include <mortise/event.hpp>

#include <cstdint>

namespace zoo {

struct Said {
  std::int64_t number;
  mortise::Str key;
  mortise::Str text;
#if defined(ZOO_OTHER_FORM)
  std::int64_t more;
#endif
};
MORTISE_EVENT(Said, "zoo.said", 1, key)

}  // namespace zoo
