// Poco's session by its name alone: its headers are heavy, and those of ours that hold one do without them.
#pragma once

// NOLINTBEGIN(readability-identifier-naming): Poco's names
namespace Poco::Data {
class Session;
}
// NOLINTEND(readability-identifier-naming)
