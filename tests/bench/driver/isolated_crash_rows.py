"""A worker that is killed again and again: what that is to other plugins' requests, and how soon it is there again."""

from __future__ import annotations

import http.client
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import control
import row
from generated import add_generated_plugins, name_of
from load import Loaded, Paced, Wrk
from process import PATIENCE_S, Server, load_core, on_core
from row import Row
from servers import Build, HostFolder, is_answered, start_mortise

PLUGINS = 10
KILLED = name_of(0)
OTHER = name_of(PLUGINS - 1)
CONNECTIONS = 32
# Of the requests a second that one core answers, about a tenth: the rest is for whoever else needs it, as a worker does.
RATE = 5000
KILLS_PER_SECOND = 10
# A worker that is killed less than so long after it was ready counts as one that cannot start: the host waits ever longer
# for the next (docs/admin.md). Where a machine is too slow for a worker to be back in time, it is killed less often instead.
SETTLED_S = 0.05
# Of the few requests that reach the killed plugin every other one is lost with its worker, which would open its circuit:
# nobody would be let through to it for five seconds, however soon its worker is back.
NO_CIRCUIT = {"max_error_percent": 100}


def worker_pid(host: HostFolder) -> int:
    """As `mortise status` tells it."""
    plugins = control.ask(host.state / "control.sock", "GET", "/v1/status")["plugins"]
    return next(plugin["worker"]["pid"] for plugin in plugins if plugin["name"] == KILLED)


def time_to_come_back(server: Server, pid: int, connection: http.client.HTTPConnection) -> float:
    """Milliseconds from the kill to the next 200 of its own route, which is asked for once a millisecond."""
    begin = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    while not is_answered(connection, f"/{KILLED}"):
        if time.perf_counter() > begin + PATIENCE_S:
            raise server.fail("the worker does not come back")
        time.sleep(0.001)
    return (time.perf_counter() - begin) * 1e3


@dataclass
class Kills:
    took_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def go_on(self, server: Server, host: HostFolder, load: Wrk | Paced) -> None:
        """For as long as the load does."""
        begin = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
        while load.is_running():
            pid = worker_pid(host)
            if pid == 0:
                raise server.fail("a plugin answers, and its worker has no pid")
            due = time.monotonic() + 1 / KILLS_PER_SECOND
            self.took_ms.append(time_to_come_back(server, pid, connection))
            due = max(due, time.monotonic() + SETTLED_S)
            time.sleep(max(0.0, due - time.monotonic()))
        connection.close()
        self.seconds += time.monotonic() - begin

    def __str__(self) -> str:
        return f"{len(self.took_ms)} kills, {len(self.took_ms) / self.seconds:.1f} a second"


@dataclass
class Rounds:
    kills: Kills = field(default_factory=Kills)
    alone: list[Loaded] = field(default_factory=list)
    beside: list[Loaded] = field(default_factory=list)

    def p99_row(self, name: str, which: str) -> Row:
        slow, slow_alone = ([one.p99_ms for one in loads] for loads in (self.beside, self.alone))
        return row.at_most(name, f"99th percentile {which} on an inline plugin's route while another plugin's worker is "
                           f"killed ({self.kills}), against without", median(slow), "ms", median(slow_alone), 1.2,
                           row.ratio_of_rounds(slow, slow_alone))


def beside_kills(server: Server, host: HostFolder, rounds: int, begin_load: Callable[[], Wrk | Paced]) -> Rounds:
    """Kills in every other round. Who kills and asks runs beside the load."""
    done = Rounds()
    for _ in range(rounds):
        done.alone.append(begin_load().end())
        load = begin_load()
        done.kills.go_on(server, host, load)
        done.beside.append(load.end())
    return done


def isolated_crash(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    rounds, seconds = (2, 2) if quick else (9, 5)
    host = HostFolder(folder / "host")
    add_generated_plugins(build, host, PLUGINS)
    host.enable(KILLED, "isolated", circuit=NO_CIRCUIT)
    with start_mortise(build, host) as server, on_core(load_core()):
        Wrk(server, f"/{OTHER}", CONNECTIONS, 1).end()
        paced = beside_kills(server, host, rounds, lambda: Paced(build.tools / "bench_paced", server, f"/{OTHER}", RATE,
                                                                 CONNECTIONS, seconds))
        full = beside_kills(server, host, rounds, lambda: Wrk(server, f"/{OTHER}", CONNECTIONS, seconds))
    yield paced.p99_row("isolated-crash (p99)", f"of {RATE} requests a second")
    yield full.p99_row("isolated-crash (p99, full load)", "of as many requests as the host can answer on one core with the "
                       "worker")
    both = paced.beside + full.beside
    failed = float(sum(one.failed for one in both))
    yield Row("isolated-crash (failed)", f"failed of {sum(one.requests for one in both)} requests on that route meanwhile",
              failed, "requests", None, failed, "<= 0 requests", failed)
    yield row.below("isolated-crash", "kill of a worker, under full load, to the next answer of its plugin, 95th percentile "
                    f"of {len(full.kills.took_ms)}", quantiles(full.kills.took_ms, n=20, method="inclusive")[-1], "ms", 50.0)
