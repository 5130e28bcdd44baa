// What the kernel knows of the other side of a connection, without reading from it.
#pragma once

namespace mortise::base {

/// Whether the other side of a TCP connection has said that nothing more comes from it, or is gone: its end may lie
/// behind bytes that nobody has read. What this side has said of its own reading makes no difference. False for what is
/// no TCP connection.
[[nodiscard]] bool has_peer_gone(int descriptor) noexcept;

}  // namespace mortise::base
