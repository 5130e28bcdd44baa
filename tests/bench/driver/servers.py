"""The servers that are compared: Mortise, nginx, and the raw epoll loop. Each starts on a port of the kernel's."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import time
from pathlib import Path

from process import PATIENCE_S, Server


class Build:
    """What a release build has made."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.host = directory / "bin" / "mortise"
        self.plugins = directory / "lib" / "mortise" / "plugins"
        self.zoo = directory / "zoo"
        self.tools = directory / "tests" / "bench"


class HostFolder:
    """Configuration, drop directory and state of one Mortise host, below a folder of their own."""

    def __init__(self, folder: Path, settings: dict[str, object] | None = None,
                 top: dict[str, object] | None = None) -> None:
        """`settings` are those of the edge, `top` those beside it."""
        self.folder = folder
        self.drop = folder / "drop"
        self.enabled = folder / "plugins.d"
        self.state = folder / "state"
        for directory in (self.drop, self.enabled, self.state):
            directory.mkdir(parents=True)
        self.config = folder / "mortise.json"
        edge = {"listen": [{"address": "127.0.0.1", "port": 0}], **(settings or {})}
        self.config.write_text(json.dumps({
            "drop_directory": "drop", "plugins_directory": "plugins.d", "state_directory": "state",
            "settle_ms": 1, "edge": edge, "log": {"level": "warning"}, **(top or {})}))

    def add_shipped_plugins(self, build: Build) -> None:
        for name in ("greeter", "hello", "notes", "files"):
            shutil.copy(build.plugins / f"{name}.so", self.drop)
            self.enable(name)

    def enable(self, name: str, placement: str = "inline", **more: object) -> None:
        (self.enabled / f"{name}.json").write_text(json.dumps({"enabled": True, "placement": placement, **more}))


def launch_mortise(build: Build, host: HostFolder) -> Server:
    (host.state / "ports").unlink(missing_ok=True)
    return Server([str(build.host), "serve", "--config", str(host.config)], host.folder / "host.log")


def wait_for_answer(server: Server, host: HostFolder, path: str) -> None:
    """Until the first 200 on this path; until its plugin has started, the host answers otherwise. Asks on one
    connection, once a millisecond: the answers must not be what the host is busy with."""
    ports = host.state / "ports"
    connection: http.client.HTTPConnection | None = None
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and server.process.poll() is None:
        if connection is None and ports.exists():
            server.port = int(ports.read_text().split()[0].rpartition(":")[2])
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
        if connection is not None and is_answered(connection, path):
            return connection.close()
        time.sleep(0.001)
    server.stop()
    raise server.fail(f"no answer on {path}")


def is_answered(connection: http.client.HTTPConnection, path: str) -> bool:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status == 200


def start_mortise(build: Build, host: HostFolder) -> Server:
    """Returns when the host is ready: every plugin has started."""
    server = launch_mortise(build, host)
    wait_for_answer(server, host, "/readyz")
    return server


NGINX_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 16384; use epoll; multi_accept on; }}
http {{
  access_log off;
  server_tokens off;
  default_type "text/plain; charset=utf-8";
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  tcp_nodelay on;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 "Hello, world!\\n"; }}
  }}
}}
"""


def start_nginx(folder: Path) -> Server:
    """One worker that answers with `return`; it writes no log. Its listening socket is opened here, on a port of the
    kernel's, and handed over the way that nginx hands its own over to a new binary."""
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        config = folder / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(folder=folder, port=port))
        server = Server(["nginx", "-p", str(folder), "-c", str(config), "-e", "stderr"], folder / "nginx.log",
                        inherit=[listener.fileno()], environment={"NGINX": f"{listener.fileno()};"})
    server.port = port
    return server


def start_raw_epoll(build: Build, folder: Path) -> Server:
    server = Server([str(build.tools / "bench_raw_epoll")], folder / "raw_epoll.log", pipe_output=True)
    assert server.process.stdout is not None
    server.port = int(server.process.stdout.readline())
    return server
