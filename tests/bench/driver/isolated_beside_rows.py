"""Calls through contracts into a process of its own, beside other ways to have the same work done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import row
from isolated_rows import CALL, ask, run, start
from process import Server, load_core, on_cores, server_core
from row import Row
from servers import Build

OTHERS = {"inline": "the same inline", "http-json": "the same work as JSON over loopback HTTP to a host",
          "grpc": "the same work over gRPC and a unix socket"}


def start_grpc(build: Build, socket: Path) -> Server | None:
    """None where the build has found no gRPC."""
    tool = build.tools / "isolated" / "grpc" / "bench_grpc_server"
    if not tool.exists():
        print("isolated beside grpc: left out, for the build has found no gRPC (libgrpc++-dev, libprotobuf-dev, "
              "protobuf-compiler-grpc)", file=sys.stderr)
        return None
    server = Server([str(tool), str(socket)], socket.with_suffix(".log"), pipe_output=True)
    assert server.process.stdout is not None
    if server.process.stdout.readline() != b"ready\n":
        server.stop()
        raise server.fail("the gRPC server does not start")
    return server


def isolated_beside(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    """What sleeps between calls may be quicker with both processes on one core, what does not needs two: each way is
    measured under both rules and stands there with what suits it better."""
    rounds, batches, calls = (2, 50, 20) if quick else (7, 100, 100)
    tools = build.tools / "isolated"
    socket = folder / "grpc.sock"
    all_cores = os.sched_getaffinity(0)
    with ExitStack() as stack:
        apart = stack.enter_context(start(build, folder / "apart", "isolated"))
        inside = stack.enter_context(start(build, folder / "inside", "inline"))
        servers = [apart, inside]
        ways: dict[str, Callable[[], float]] = {
            "isolated": lambda: ask(apart, "add", batches=8 * batches, calls=250),
            "inline": lambda: ask(inside, "add", batches=batches, calls=100_000),
            "http-json": lambda: run(tools / "bench_http_add", inside.port, batches, calls),
        }
        if grpc := start_grpc(build, socket):
            servers.append(stack.enter_context(grpc))
            ways["grpc"] = lambda: run(tools / "grpc" / "bench_grpc_caller", socket, batches, calls)
        took: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
        for _ in range(rounds):
            for is_free in (False, True):
                for server in servers:
                    server.use_cores(all_cores if is_free else {server_core()})
                if not is_free:
                    apart.part_from_workers(load_core())
                with on_cores(all_cores if is_free else {load_core()}):
                    for name, way in ways.items():
                        took[name][is_free].append(way())
    best = {name: min(map(median, both)) for name, both in took.items()}
    for name, what in OTHERS.items():
        if name in best:
            yield row.beside(f"isolated beside {name}", f"{CALL}, one after the other, beside {what}", best["isolated"],
                             "ns", best[name])
