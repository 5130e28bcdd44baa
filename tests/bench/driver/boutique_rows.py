"""The boutique in three deployments of the same binaries: all plugins in one host, each in a process of its own, and one
host for each over loopback HTTP."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import row
from control import ask
from process import Server, load_core, on_core
from row import Row, ratio_of_rounds
from servers import Build, HostFolder, start_mortise

# Whom each calls, and of checkout whom it tells of orders; those that are called come first.
NEEDS: dict[str, tuple[str, ...]] = {
    "currency": (), "catalog": (), "shipping": (), "payment": (), "ads": (), "cart": (), "email": (),
    "recommendation": ("catalog",),
    "checkout": ("cart", "catalog", "currency", "shipping", "payment", "email"),
    "frontend": ("currency", "catalog", "shipping", "ads", "cart", "email", "recommendation", "checkout"),
}
VISITORS = 8
PAGES = "pages of the whole mix"


def plugin(service: str) -> str:
    return f"boutique-{service}"


class Deployment:
    """Hosts that run the boutique; the last one has the storefront."""

    def __init__(self, hosts: Sequence[tuple[HostFolder, Server]]) -> None:
        self.hosts = hosts
        self.port = hosts[-1][1].port

    def cpu_seconds(self) -> float:
        return sum(server.cpu_seconds() for _, server in self.hosts)

    def memory_mib(self) -> float:
        """What all processes share counts once (proportional set size)."""
        pids = [pid for _, server in self.hosts for pid in (server.pid, *server.workers())]
        return sum(pss_kib(pid) for pid in pids) / 1024

    def remote_calls(self) -> int:
        return sum(one["remote"]["calls"] for host, _ in self.hosts
                   for one in ask(host.state / "control.sock", "GET", "/v1/status")["plugins"])


def pss_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def start_together(build: Build, folder: Path, placement: str, stack: ExitStack) -> Deployment:
    """All in one host."""
    host = HostFolder(folder)
    for service in NEEDS:
        shutil.copy(build.plugins / f"{plugin(service)}.so", host.drop)
        host.enable(plugin(service), placement)
    return Deployment([(host, stack.enter_context(start_mortise(build, host)))])


def start_apart(build: Build, folder: Path, stack: ExitStack) -> Deployment:
    """A host for each, which has the files of those it calls as well: they tell of their contracts."""
    hosts: list[tuple[HostFolder, Server]] = []
    urls: dict[str, str] = {}
    folder.mkdir()
    for service, needs in NEEDS.items():
        host = HostFolder(folder / service)
        for name in (service, *needs):
            shutil.copy(build.plugins / f"{plugin(name)}.so", host.drop)
        host.enable(plugin(service), expose=service != "frontend")
        for name in needs:
            host.enable(plugin(name), {"remote": urls[name]})
        server = stack.enter_context(start_mortise(build, host))
        urls[service] = f"http://127.0.0.1:{server.port}"
        hosts.append((host, server))
    return Deployment(hosts)


@dataclass(frozen=True)
class Visit:
    """One round of the visitors."""

    cpu_us: float  # per page, of all processes of the deployment
    p50_us: float
    p99_us: float
    pages_per_s: float
    calls: float  # of other hosts' contracts, per page
    actions: dict[str, dict[str, int]]


def visit(build: Build, deployment: Deployment, seconds: int, seed: int) -> Visit:
    cpu = deployment.cpu_seconds()
    calls = deployment.remote_calls()
    with on_core(load_core()):
        done = subprocess.run([str(build.tools / "boutique" / "bench_shoppers"), str(deployment.port), str(VISITORS),
                               str(seconds), str(seed)], stdout=subprocess.PIPE, text=True, check=True)
    seen = json.loads(done.stdout)
    if seen["failed"] or not seen["orders"]:
        raise deployment.hosts[-1][1].fail(f"the visitors saw what they should not: {seen}")
    pages = seen["pages"]
    return Visit((deployment.cpu_seconds() - cpu) * 1e6 / pages, seen["p50_us"], seen["p99_us"], pages / seen["seconds"],
                 (deployment.remote_calls() - calls) / pages, seen["actions"])


@dataclass(frozen=True)
class PageCost:
    cpu_us: float  # of all processes of the deployment
    p50_us: float


# Those that call others most, and what the visitor has in the cart.
HEAVY_PAGES = {"front page": ("/shop", ()), "cart, two things in it": ("/shop/cart", ("compass", "hammock"))}


def page_cost(deployment: Deployment, path: str, products: Sequence[str], count: int) -> PageCost:
    """Of one GET, asked for by one visitor, who pays in euros, again and again."""
    connection = http.client.HTTPConnection("127.0.0.1", deployment.port, timeout=120)
    cookies = {"boutique-currency": "EUR"}

    def ask(method: str, target: str, form: str | None = None) -> http.client.HTTPResponse:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, target, form, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != (200 if form is None else 303):
            raise deployment.hosts[-1][1].fail(f"{target}: {answer.status}")
        return answer

    took: list[float] = []
    with on_core(load_core()):
        for product in products:
            for cookie in ask("POST", "/shop/cart", f"product={product}&quantity=1").headers.get_all("Set-Cookie", []):
                name, _, value = cookie.partition(";")[0].partition("=")
                cookies[name] = value
        for _ in range(count // 10):
            ask("GET", path)
        cpu = deployment.cpu_seconds()
        for _ in range(count):
            begin = time.perf_counter()
            ask("GET", path)
            took.append((time.perf_counter() - begin) * 1e6)
    return PageCost((deployment.cpu_seconds() - cpu) * 1e6 / count, median(took))


class Measured:
    """What the rounds came to, by deployment."""

    def __init__(self, build: Build, folder: Path, quick: bool) -> None:
        rounds, seconds = (1, 3) if quick else (5, 10)
        with ExitStack() as stack:
            deployments: dict[str, Callable[[], Deployment]] = {
                "inline": lambda: start_together(build, folder / "inline", "inline", stack),
                "isolated": lambda: start_together(build, folder / "isolated", "isolated", stack),
                "microservices": lambda: start_apart(build, folder / "apart", stack),
            }
            running = {name: start() for name, start in deployments.items()}
            self.visits: dict[str, list[Visit]] = {name: [] for name in running}
            for name, deployment in running.items():
                visit(build, deployment, 1, 0)  # warm
            for number in range(rounds):
                for name, deployment in running.items():
                    self.visits[name].append(visit(build, deployment, seconds, number + 1))
            self.memory_mib = {name: deployment.memory_mib() for name, deployment in running.items()}
            self.heavy = {page: {name: page_cost(deployment, path, products, 300 if quick else 3000)
                                 for name, deployment in running.items()}
                          for page, (path, products) in HEAVY_PAGES.items()}

    def of(self, name: str, field: str) -> list[float]:
        return [getattr(one, field) for one in self.visits[name]]

    def table(self) -> list[str]:
        """Lines of Markdown."""
        calls = median(self.of("microservices", "calls"))
        lines = ["| deployment | pages a second | p50 | p99 | CPU of 1,000 pages | memory | contract calls per page |",
                 "|---|---|---|---|---|---|---|"]
        for name in self.visits:
            cpu, p50, p99, rate = (median(self.of(name, field))
                                   for field in ("cpu_us", "p50_us", "p99_us", "pages_per_s"))
            lines.append(f"| {name} | {rate:.0f} | {p50 / 1000:.2f} ms | {p99 / 1000:.2f} ms | {cpu / 1000:.3f} s | "
                         f"{self.memory_mib[name]:.0f} MiB | {calls:.1f} |")
        lines += ["", "| 50th percentile | " + " | ".join(self.visits) + " |", "|---|" + "---|" * len(self.visits)]
        for action in self.visits["inline"][0].actions:
            cells = [f"{median(one.actions[action]['p50_us'] for one in visits) / 1000:.2f} ms"
                     for visits in self.visits.values()]
            lines.append(f"| {action} | " + " | ".join(cells) + " |")
        lines += ["", "| contract-heavy page, one visitor | " + " | ".join(self.visits) + " |",
                  "|---|" + "---|" * len(self.visits)]
        for page, costs in self.heavy.items():
            cells = [f"{cost.cpu_us:.0f} us of CPU, p50 {cost.p50_us:.0f} us" for cost in costs.values()]
            lines.append(f"| {page} | " + " | ".join(cells) + " |")
        return lines

    def rows(self) -> Iterator[Row]:
        inline, isolated, apart = self.visits
        yield row.at_most("boutique (CPU)", f"the boutique, {PAGES}, CPU per page, inline, against microservices",
                          median(self.of(inline, "cpu_us")), "us", median(self.of(apart, "cpu_us")), 1 / 9,
                          ratio_of_rounds(self.of(inline, "cpu_us"), self.of(apart, "cpu_us")))
        yield row.at_most("boutique (p50)", f"the boutique, {PAGES}, 50th percentile, inline, against microservices",
                          median(self.of(inline, "p50_us")), "us", median(self.of(apart, "p50_us")), 1 / 15,
                          ratio_of_rounds(self.of(inline, "p50_us"), self.of(apart, "p50_us")))
        yield row.at_most("boutique-isolated (CPU)",
                          f"the boutique, {PAGES}, CPU per page, all isolated, against microservices",
                          median(self.of(isolated, "cpu_us")), "us", median(self.of(apart, "cpu_us")), 1 / 3,
                          ratio_of_rounds(self.of(isolated, "cpu_us"), self.of(apart, "cpu_us")))
        yield row.below("boutique-front (CPU)", "the boutique's front page, 18 contract calls, inline, CPU per page",
                        self.heavy["front page"]["inline"].cpu_us, "us", 60)


def boutique(build: Build, folder: Path, quick: bool) -> Iterator[Row]:
    yield from Measured(build, folder, quick).rows()
