"""Starting up: a thousand plugins against as many bare dlopens, the first answer, and the memory of an idle host."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import row
from dlopen import time_to_dlopen
from generated import add_generated_plugins, name_of
from process import on_core, server_core
from row import Row
from servers import Build, HostFolder, launch_mortise, wait_for_answer, start_mortise

COUNT = 1000


def time_to_answer(build: Build, host: HostFolder, path: str, not_before_s: float = 0.0) -> float:
    """Seconds from the start of the process to the first 200 on this path. To answer "not yet" costs the host a tenth
    of a millisecond each time; it is not asked before a time at which it is hardly ready, and never measured faster."""
    begin = time.perf_counter()
    with launch_mortise(build, host) as server:
        time.sleep(not_before_s)
        wait_for_answer(server, host, path)
        return time.perf_counter() - begin


def startup(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    rounds = 2 if quick else 7
    host = HostFolder(folder / "host")
    add_generated_plugins(build, host, COUNT)
    path = f"/{name_of(COUNT - 1)}"
    time_to_answer(build, host, path)  # fills the catalogue
    fastest = time_to_answer(build, host, path)
    images = sorted((host.state / "store").glob("*.so"))
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(rounds):
        bare.append(time_to_dlopen(build, images).all_s * 1e3)
        took = time_to_answer(build, host, path, not_before_s=0.95 * fastest)
        fastest = min(fastest, took)
        ours.append(took * 1e3)
    yield row.at_most("startup", f"start of the host with {COUNT} plugins and a warm catalogue to its first answer, "
                      "against that of a process that only dlopens the same files", median(ours), "ms", median(bare), 2.0,
                      row.ratio_of_rounds(ours, bare))


def first_answer(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    rounds = 3 if quick else 15
    host = HostFolder(folder / "host")
    host.add_shipped_plugins(build)
    time_to_answer(build, host, "/hello")  # fills the catalogue
    beyond: list[float] = []
    for _ in range(rounds):
        with on_core(server_core()):
            begin = time.perf_counter()
            subprocess.run([str(build.host), "version"], stdout=subprocess.DEVNULL, check=True)
            process_start = time.perf_counter() - begin
        beyond.append((time_to_answer(build, host, "/hello") - process_start) * 1e3)
    yield row.below("first-answer", "start of the host with the shipped plugins to its first answer, beyond the "
                    "start of its process (`mortise version`)", median(beyond), "ms", 50.0)


def memory(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    del quick
    host = HostFolder(folder / "host")
    host.add_shipped_plugins(build)
    with start_mortise(build, host):
        pass  # fills the catalogue
    with start_mortise(build, host) as server:
        time.sleep(1)  # what is left of the start has settled
        resident = server.status("VmRSS") / 1024
    yield row.below("memory", "resident memory of the host with the shipped plugins, idle", resident, "MiB", 25.0)
