"""The host's control API, as a tool of an admin would use it."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=600)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))


def ask(control_socket: Path, method: str, target: str, body: str | None = None) -> Any:
    connection = _UnixConnection(control_socket)
    try:
        connection.request(method, target, body)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{method} {target}: {content.decode(errors='replace')}")
    return json.loads(content)


def apply(control_socket: Path) -> None:
    outcome = ask(control_socket, "POST", "/v1/apply")
    if outcome["result"] != "applied":
        raise RuntimeError(f"not applied: {outcome}")
