"""What was measured, as a table, as JSON lines and as docs/benchmarks.md."""

from __future__ import annotations

import json
import os
import platform
import shutil
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


def grpc() -> str:
    """Empty where there is none."""
    if shutil.which("pkg-config") is None:
        return ""
    done = subprocess.run(["pkg-config", "--modversion", "grpc++_unsecure"], capture_output=True, text=True, check=False)
    return f"; gRPC {done.stdout.strip()}" if done.returncode == 0 else ""


def machine() -> str:
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1])
    return (f"{model}, {os.cpu_count()} cores, {memory_kib / 1024 / 1024:.0f} GiB, Linux {platform.release()}; "
            f"{first_line(['c++', '--version'])}; {first_line(['nginx', '-v'])}{grpc()}")


SECTION = "## The boutique"


def section_of(file: Path) -> str:
    """What write_section() has written, from its title on; empty: nothing yet."""
    _, title, rest = file.read_text().partition(SECTION)
    return title + rest


def write_section(lines: Sequence[str], rows: Sequence[Row], file: Path, repository: Path) -> None:
    """The boutique's tables, in the place of those before."""
    before = file.read_text().partition(SECTION)[0]
    text = [SECTION, "",
            "Written by `scripts/boutique-table.sh`. The same load on the same ten plugins in three deployments: all inline in",
            "one host; each isolated, in a process of its own; and one host for each, which call each other over HTTP/1.1 on",
            "the loopback (microservices). Eight visitors on one core, each of whom waits for a page before asking for the",
            "next (a closed loop; the mix of the original demo, a fixed seed), and all servers on the other: what a page",
            "costs decides how long the others wait. Medians of rounds that took turns. CPU is that of all processes of a",
            "deployment, memory what they have together (what they share counts once).", "",
            f"- Machine: {machine()}", f"- Date: {now()}", f"- Commit: {commit_of(repository)}", "", *lines, "", *markdown(rows), ""]
    file.write_text(before + "\n".join(text))


def commit_of(repository: Path) -> str:
    return first_line(["git", "-C", str(repository), "rev-parse", "--short=12", "HEAD"])


def now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def markdown(rows: Sequence[Row]) -> list[str]:
    lines = ["| name | what | value | baseline | ratio | must be | holds |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        name, *rest = cells(row)
        lines.append(f"| `{name}` | {row.what} | " + " | ".join(rest) + " |")
    return lines


def write_markdown(rows: Sequence[Row], file: Path, repository: Path) -> None:
    lines = [
        "# Benchmarks", "",
        "Written by `scripts/bench.sh`, which measures every row anew. Each value stands beside a baseline that was",
        "measured in the same run, in rounds that took turns; both are medians, and the ratio of two servers is the",
        "median of the rounds' own. A row that falls short says so.", "",
        f"- Machine: {machine()}", f"- Date: {now()}", f"- Commit: {commit_of(repository)}", "",
        *markdown(rows)]
    lines += ["", "How they are measured: `tests/bench`. Servers run on one core, the load (wrk, one thread) on another,",
              "over keep-alive connections on the loopback. CPU per request is the user and system time of the server's",
              "processes divided by the requests that wrk completed. nginx answers with `return 200` from one worker,",
              "without a log; the raw epoll loop looks at nothing but where a request ends.", "",
              "`isolated (…)`: the host runs on one core and the worker on the other, as do the two processes of the bare",
              "ping-pong, which pass one word of shared memory to and fro: they look at it without a pause (awake), or each",
              "sleeps on a futex until the other has woken it (asleep). The kernel moves none of them, and each is measured",
              "right after what it is compared with: the median of 800 batches of 250 calls (64 KiB: 25), or of 500 calls",
              "after a pause each (asleep).", "",
              "`isolated beside …`: one call after the other. JSON over HTTP is a bare keep-alive connection to a host whose",
              "plugin adds inline; gRPC, where the build has found it, is its synchronous C++ API, without encryption. What",
              "sleeps between calls may be quicker on one core, what does not needs two: every way is measured with its",
              "processes on two cores and with all of them free, and stands there with the better of the two.", "",
              "`isolated-crash`: under load on another plugin's route, the worker of which the control socket tells gets a",
              "SIGKILL ten times a second, and its own route is asked once a millisecond until it answers. A worker that has",
              "not been back for 50 ms is left until it has: sooner, its end would count as one at its start, after which",
              "the host waits before the next. The plugin's circuit breaker is off (`\"max_error_percent\": 100`): of the",
              "few requests that reach it every other one is lost with its worker. `bench_paced` counts what each request takes",
              "from when it was due; the host and the worker share one core, of which a worker's end and start take about",
              "five milliseconds: at full load that is five hundredths of the time, and so more than the 99th percentile",
              "leaves out.", ""]
    file.write_text("\n".join(lines) + section_of(file))
