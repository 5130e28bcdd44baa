"""What the dynamic linker takes by itself: a process that does nothing but load libraries."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from process import on_core, server_core
from servers import Build


@dataclass(frozen=True)
class Took:
    all_s: float  # from the start of the process to its last library
    last_s: float  # that one alone


def time_to_dlopen(build: Build, images: Sequence[Path]) -> Took:
    listing = "".join(f"{image}\n" for image in images)
    begin = time.perf_counter()
    with on_core(server_core()):
        loader = subprocess.Popen([str(build.tools / "bench_dlopen_all")], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
    assert loader.stdin and loader.stdout
    loader.stdin.write(listing)
    loader.stdin.close()
    says = loader.stdout.readline().split()
    took = time.perf_counter() - begin
    if loader.wait() != 0 or says[:1] != ["done"]:
        raise RuntimeError("bench_dlopen_all failed")
    return Took(all_s=took, last_s=float(says[1]) / 1e6)
