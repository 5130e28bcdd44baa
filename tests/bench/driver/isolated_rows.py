"""Calls through contracts into a process of its own, against the least that two processes can do, and beside other
ways of calling."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import row
from process import Server
from row import Row
from servers import Build, HostFolder, start_mortise

BYTES = 65536


def start(build: Build, folder: Path, placement: str) -> Server:
    """The consumer in the host, its provider where it is placed."""
    host = HostFolder(folder)
    for name, where in (("bench-provider", placement), ("bench-consumer", "inline")):
        shutil.copy(build.zoo / f"{name}.so", host.drop)
        host.enable(name, where)
    server = start_mortise(build, host)
    server.use_all_cores()
    return server


def ask(server: Server, what: str, calls: int) -> float:
    """Nanoseconds."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("GET", f"/cross/{what}{'&' if '?' in what else '?'}calls={calls}")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise server.fail(f"/cross/{what}: {answer.status} {body!r}")
    return float(json.loads(body)["ns"])


def ping_pong(build: Build) -> dict[str, float]:
    done = subprocess.run([str(build.tools / "isolated" / "bench_ping_pong")], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def isolated_call(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    rounds = 2 if quick else 7
    awake: list[float] = []
    asleep: list[float] = []
    took: list[float] = []
    inline: list[float] = []
    bare: dict[str, list[float]] = {"awake_ns": [], "asleep_ns": [], "copy_64k_ns": []}
    with ExitStack() as stack:
        apart = stack.enter_context(start(build, folder / "apart", "isolated"))
        inside = stack.enter_context(start(build, folder / "inside", "inline"))
        for _ in range(rounds):
            for name, value in ping_pong(build).items():
                bare[name].append(value)
            awake.append(ask(apart, "add", 200_000) / 200_000)
            asleep.append(ask(apart, "asleep", 500))
            took.append(ask(apart, f"take?bytes={BYTES}", 20_000) / 20_000)
            inline.append(ask(inside, "add", 10_000_000) / 10_000_000)
    what = "typed call with two numbers of a plugin in a process of its own"
    yield row.at_most("isolated (awake)", f"{what}, both sides awake, against a bare ping-pong of two processes",
                      median(awake), "ns", median(bare["awake_ns"]), 3, row.ratio_of_rounds(awake, bare["awake_ns"]))
    yield row.at_most("isolated (asleep)", f"{what}, both sides asleep, against a bare ping-pong over a futex",
                      median(asleep) / 1e3, "us", median(bare["asleep_ns"]) / 1e3, 1.3,
                      row.ratio_of_rounds(asleep, bare["asleep_ns"]))
    bandwidth = [BYTES / value for value in took]
    copies = [BYTES / value for value in bare["copy_64k_ns"]]
    yield row.at_least("isolated (64 KiB)", "a span of 64 KiB passed to it, against memcpy", median(bandwidth), "GB/s",
                       median(copies), 0.5, row.ratio_of_rounds(bandwidth, copies))
    yield row.beside("isolated beside inline", f"{what}, beside the same inline", median(awake), "ns", median(inline))
