"""Load: wrk on a core of its own, and connections that only stay open."""

from __future__ import annotations

import re
import socket
import subprocess
from dataclasses import dataclass

from process import Server, load_core, on_core


@dataclass(frozen=True)
class Load:
    requests: int
    seconds: float
    cpu_seconds: float  # the server's

    @property
    def cpu_us_per_request(self) -> float:
        return self.cpu_seconds / self.requests * 1e6

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds


def run_wrk(server: Server, path: str, connections: int, seconds: int) -> Load:
    url = f"http://127.0.0.1:{server.port}{path}"
    before = server.cpu_seconds()
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s", url]
    with on_core(load_core()):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    cpu = server.cpu_seconds() - before
    total = re.search(r"(\d+) requests in ([\d.]+)s", done.stdout)
    if total is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise server.fail(f"wrk against {url} met errors:\n{done.stdout}")
    return Load(int(total[1]), float(total[2]), cpu)


class IdleConnections:
    """Keep-alive connections that have sent one request each and then nothing, for a `with` block."""

    def __init__(self, server: Server, path: str, count: int) -> None:
        self._sockets: list[socket.socket] = []
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            self._sockets.append(connection)
            connection.sendall(request)
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise server.fail("an idle connection's first request failed")

    def __enter__(self) -> IdleConnections:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._sockets:
            connection.close()
