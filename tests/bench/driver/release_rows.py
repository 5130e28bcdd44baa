"""Releases: upgrades under full load, from a dropped file to the first answer, and planning among a thousand plugins."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

import control
import row
from dlopen import time_to_dlopen
from load import Wrk
from process import Server
from row import Row
from servers import Build, HostFolder, start_mortise

UPGRADES = 1000
CONNECTIONS = 32  # on each route
ROUTES = ("/links", "/last")  # of the plugin that is upgraded, and of one that calls it


def write_at_once(file: Path, content: bytes) -> None:
    hidden = file.with_name("." + file.name)
    hidden.write_bytes(content)
    hidden.rename(file)


def choose(host: HostFolder, plugin: str, version: str) -> None:
    write_at_once(host.enabled / f"{plugin}.json", json.dumps({"version": version}).encode())
    control.apply(host.state / "control.sock")


class WrkPair:
    """wrk on both routes at once."""

    def __init__(self, server: Server, seconds: int) -> None:
        self._both = [Wrk(server, route, CONNECTIONS, seconds) for route in ROUTES]

    def is_running(self) -> bool:
        return all(one.is_running() for one in self._both)

    def end(self) -> tuple[int, int, list[float]]:
        """Requests, those that failed, and the 99th percentile of each route in ms."""
        loaded = [one.end() for one in self._both]
        return sum(one.requests for one in loaded), sum(one.failed for one in loaded), [one.p99_ms for one in loaded]


def upgrades(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    """In every other round one upgrade follows the other, spread over it."""
    rounds, seconds, wanted = (2, 2, 20) if quick else (8, 8, UPGRADES)
    host = HostFolder(folder / "host", top={"apply": "manual"})
    for plugin in ("link-end", "link-middle", "link-start", "link-last"):
        shutil.copy(build.zoo / f"{plugin}.so", host.drop)
        host.enable(plugin)
    original = (build.zoo / "link-start.so").read_bytes()
    (host.drop / "newer.so").write_bytes(original.replace(b'"version": "1.0.0"', b'"version": "1.1.0"'))
    alone: list[list[float]] = []
    beside: list[list[float]] = []
    requests = failed = done = 0
    tenth: dict[str, int] = {}
    with start_mortise(build, host) as server:
        choose(host, "link-start", "1.0.x")

        def facts() -> dict[str, int]:
            deadline = time.monotonic() + 60
            while len(control.ask(host.state / "control.sock", "GET", "/v1/status")["plugins"]) > 4:
                if time.monotonic() > deadline:
                    raise server.fail("a former generation does not retire")
                time.sleep(0.01)
            return {"rss": server.status("VmRSS"), "threads": server.status("Threads"),
                    "descriptors": len(os.listdir(f"/proc/{server.worker}/fd"))}

        WrkPair(server, 1).end()
        for turn in range(rounds):
            pair = WrkPair(server, seconds)
            alone.append(pair.end()[2])
            pair = WrkPair(server, seconds)
            share = wanted * (turn + 1) // rounds - wanted * turn // rounds
            begin = time.monotonic()
            for index in range(share):
                # Spread over the round, so that all of it is under upgrades.
                time.sleep(max(0.0, begin + 0.8 * seconds * index / share - time.monotonic()))
                choose(host, "link-start", "1.0.x" if done % 2 else "1.1.x")
                done += 1
                if done == 10:
                    tenth = facts()
            if not pair.is_running():
                raise server.fail("the upgrades took longer than the load")
            got, lost, p99 = pair.end()
            requests, failed = requests + got, failed + lost
            beside.append(p99)
        pair = WrkPair(server, 1)
        time.sleep(0.5)
        last = facts()
        pair.end()
    yield Row("upgrades", f"failed of {requests} requests on two routes during {done} upgrades", failed, "requests", None,
              float(failed), "<= 0 requests" if requests >= 1_000_000 or quick else "of >= 1,000,000 requests", float(failed))
    for index, route in enumerate(("its route", "a route that calls it")):
        with_upgrades = [one[index] for one in beside]
        without = [one[index] for one in alone]
        yield row.at_most(f"upgrades (p99, {route})", f"99th percentile on {route} during the upgrades, against without",
                          median(with_upgrades), "ms", median(without), 1.5, row.ratio_of_rounds(with_upgrades, without))
    yield row.at_most("upgrades (memory)", "resident memory after the last upgrade, against after the tenth",
                      last["rss"] / 1024, "MiB", tenth["rss"] / 1024, 1.02)
    for what in ("threads", "descriptors"):
        yield row.at_most(f"upgrades ({what})", f"{what} after the last upgrade, against after the tenth", last[what], what,
                          tenth[what], 1.0)


def drop_to_answer(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    drops = 8 if quick else 60
    host = HostFolder(folder / "host", top={"settle_ms": 200})
    original = (build.zoo / "good-1.1.so").read_bytes()
    (host.drop / "good-0.so").write_bytes(original)
    host.enable("good")
    versions = iter(f"{major}.{minor}.{patch}" for major in range(2, 10) for minor in range(10) for patch in range(10))
    with start_mortise(build, host) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

        def answer() -> bytes:
            connection.request("GET", "/good")
            return connection.getresponse().read()

        def measure(index: int, at_once: bool) -> float:
            version = next(versions).encode()
            content = original.replace(b"1.1.0", version)
            file = host.drop / f"good-{at_once}-{index}.so"
            if at_once:
                hidden = host.drop / ".hidden"
                hidden.write_bytes(content)
                begin = time.perf_counter()
                hidden.rename(file)
            else:
                file.write_bytes(content)
                begin = time.perf_counter()
            while answer() != version:
                if time.perf_counter() > begin + 30:
                    raise server.fail(f"{version!r} never answered")
                time.sleep(0.0005)
            took = (time.perf_counter() - begin) * 1e3
            time.sleep(0.05)  # what is left of this one does not count against the next
            return took

        for how, at_once in (("renamed into place", True), ("copied", False)):
            measure(10**6, at_once)
            taken = [measure(index, at_once) for index in range(drops)]
            yield row.below(f"drop-to-answer ({how})", f"a file complete in the drop directory, {how}, to the first answer of "
                            "the new version, default settings, 95th percentile", quantiles(taken, n=20)[-1], "ms", 50.0)


def name_of(index: int) -> str:
    return f"knot{index:04d}"


def add_knots(build: Build, host: HostFolder, tiers: int, width: int) -> int:
    """Five plugins that require nothing, and tiers of others that require five of the tier below: copies of two files,
    in which names of the same length take the place of those there. The last one has two versions."""
    base = (build.zoo / "knot-base.so").read_bytes()
    knot = (build.zoo / "knot.so").read_bytes()
    below = list(range(5))
    count = 5
    for index in below:
        write_at_once(host.drop / f"{name_of(index)}.so", base.replace(b"knotown0", name_of(index).encode()))
    for _ in range(tiers):
        tier = list(range(count, count + width))
        for place, index in enumerate(tier):
            content = knot.replace(b"knotown0", name_of(index).encode())
            for number in range(5):
                required = below[(place * 5 + number) % len(below)]
                content = content.replace(f"knotreq{number}".encode(), name_of(required).encode())
            write_at_once(host.drop / f"{name_of(index)}.so", content)
        below, count = tier, count + width
    newer = content.replace(b'"version": "1.0.0"', b'"version": "1.1.0"')
    write_at_once(host.drop / "newer.so", newer)
    for index in range(count):
        host.enable(name_of(index))
    return count


def plan_1000(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    rounds = 5 if quick else 25
    hosts = {}
    plans: list[float] = []
    applies: dict[str, list[float]] = {"many": [], "few": []}
    loads: dict[str, list[float]] = {"many": [], "few": []}
    for name, tiers, width in (("many", 10, 100), ("few", 1, 5)):
        host = HostFolder(folder / name, top={"apply": "manual"})
        hosts[name] = (host, name_of(add_knots(build, host, tiers, width) - 1))
    with start_mortise(build, hosts["many"][0]), start_mortise(build, hosts["few"][0]):
        for host, last in hosts.values():
            choose(host, last, "1.0.x")
        for turn in range(rounds):
            for name, (host, last) in hosts.items():
                write_at_once(host.enabled / f"{last}.json", json.dumps({"version": f"1.{(turn + 1) % 2}.x"}).encode())
                # Of both, so that what a plan leaves to its apply is the same.
                begin = time.perf_counter()
                control.ask(host.state / "control.sock", "GET", "/v1/plan")
                if name == "many":
                    plans.append((time.perf_counter() - begin) * 1e3)
                begin = time.perf_counter()
                control.apply(host.state / "control.sock")
                applies[name].append((time.perf_counter() - begin) * 1e3)
    for _ in range(rounds):
        for name, (host, _) in hosts.items():
            loads[name].append(time_to_dlopen(build, sorted((host.state / "store").glob("*.so"))).last_s * 1e6)
    yield row.below("plan-1000", "plan of one change among 1,005 plugins with 5,000 contract edges, over the control socket",
                    median(plans), "ms", 50.0)
    yield row.at_most("plan-1000 (apply)", "apply of one change among them, against among ten", median(applies["many"]),
                      "ms", median(applies["few"]), 1.0, row.ratio_of_rounds(applies["many"], applies["few"]))
    yield row.beside("plan-1000 (bare dlopen)", "what the dynamic linker takes of that by itself: one more library among "
                     "them, beside one among ten", median(loads["many"]), "us", median(loads["few"]))
