"""Runs the benchmarks of tests/bench against a release build; scripts/bench.sh calls it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import boutique_rows
import contract_rows
import crash_rows
import event_rows
import http_rows
import isolated_beside_rows
import isolated_crash_rows
import isolated_rows
import release_rows
import report
import sql_rows
import start_rows
from process import allow_many_files
from row import Row
from servers import Build

REPOSITORY = Path(__file__).resolve().parents[3]

BENCHMARKS: dict[str, Callable[[Build, Path, bool], Iterator[Row]]] = {
    "call": contract_rows.call,
    "call-scaling": contract_rows.call_scaling,
    "span": contract_rows.span,
    "scope": contract_rows.scope,
    "proxy": contract_rows.proxy,
    "http": http_rows.http,
    "http-1024": http_rows.http_1024,
    "http-isolated": http_rows.http_isolated,
    "isolated-call": isolated_rows.isolated_call,
    "isolated-beside": isolated_beside_rows.isolated_beside,
    "sql": sql_rows.sql,
    "events": event_rows.events,
    "events-durable": event_rows.events_durable,
    "events-pending": event_rows.events_pending,
    "idle": http_rows.idle,
    "startup": start_rows.startup,
    "first-answer": start_rows.first_answer,
    "memory": start_rows.memory,
    "upgrades": release_rows.upgrades,
    "crash": crash_rows.crash,
    "isolated-crash": isolated_crash_rows.isolated_crash,
    "drop-to-answer": release_rows.drop_to_answer,
    "plan-1000": release_rows.plan_1000,
    "boutique": boutique_rows.boutique,
}


def write_boutique_table(build: Build, quick: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="mortise-bench-") as folder:
        measured = boutique_rows.Measured(build, Path(folder), quick)
    lines = measured.table()
    print("\n".join(lines))
    rows = list(measured.rows())
    print(report.table(rows))
    if not quick:
        report.write_section(lines, rows, REPOSITORY / "docs" / "benchmarks.md", REPOSITORY)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench.sh", description="Measures what docs/benchmarks.md tells.")
    parser.add_argument("--only", choices=BENCHMARKS, metavar="NAME", help="one of: " + ", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="few and short rounds: a look, not a measurement")
    parser.add_argument("--boutique-table", action="store_true",
                        help="measure the boutique's deployments alone, and write their table")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write one JSON object per row and line")
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) < 2:
        print("bench: needs two cores, one for the servers and one for the load", file=sys.stderr)
        return 2
    allow_many_files()
    build = Build(REPOSITORY / ".build" / "release")
    if options.boutique_table:
        return write_boutique_table(build, options.quick)
    rows: list[Row] = []
    for name in [options.only] if options.only else BENCHMARKS:
        print(f"measuring {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="mortise-bench-") as folder:
            rows += BENCHMARKS[name](build, Path(folder), options.quick)
    print(report.table(rows))
    if options.json:
        report.write_json(rows, options.json)
    if not options.only and not options.quick:
        report.write_markdown(rows, REPOSITORY / "docs" / "benchmarks.md", REPOSITORY)
    return 0


if __name__ == "__main__":
    sys.exit(main())
