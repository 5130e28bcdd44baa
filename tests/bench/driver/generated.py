"""Many plugins out of one: copies of the hello plugin's file in which each has a name and routes of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from servers import Build, HostFolder

NAME = b"hello"  # in the manifest and in the routes; a name of the same length takes its place


def name_of(index: int) -> str:
    return f"p{index:04d}"


def add_generated_plugins(build: Build, host: HostFolder, count: int) -> None:
    """Puts them into the drop directory, as real and as different as any, and enables them."""
    stripped = host.folder / "stripped.so"
    subprocess.run(["strip", "-o", str(stripped), str(build.plugins / "hello.so")], check=True)
    original = stripped.read_bytes()
    for index in range(count):
        name = name_of(index)
        file = host.drop / f"{name}.so"
        file.write_bytes(original.replace(NAME, name.encode()))
        file.chmod(0o755)
        host.enable(name)
