"""One premium posted by the web, two clients at once, against pgbench's default transaction on the same server.

The real server with two workers; the clients stand on the same machine and take their part of its processors, more than
pgbench's do. Both clients post into the book of one pool, where each waits for the other at the streams' carries; then
each into a pool of its own. What the same server answers when there is nothing to do is measured beside them: no
request is quicker than that.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import pgbench, register
from bench.place import database, make_pool, server_busy_s, warm
from bench.table import Row, as_data
from bench.telling import say
from bench.visiting import make_officer, premium, served
from core.db import BUSY

CLIENTS = 2
#: Rounds, and the seconds of each: of ours, then of pgbench.
FULL, QUICK = (3, 8), (2, 2)
#: Enough lifts for a premium each.
LIFTS, LIFTS_QUICK = 60_000, 10_000


class Client:
    """Binds policies of one lift each by the API, until it is told to stop."""

    def __init__(self, port: int, token: str, pool_id: int, lifts: list[str], name: str) -> None:
        self._port, self._token, self._pool_id, self._lifts, self._name = port, token, pool_id, lifts, name
        self._numbers = count(1)
        self.took_s: list[float] = []
        #: How often the answer was to ask again.
        self.busy = 0

    def run(self, run_s: float) -> None:
        """Post for so many seconds, one premium after another."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        until_s = time.perf_counter() + run_s
        while time.perf_counter() < until_s and self._lifts:
            self.ask(connection)
        connection.close()

    def ask(self, connection: HTTPConnection) -> None:
        """Post one premium."""
        number = f"{self._name}-{next(self._numbers)}"
        body, headers = premium(self._pool_id, number, self._lifts.pop(), self._token, number)
        start = time.perf_counter()
        status, said = self._asked(connection, body, headers)
        # Others were at the same pages each time: a program asks again, and that is its time too.
        while status == 409 and json.loads(said)["code"] == BUSY:
            self.busy += 1
            status, said = self._asked(connection, body, headers)
        self.took_s.append(time.perf_counter() - start)
        if status != 201:
            raise SystemExit(f"{status}: {said.decode()}")

    @staticmethod
    def _asked(connection: HTTPConnection, body: str, headers: dict[str, str]) -> tuple[int, bytes]:
        connection.request("POST", "/api/v1/policies", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


class Idler(Client):
    """Asks whether the server is there, and nothing of it."""

    def ask(self, connection: HTTPConnection) -> None:
        """Ask once."""
        start = time.perf_counter()
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        answer.read()
        self.took_s.append(time.perf_counter() - start)
        if answer.status != 200:
            raise SystemExit(f"/healthz: {answer.status}")


def post_all(clients: list[Client], run_s: float) -> float:
    """Return premiums a second of all clients together."""
    before, start = sum(len(one.took_s) for one in clients), time.perf_counter()
    with ThreadPoolExecutor(len(clients)) as threads:
        list(threads.map(lambda one: one.run(run_s), clients))
    return (sum(len(one.took_s) for one in clients) - before) / (time.perf_counter() - start)


def percentile(values: list[float], percent: int) -> float:
    """Return the value that so many per cent of the values do not pass.

    >>> percentile([3.0, 1.0, 2.0, 4.0], 50), percentile([3.0, 1.0, 2.0, 4.0], 99)
    (2.0, 4.0)
    """
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def measure(is_quick: bool) -> list[dict[str, object]]:
    """Return the rows of one premium posted by the web."""
    rounds, run_s = QUICK if is_quick else FULL
    with tempfile.TemporaryDirectory() as name, database() as (urls, engine):
        warm(urls, 64 if is_quick else 512)
        register.fill(urls, LIFTS_QUICK if is_quick else LIFTS)
        found = register.lift_ids(urls, LIFTS)
        # Each client its own part of the city, so that no two are at neighbouring lifts.
        lifts = [found[n * len(found) // CLIENTS : (n + 1) * len(found) // CLIENTS] for n in range(CLIENTS)]
        pools = [make_pool(engine, f"逐笔共保体{n}") for n in range(1 + CLIENTS)]
        _, token = make_officer(engine)
        prepared = pgbench.prepare(urls)
        with served(urls, Path(name)) as port:

            def asking(kind: type[Client], word: str, into: Sequence[int]) -> list[Client]:
                made = [kind(port, token, pool_id, lifts[n], f"{word}{n}") for n, pool_id in enumerate(into)]
                post_all(made, 1)  # a rehearsal
                for one in made:
                    one.took_s.clear()
                return made

            together = asking(Client, "W", [pools[0]] * CLIENTS)
            apart, idle = asking(Client, "A", pools[1:]), asking(Idler, "I", pools[1:])
            rounds_done: list[Round] = []
            for _ in range(rounds):
                began_s = server_busy_s(urls)
                of_us = post_all(together, run_s)
                ours_s = server_busy_s(urls) - began_s
                others = post_all(apart, run_s), post_all(idle, run_s)
                began_s = server_busy_s(urls)
                of_it = pgbench.rate(prepared, CLIENTS, run_s)
                its_s = server_busy_s(urls) - began_s
                busy_ms = (ours_s / of_us / run_s * 1000, its_s / of_it / run_s * 1000)
                rounds_done.append(Round(of_us, *others, of_it, *busy_ms))
                say(f"{rounds_done[-1]}; told to ask again {sum(one.busy for one in (*together, *apart))} times")
    return as_data(_rows(rounds_done, [took_s * 1000 for one in together for took_s in one.took_s]))


class Round(NamedTuple):
    """What one round measured: answers a second, and the server's processor time for one of ours and of pgbench's."""

    together: float
    apart: float
    idle: float
    pgbench: float
    busy_ms: float
    its_busy_ms: float


def _rows(rounds: Sequence[Round], took_ms: list[float]) -> list[Row]:
    """Return the rows of what was measured."""
    job = (f"网页接口入账一笔保费，{CLIENTS} 个客户端", "a premium by the web, two clients")
    apart = (f"同上，{CLIENTS} 个客户端各记一个共保体", "the same, each into a pool of its own")
    idle = (f"同一服务器的空应答，{CLIENTS} 个客户端", "the same server's empty answer")
    busy = ("一笔保费占数据库服务器的处理器", "processor time of the database server, a premium")
    against = ("pgbench 默认事务", "default transaction")

    def middle(name: str) -> float:
        return median(float(getattr(one, name)) for one in rounds)

    def row(words: tuple[str, str], name: str, goal: str = "") -> Row:
        ratio = median(getattr(one, name) / one.pgbench for one in rounds)
        return Row(*words, *against, middle(name), middle("pgbench"), "1/s", ratio, goal)

    its_part = median(one.its_busy_ms / one.busy_ms for one in rounds)
    return [
        row(job, "together", ">= 0.4"),
        Row(*job, "p99", "", percentile(took_ms, 99), None, "ms", None, "< 50"),
        Row(*job, "p50", "", percentile(took_ms, 50), None, "ms"),
        row(apart, "apart"),
        row(idle, "idle"),
        Row(*busy, *against, middle("busy_ms"), middle("its_busy_ms"), "ms", its_part),
    ]
