// SQLite through Poco::Data: opening, and failures as values. Heavy: include it in sources alone.
#pragma once

#include <Poco/Data/Session.h>
#include <Poco/Exception.h>

#include <filesystem>

#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::storage {

/// Opens or creates the file. Throws Poco's exceptions: call it under guarded().
Poco::Data::Session open_sqlite(const std::filesystem::path& file);

/// Gives a broken file a name beside its own that nothing has yet; returns that.
base::Result<std::filesystem::path> move_aside(const std::filesystem::path& file, base::Files& files);

/// `unavailable`: it cannot be used as things are (locked, full disk, permissions); `data_loss`: it is no database, or
/// a broken one.
base::Error to_error(const Poco::Exception& exception);

/// Runs what may throw Poco's exceptions.
template <class Action>
auto guarded(const Action& action) -> decltype(action()) {
  try {
    return action();
  } catch (const Poco::Exception& exception) {
    return to_error(exception);
  }
}

}  // namespace mortise::storage
