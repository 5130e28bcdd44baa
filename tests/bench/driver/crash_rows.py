"""Crashes of one plugin under load of the others: how soon the host serves again, and whom it refuses."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

import control
import row
from generated import add_generated_plugins, name_of
from process import Server, load_core, on_core
from row import Row
from servers import Build, HostFolder, start_mortise

CRASHES = 50
OTHERS = 9  # plugins, beside the one that crashes
CONNECTIONS = 32


def ask(server: Server, target: str) -> bytes:
    """What comes back over a connection of its own until its end; a reset is an end like any other."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
        return answer


def time_to_serve_again(server: Server, other: str) -> float:
    """Milliseconds from the moment at which the crash is seen to the next answer of another plugin."""
    if answer := ask(server, "/moody?crash"):
        raise server.fail(f"it did not crash: {answer!r}")
    begin = time.perf_counter()
    if not ask(server, other).startswith(b"HTTP/1.1 200"):
        raise server.fail("who connected after a crash was not served")
    return (time.perf_counter() - begin) * 1e3


def crash(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    """Between two crashes the plugin is pardoned: the policy would let it crash no second time."""
    count = 5 if quick else CRASHES
    host = HostFolder(folder / "host")
    add_generated_plugins(build, host, OTHERS)
    shutil.copy(build.zoo / "moody-1.1.so", host.drop / "moody.so")
    host.enable("moody")
    other = f"/{name_of(OTHERS - 1)}"
    took: list[float] = []
    with start_mortise(build, host) as server:
        with on_core(load_core()):
            wrk = subprocess.Popen(["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{count}s", "--timeout", "30s",
                                    f"http://127.0.0.1:{server.port}{other}"], stdout=subprocess.PIPE, text=True)
        begin = time.monotonic()
        for index in range(count):
            # Spread over the load, so that all of them are under it.
            time.sleep(max(0.0, begin + 0.9 * index - time.monotonic()))
            took.append(time_to_serve_again(server, other))
            control.ask(host.state / "control.sock", "POST", "/v1/pardon", '{"plugin": "moody"}')
        output = wrk.communicate()[0]
    requests = re.search(r"(\d+) requests in", output)
    if wrk.returncode != 0 or requests is None:
        raise server.fail(f"wrk failed:\n{output}")
    refused = re.search(r"Socket errors: connect (\d+)", output)
    yield row.below("crash", f"crash of one of {OTHERS + 1} inline plugins under load of another to that one's next answer, "
                    f"95th percentile of {count}", quantiles(took, n=20, method="inclusive")[-1], "ms", 100.0)
    lost = float(refused[1]) if refused else 0.0
    yield Row("crash (refused)", f"connections refused, of {requests[1]} requests and {count} crashes", lost, "connections",
              None, lost, "<= 0 connections", lost)
