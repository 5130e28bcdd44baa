// Opens files below a directory, and nothing else: the kernel resolves the path and refuses every way out.
#pragma once

#include <filesystem>
#include <string>

#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::base {

/// A directory to open files below. Fails with not_found when there is none.
Result<Descriptor> open_directory(const std::filesystem::path& path);

/// Opens `relative` for reading below `directory`; no "..", no absolute path and no symbolic link leads anywhere.
/// Never blocks on a FIFO. not_found: there is no such file, or only one that must not be reached. Any thread.
Result<Descriptor> open_beneath(const Descriptor& directory, const std::string& relative);

}  // namespace mortise::base
