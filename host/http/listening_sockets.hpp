// The sockets that the edge listens on: inherited ones as they are, with who waits in their backlog, and fresh ones,
// one for each loop on the same port, so that the kernel spreads the connections and no loop waits for another.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::http {

/// `count` fresh sockets, which share a port that was free of every other program.
base::Result<std::vector<base::Descriptor>> listen_on(const std::string& address, std::uint16_t port,
                                                      std::size_t count);

/// At least `count`: what is missing are second descriptors of the first ones. A host of more loops than the one that
/// it follows shares sockets among them: one that was bound beside the others would take part of the connections with
/// it should this host not come up.
base::Result<void> share_out(std::vector<base::Descriptor>& sockets, std::size_t count);

/// Accepts on a descriptor of its own for this socket.
base::Result<boost::asio::ip::tcp::acceptor> make_acceptor(boost::asio::io_context& io, base::Descriptor socket);

}  // namespace mortise::http
