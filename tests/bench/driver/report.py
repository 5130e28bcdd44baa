"""What was measured, as a table, as JSON lines and as docs/benchmarks.md."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from row import Row

HEADER = ("name", "value", "baseline", "ratio", "must be", "holds")


def cells(row: Row) -> tuple[str, ...]:
    baseline = "" if row.baseline is None else f"{number(row.baseline)} {row.unit}"
    return (row.name, f"{number(row.value)} {row.unit}", baseline, f"{row.ratio:.3f}", row.target,
            "" if row.holds is None else "yes" if row.holds else f"NO, by {row.excess:.1%}")


def number(value: float) -> str:
    return f"{value:.0f}" if value >= 1000 or value == int(value) else f"{value:.2f}"


def table(rows: Sequence[Row]) -> str:
    lines = [HEADER, *map(cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines)


def write_json(rows: Sequence[Row], file: Path) -> None:
    file.write_text("".join(json.dumps(row.to_json()) + "\n" for row in rows))


def first_line(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return (done.stdout or done.stderr).splitlines()[0].strip()


def machine() -> str:
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1])
    return (f"{model}, {os.cpu_count()} cores, {memory_kib / 1024 / 1024:.0f} GiB, Linux {platform.release()}; "
            f"{first_line(['c++', '--version'])}; {first_line(['nginx', '-v'])}")


def write_markdown(rows: Sequence[Row], file: Path, repository: Path) -> None:
    commit = first_line(["git", "-C", str(repository), "rev-parse", "--short=12", "HEAD"])
    date = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    lines = [
        "# Benchmarks", "",
        "Written by `scripts/bench.sh`, which measures every row anew. Each value stands beside a baseline that was",
        "measured in the same run, in rounds that took turns; both are medians, and the ratio of two servers is the",
        "median of the rounds' own. A row that falls short says so.", "",
        f"- Machine: {machine()}", f"- Date: {date}", f"- Commit: {commit}", "",
        "| name | what | value | baseline | ratio | must be | holds |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        name, *rest = cells(row)
        lines.append(f"| `{name}` | {row.what} | " + " | ".join(rest) + " |")
    lines += ["", "How they are measured: `tests/bench`. Servers run on one core, the load (wrk, one thread) on another,",
              "over keep-alive connections on the loopback. CPU per request is the user and system time of the server's",
              "processes divided by the requests that wrk completed. nginx answers with `return 200` from one worker,",
              "without a log; the raw epoll loop looks at nothing but where a request ends.", ""]
    file.write_text("\n".join(lines))
