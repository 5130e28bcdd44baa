"""The edge: CPU time per request against nginx and a raw epoll loop, and throughput beside idle connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import row
from load import IdleConnections, run_wrk
from process import Server
from row import Row
from servers import Build, HostFolder, start_mortise, start_nginx, start_raw_epoll

PATH = "/hello"
BUSY = 64
IDLE = 5000


def start_host(build: Build, folder: Path) -> Server:
    host = HostFolder(folder / "host", {"idle_timeout_ms": 3600000})
    host.add_shipped_plugins(build)
    return start_mortise(build, host)


def http(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    return compare("http", BUSY, build, folder, quick)


def http_1024(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    return compare("http-1024", 1024, build, folder, quick)


def compare(name: str, connections: int, build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    rounds, seconds = (2, 1) if quick else (9, 3)
    with ExitStack() as stack:
        servers = {
            "mortise": stack.enter_context(start_host(build, folder)),
            "nginx": stack.enter_context(start_nginx(folder / "nginx")),
            "raw epoll": stack.enter_context(start_raw_epoll(build, folder)),
        }
        costs: dict[str, list[float]] = {system: [] for system in servers}
        for server in servers.values():
            run_wrk(server, PATH, connections, 1)
        for _ in range(rounds):
            for system, server in servers.items():
                costs[system].append(run_wrk(server, PATH, connections, seconds).cpu_us_per_request)
    ours = costs["mortise"]
    what = f"GET of the hello plugin, CPU per request, {connections} connections, against "
    for system, limit in (("nginx", 1.0), ("raw epoll", 1.2)):
        yield row.at_most(f"{name} ({system})", what + system, median(ours), "us", median(costs[system]), limit,
                          row.ratio_of_rounds(ours, costs[system]))


def http_isolated(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    rounds, seconds = (2, 1) if quick else (9, 3)
    with ExitStack() as stack:
        inside = stack.enter_context(start_host(build, folder))
        apart_folder = HostFolder(folder / "apart")
        apart_folder.add_shipped_plugins(build)
        apart_folder.enable("hello", "isolated")
        apart = stack.enter_context(start_mortise(build, apart_folder))
        costs: dict[Server, list[float]] = {inside: [], apart: []}
        for server in costs:
            run_wrk(server, PATH, BUSY, 1)
        for _ in range(rounds):
            for server, values in costs.items():
                values.append(run_wrk(server, PATH, BUSY, seconds).cpu_us_per_request)
    yield row.at_most("http-isolated", f"GET of the hello plugin in a process of its own, CPU per request of both "
                      f"processes, {BUSY} connections, against inline", median(costs[apart]), "us",
                      median(costs[inside]), 2.5, row.ratio_of_rounds(costs[apart], costs[inside]))


def idle(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    rounds, seconds = (2, 1) if quick else (5, 3)
    alone: list[float] = []
    beside: list[float] = []
    with start_host(build, folder) as server:
        run_wrk(server, PATH, BUSY, 1)
        threads = server.status("Threads")
        most_threads = threads
        for _ in range(rounds):
            alone.append(run_wrk(server, PATH, BUSY, seconds).requests_per_second)
            with IdleConnections(server, PATH, IDLE):
                beside.append(run_wrk(server, PATH, BUSY, seconds).requests_per_second)
                most_threads = max(most_threads, server.status("Threads"))
    yield row.at_least("idle", f"{BUSY} busy connections beside {IDLE} idle ones, throughput, against the same alone",
                       median(beside), "req/s", median(alone), 0.9, row.ratio_of_rounds(beside, alone))
    yield row.at_most("idle (threads)", f"threads beside {IDLE} idle connections, against none", most_threads,
                      "threads", threads, 1.0)
