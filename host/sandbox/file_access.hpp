// Which files a process may open, by Landlock. What is open already stays so.
#pragma once

#include <string>

#include "sandbox/sandbox.hpp"

namespace mortise::sandbox {

/// From now on: the data directory to read and write; the image, the system's libraries and what describes the system
/// to read; a few devices; where it may connect, what names and certificates are looked up in. Nothing else, and
/// nothing to execute. With it go, where the kernel can, TCP and signals to other processes. Returns why not; empty: it
/// is in force. Needs "no new privileges". The calling thread's, and those that it starts afterwards.
std::string limit_file_access(const Settings& settings);

}  // namespace mortise::sandbox
