"""Statements on a plugin's own database, against SQLite with statements that are prepared once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import row
from isolated_rows import ask, run
from process import Server, on_core, server_core
from row import Row
from servers import Build, HostFolder, start_mortise

STATEMENTS = {
    "select": ("one row by its key, read through the C++ layer", 200, 100),
    "insert": ("one row inserted through the C++ layer, on the disk when it returns", 40, 5),
}


def start(build: Build, folder: Path, placement: str) -> tuple[Server, Path]:
    host = HostFolder(folder)
    shutil.copy(build.zoo / "bench-sql.so", host.drop)
    host.enable("bench-sql", placement)
    return start_mortise(build, host), host.state / "sql" / "bench-sql.sqlite"


def sql(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    rounds = 2 if quick else 15
    inline, file = start(build, folder / "inline", "inline")
    isolated, _ = start(build, folder / "isolated", "isolated")
    with inline, isolated:
        for what, (title, batches, calls) in STATEMENTS.items():
            ours: list[float] = []
            bare: list[float] = []
            apart: list[float] = []
            for _ in range(rounds):
                with on_core(server_core()):
                    bare.append(run(build.tools / "sql" / "bench_raw_sqlite", file, what, batches, calls))
                ours.append(ask(inline, what, where="sql", batches=batches, calls=calls))
                apart.append(ask(isolated, what, where="sql", batches=batches, calls=calls))
            yield row.at_most(f"sql ({what})", f"{title}, against sqlite3 with a kept statement", median(ours) / 1e3, "us",
                              median(bare) / 1e3, 1.5, row.ratio_of_rounds(ours, bare))
            yield row.beside(f"sql ({what}, isolated)", f"{title}, by a plugin in a process of its own, beside inline",
                             median(apart) / 1e3, "us", median(ours) / 1e3)
