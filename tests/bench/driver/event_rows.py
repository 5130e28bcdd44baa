"""Events from one plugin to another: in memory, durable, and those that wait."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import control
import row
from isolated_rows import ask, run
from process import Server, load_core, on_cores, server_core
from row import Row
from servers import Build, HostFolder, start_mortise

PUBLISHERS = 16
PENDING = 1_000_000


def prepare(build: Build, folder: Path, *hearers: str) -> HostFolder:
    host = HostFolder(folder)
    for name in ("bench-tells", *hearers):
        shutil.copy(build.zoo / f"{name}.so", host.drop)
        host.enable(name, limits={"deadline": "10m"})
    return host


def events(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    rounds, count = (2, 200_000) if quick else (15, 2_000_000)
    cores = {server_core(), load_core()}
    ours: list[float] = []
    bare: list[float] = []
    with start_mortise(build, prepare(build, folder, "bench-hears")) as server:
        server.use_cores(cores)
        for _ in range(rounds):
            with on_cores(cores):
                bare.append(run(build.tools / "events" / "bench_raw_queue", count))
            ours.append(ask(server, "told", where="tell", count=count))
    what = "events of one plugin that another one has heard"
    yield row.over("events", what, 1e3 / median(ours), "M/s", 2.0)
    yield row.beside("events (queue)", f"{what}, beside bytes that two threads hand over in a vector", median(ours), "ns",
                     median(bare))


def events_durable(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    """Nobody subscribes: what is measured is the publishing."""
    rounds, count = (2, 4_000) if quick else (15, 16_000)
    host = prepare(build, folder / "host")
    cores = {server_core(), load_core()}
    ours: list[float] = []
    bare: list[float] = []
    with start_mortise(build, host) as server:
        server.use_cores(cores)
        for number in range(rounds):
            with on_cores(cores):
                bare.append(run(build.tools / "events" / "bench_raw_outbox", host.state / "sql" / "bench-tells.sqlite",
                                folder / f"raw-{number}.sqlite", count, PUBLISHERS))
            ours.append(ask(server, "kept", where="tell", count=count, publishers=PUBLISHERS))
    rates = [1e6 / one for one in ours]
    raw = [1e6 / one for one in bare]
    yield row.at_least("events (durable)", f"durable events of {PUBLISHERS} publishers, each on the disk when it returns, "
                       f"against SQLite that commits the same rows, {PUBLISHERS} at a time", median(rates), "k/s", median(raw),
                       0.5, row.ratio_of_rounds(rates, raw))


def events_pending(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    count = PENDING // 10 if quick else PENDING
    host = prepare(build, folder, "bench-hears")
    socket = host.state / "control.sock"
    with start_mortise(build, host) as server:
        (host.enabled / "bench-hears.json").unlink()
        control.apply(socket)
        time.sleep(1)  # what is left of the start has settled
        idle = server.status("VmRSS")
        ask(server, "fill", where="tell", count=count)
        absent = server.status("VmHWM")
    begin = time.perf_counter()
    with start_mortise(build, host) as server:
        start = time.perf_counter() - begin
        host.enable("bench-hears", limits={"deadline": "10m"})
        control.apply(socket)
        begin = time.perf_counter()
        ask(server, "heard", where="tell", count=count)
        rate = count / (time.perf_counter() - begin) / 1e3
        hearing = server.status("VmHWM")
    title = f"{count} durable events that wait"
    yield row.below("events-pending (memory)", f"{title}: the most memory beyond that of the idle host, while they are "
                    "published and while they are heard", (max(absent, hearing) - idle) / 1024, "MiB", 64.0)
    yield row.below("events-pending (start)", f"{title}: start of the host", start, "s", 1.0)
    yield row.beside("events-pending (rate)", f"{title}: heard, after the start", rate, "k/s", rate)
