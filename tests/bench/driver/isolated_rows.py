"""Calls through contracts into a process of its own, against the least that two processes can do."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import row
from process import Server, load_core, server_core
from row import Row
from servers import Build, HostFolder, start_mortise

BYTES = 65536
CALL = "typed call with two numbers of a plugin in a process of its own"


def start(build: Build, folder: Path, placement: str) -> Server:
    """The consumer in the host, its provider where it is placed."""
    host = HostFolder(folder)
    for name, where in (("bench-provider", placement), ("bench-consumer", "inline")):
        shutil.copy(build.zoo / f"{name}.so", host.drop)
        host.enable(name, where)
    return start_mortise(build, host)


def ask(server: Server, what: str, where: str = "cross", **query: int) -> float:
    """Nanoseconds that one of its calls took."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("GET", f"/{where}/{what}?" + "&".join(f"{name}={value}" for name, value in query.items()))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise server.fail(f"/{where}/{what}: {answer.status} {body!r}")
    return float(json.loads(body)["ns"])


def run(tool: Path, *arguments: object) -> float:
    """Nanoseconds that one call took, of a tool in tests/bench."""
    return float(subprocess.run([str(tool), *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True).stdout)


def isolated_call(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    """The host runs on the core of who asks in the ping-pong, the worker on that of who answers. The kernel moves none of
    them: now and then it would have both sides share a core for a while. Each piece follows what it is compared with."""
    cores = (server_core(), load_core())

    def ping_pong(what: str) -> float:
        return run(build.tools / "isolated" / "bench_ping_pong", what, *cores)

    with start(build, folder / "apart", "isolated") as apart:
        apart.part_from_workers(cores[1])
        pairs: dict[str, tuple[Callable[[], float], list[float], list[float]]] = {
            "awake": (lambda: ask(apart, "add", batches=800, calls=250), [], []),
            "asleep": (lambda: ask(apart, "asleep", calls=500), [], []),
            "copy": (lambda: ask(apart, "take", bytes=BYTES, batches=800, calls=25), [], []),
        }
        for _ in range(2 if quick else 15):
            for what, (call, ours, bare) in pairs.items():
                bare.append(ping_pong(what))
                ours.append(call())
    _, awake, bare_awake = pairs["awake"]
    yield row.at_most("isolated (awake)", f"{CALL}, both sides awake, against a bare ping-pong of two processes; each side "
                      "has a core of its own, here and there", median(awake), "ns", median(bare_awake), 3,
                      row.ratio_of_rounds(awake, bare_awake))
    _, asleep, bare_asleep = pairs["asleep"]
    yield row.at_most("isolated (asleep)", f"{CALL}, both sides asleep, against a bare ping-pong over a futex; each side has a "
                      "core of its own, here and there", median(asleep) / 1e3, "us", median(bare_asleep) / 1e3, 1.3,
                      row.ratio_of_rounds(asleep, bare_asleep))
    bandwidth, copies = ([BYTES / value for value in values] for values in pairs["copy"][1:])
    yield row.at_least("isolated (64 KiB)", "a span of 64 KiB passed to it, against memcpy", median(bandwidth), "GB/s",
                       median(copies), 0.5, row.ratio_of_rounds(bandwidth, copies))
