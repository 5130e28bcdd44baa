"""Calls through contracts against bare function pointers, and beside other ways of calling."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median

import row
from row import Row
from servers import Build

SIDE_BY_SIDE = {"virtual-add": "a virtual function", "function-add": "std::function",
                "shared-add": "a virtual function behind a copied shared_ptr",
                "registry-add": "a look-up in a registry behind a mutex",
                "http-json-add": "JSON over loopback HTTP to the host's own edge"}


@cache
def measure(build: Build, quick: bool) -> dict[str, float]:
    """Calls per second by benchmark: medians of rounds that took turns."""
    rounds = 3 if quick else 9
    done = subprocess.run(
        [str(build.tools / "contracts" / "bench_contracts"), "--benchmark_format=json",
         f"--benchmark_repetitions={rounds}", "--benchmark_enable_random_interleaving=true",
         f"--benchmark_min_time={0.05 if quick else 0.2}"],
        capture_output=True, text=True, check=True)
    rates: dict[str, list[float]] = {}
    for run in json.loads(done.stdout)["benchmarks"]:
        if run["run_type"] == "iteration":
            name = run["run_name"].replace("/real_time", "").replace("/threads:1", "").replace("/threads:2", "")
            rates.setdefault(name, []).append(run["items_per_second"])
    return {name: median(values) for name, values in rates.items()}


def millions(rate: float) -> float:
    return rate / 1e6


def nanoseconds(rate: float) -> float:
    return 1e9 / rate


def call(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    del folder
    rates = measure(build, quick)
    for kind, what in (("add", "two numbers"), ("length", "a string_view")):
        yield row.at_least(f"call ({kind})", f"typed call with {what} between two plugins in a scope, against a bare "
                           "function pointer", millions(rates[f"typed-{kind}"]), "million/s",
                           millions(rates[f"bare-{kind}"]), 0.9)
    yield row.over("call (rate)", "the same with two numbers, calls a second", millions(rates["typed-add"]),
                   "million/s", 300)
    yield row.at_most("call (aggregate)", "typed call that returns a struct with a text from the arena, against the bare "
                      "function", nanoseconds(rates["typed-convert"]), "ns", nanoseconds(rates["bare-convert"]), 3)
    for name, what in SIDE_BY_SIDE.items():
        yield row.beside(f"call beside {name.removesuffix('-add')}", f"typed call with two numbers, beside {what}",
                         nanoseconds(rates["typed-add"]), "ns", nanoseconds(rates[name]))


def call_scaling(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    del folder
    rates = measure(build, quick)
    yield row.at_least("call-scaling", "typed calls of two threads on two cores, against one",
                       millions(rates["typed-add-two-threads"]), "million/s", millions(rates["typed-add"]), 1.9)
    yield row.beside("call-scaling (bare)", "bare function pointers called by two threads on two cores, beside one",
                     millions(rates["bare-add-two-threads"]), "million/s", millions(rates["bare-add"]))


def span(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    del folder
    rates = measure(build, quick)
    for size, text in ((16 << 10, "16 KiB"), (64 << 10, "64 KiB"), (256 << 10, "256 KiB"), (256 << 20, "256 MiB")):
        value, baseline = (rates[f"{who}-span/{size}"] * size / 1e9 for who in ("typed", "bare"))
        what = f"a span of {text} passed and summed, against the same loop without plugins"
        if size == 64 << 10:
            yield row.at_least(f"span ({text})", what, value, "GB/s", baseline, 0.95)
        else:
            yield row.beside(f"span ({text})", what, value, "GB/s", baseline)


def scope(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    del folder
    rates = measure(build, quick)
    yield row.below("scope", "hold what a request may reach, enter a scope, leave it, let go", nanoseconds(rates["scope"]),
                    "ns", 40)


def proxy(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    del folder
    rates = measure(build, quick)
    yield row.below("proxy", "convert({i64,str},str)->{i64,str} through proxy and dispatcher, in memory",
                    nanoseconds(rates["proxied-convert"]), "ns", 150)
