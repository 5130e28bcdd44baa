// notes.changed/1: what happens to notes. Published by the team of `notes`; whoever wants to hear it needs this file
// alone.
#pragma once

#include <mortise/event.hpp>

#include <cstdint>

namespace notes {

enum class Change : std::uint8_t { added = 0, edited = 1, removed = 2 };

/// What happens to one note is told in its order.
struct NoteChanged {
  std::int64_t note;
  Change change;
  mortise::Str title;  // as it is now, or was last
};
MORTISE_EVENT(NoteChanged, "notes.changed", 1, note)

}  // namespace notes
