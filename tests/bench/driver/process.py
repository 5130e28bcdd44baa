"""A server under measurement: a child process, the CPU time it has used, its memory and its threads."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

PATIENCE_S = 600.0


def server_core() -> int:
    return sorted(os.sched_getaffinity(0))[0]


def load_core() -> int:
    return sorted(os.sched_getaffinity(0))[-1]


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """What is started inside stays on these. Without a tool in between, whose own start would be measured, too."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def on_core(core: int) -> AbstractContextManager[None]:
    return on_cores({core})


def descendants(pid: int) -> list[int]:
    """The processes that any thread of it has started, each followed by its own."""
    found: list[int] = []
    for children in sorted(Path(f"/proc/{pid}/task").glob("*/children")):
        for child in map(int, children.read_text().split()):
            found += [child, *descendants(child)]
    return found


def move(pids: Sequence[int], cores: set[int]) -> None:
    """All their threads, also those that start meanwhile; what these start stays there, too."""
    is_done = False
    while not is_done:
        is_done = True
        for thread in (int(task.name) for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()):
            with suppress(ProcessLookupError):  # it has ended
                if os.sched_getaffinity(thread) != cores:
                    os.sched_setaffinity(thread, cores)
                    is_done = False


class Server:
    """Started on the server's core; stopped at the end of a `with` block."""

    def __init__(self, command: Sequence[str], log: Path, inherit: Sequence[int] = (),
                 environment: dict[str, str] | None = None, pipe_output: bool = False) -> None:
        self._log = log
        with log.open("wb") as sink, on_core(server_core()):
            self.process = subprocess.Popen(
                list(command), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipe_output else sink, stderr=sink, pass_fds=inherit,
                env={**os.environ, **(environment or {})})
        self.port = 0

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self.process.pid

    def workers(self) -> list[int]:
        """The processes that it has started, and those that these have: nginx's worker, Mortise's host process and the
        workers of that."""
        return descendants(self.pid)

    @property
    def worker(self) -> int:
        """The first of them, or the process itself where there is none."""
        return next(iter(self.workers()), self.pid)

    def use_cores(self, cores: set[int]) -> None:
        move([self.pid, *self.workers()], cores)

    def part_from_workers(self, core: int) -> None:
        """Those that Mortise's host process runs plugins in go to this core; it stays on its own."""
        move(descendants(self.worker), {core})

    def cpu_seconds(self) -> float:
        """User and system time so far of the process and its workers, by Linux's CPU clock of a pid (nanoseconds)."""
        return sum(time.clock_gettime(((~pid) << 3) | 2) for pid in [self.pid, *self.workers()])

    def status(self, field: str) -> int:
        """A number of its worker's /proc/PID/status, e.g. VmRSS (in KiB) or Threads."""
        worker = self.worker
        for line in Path(f"/proc/{worker}/status").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name == field:
                return int(rest.split()[0])
        raise RuntimeError(f"/proc/{worker}/status has no {field}")

    def fail(self, what: str) -> RuntimeError:
        return RuntimeError(f"{what}; its output:\n{self._log.read_text(errors='replace')[-4000:]}")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


def allow_many_files() -> None:
    """For this process and those it starts: as many open files as the system grants."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
