// What the kernel lets a process of root's do beyond the rights of its user.
#pragma once

#include <string>

namespace mortise::sandbox {

/// All of them, also those that a program could be executed with. Returns why it could not; empty: there are none left.
/// The calling thread's.
std::string drop_capabilities();

}  // namespace mortise::sandbox
