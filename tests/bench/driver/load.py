"""Load: wrk on a core of its own, and connections that only stay open."""

from __future__ import annotations

import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Loaded:
    requests: int
    failed: int  # by status, or with their connection
    p99_ms: float


class Wrk:
    """wrk on one route, beside which something else happens; with a thread of its own on the load's core."""

    def __init__(self, server: Server, path: str, connections: int, seconds: int) -> None:
        self._server = server
        with on_core(load_core()):
            self._running = subprocess.Popen(
                ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency", "--timeout", "30s",
                 f"http://127.0.0.1:{server.port}{path}"], stdout=subprocess.PIPE, text=True)

    def is_running(self) -> bool:
        return self._running.poll() is None

    def end(self) -> Loaded:
        text = self._running.communicate()[0]
        total = re.search(r"(\d+) requests in", text)
        slow = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
        if self._running.returncode != 0 or total is None or slow is None:
            raise self._server.fail(f"wrk failed:\n{text}")
        failed = sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", text))
        errors = re.search(r"Socket errors: (.*)", text)
        failed += sum(int(number) for number in re.findall(r"\d+", errors[1])) if errors else 0
        return Loaded(int(total[1]), failed, float(slow[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[slow[2]])


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


class Paced:
    """Requests at a steady rate on one route, likewise."""

    def __init__(self, tool: Path, server: Server, path: str, rate: int, connections: int, seconds: int) -> None:
        self._server = server
        with on_core(load_core()):
            self._running = subprocess.Popen([str(tool), *map(str, (server.port, path, rate, connections, seconds))],
                                             stdout=subprocess.PIPE, text=True)

    def is_running(self) -> bool:
        return self._running.poll() is None

    def end(self) -> Loaded:
        text = self._running.communicate()[0]
        if self._running.returncode != 0:
            raise self._server.fail("bench_paced failed")
        requests, failed, _, p99_us = text.split()
        return Loaded(int(requests), int(failed), float(p99_us) / 1e3)
