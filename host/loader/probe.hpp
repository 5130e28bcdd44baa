// The child's side of the probe: loads an image where it can do no harm. The parent's side is the gate's.
#pragma once

#include <filesystem>

namespace mortise::loader {

/// Loads the image, calls its entry and unloads it again: `mortise probe FILE`. Returns the process's exit code: 0, or
/// `refused` when the reason and what to do stand on standard error. What the image does to the process beyond that (a
/// crash, a hang) is for the parent to see. Leaves no core dump.
int probe_main(const std::filesystem::path& image, int refused);

}  // namespace mortise::loader
