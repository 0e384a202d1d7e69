"""Several web servers and workers on one database, requests and jobs spread over them, one of each killed midway.

Each is a process tree of its own, started by the same command as on a machine of its own; they share the database and
the state folder, as machines do.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from bench.place import DAY, HEADERS
from bench.scale.place import Figure, database, engine_at, learn, make_pool, write_list
from bench.telling import say
from bench.visiting import make_officer, premium
from core import clock
from core.db import instant, run_in_unit
from core.papers import Store
from core.parties import sort_key_of
from core.permits import SYSTEM
from core.server import Urls
from underwriting.models import Pool
from underwriting.sent_lists import Sent
from web import sent_desk, verification
from web.bordereau_desk import BORDEREAUX
from web.verification import Files, auditor_engine_at

#: Requests; lists of premiums and the rows of each.
FULL, QUICK = (300, 12, 10_000), (40, 4, 1_000)
CLIENTS, WEBS = 4, 2
_READY_WITHIN_S, _DONE_WITHIN_S = 120, 420
_MOST_BYTES = 64 << 20

_LIFTS = """
INSERT INTO lift (id, building_id, number, in_service_on, floors)
SELECT gen_random_uuid(), %s, 'SF' || n, '2015-05-01', 18 FROM generate_series(1, %s) n RETURNING id
"""


class Machine:
    """One command of ours in a process tree of its own."""

    def __init__(self, words: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
        self._words, self._environment, self._log = words, environment, log
        self.start()

    def start(self) -> None:
        """Start it, as a machine that is switched on does."""
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "web.cli", *self._words],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End the whole tree at once, as a machine that loses its power does."""
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def stop(self) -> None:
        """Ask it to end; kill it where it does not."""
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(40)
            except subprocess.TimeoutExpired:
                self.kill()

    @property
    def last_words(self) -> str:
        """Return the end of its log."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:]


@contextmanager
def stopped_afterwards(machine: Machine) -> Iterator[Machine]:
    """Give a machine and stop it in any case."""
    try:
        yield machine
    finally:
        machine.stop()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def until(what: str, is_so: Callable[[], bool], within_s: float) -> float:
    """Return after how many seconds something is so; raises AssertionError where it does not come to be."""
    start = time.monotonic()
    while not is_so():
        assert time.monotonic() - start < within_s, f"{what}: not within {within_s} s"
        time.sleep(0.2)
    return time.monotonic() - start


def answers(port: int) -> bool:
    """Say whether a web server is ready."""
    try:
        return asked(port, "GET", "/readyz", {}, None)[0] == 200
    except (OSError, HTTPException):
        return False


def asked(port: int, method: str, path: str, headers: dict[str, str], body: str | None) -> tuple[int, bytes]:
    """Return status and body of one request; raises OSError or HTTPException where the server goes away."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Client:
    """Binds policies through all web servers in turn; what gets no answer it sends to the next, under the same key."""

    def __init__(self, ports: list[int], token: str, pool_id: int) -> None:
        self._ports, self._token, self._pool_id = ports, token, pool_id
        self.answered: Counter[int] = Counter()
        self.sent_again = 0

    def bind(self, number: int, lift_id: uuid.UUID) -> None:
        """Have one policy bound, by whichever server answers."""
        body, headers = premium(self._pool_id, f"W{number}", str(lift_id), self._token, f"key-of-{number}")
        for turn in range(number, number + 100):
            port = self._ports[turn % len(self._ports)]
            try:
                status, said = asked(port, "POST", "/api/v1/policies", headers, body)
            except (OSError, HTTPException):
                self.sent_again += 1
                time.sleep(0.05)
                continue
            # 409: the first sending is still under way there, or the rows were taken for a moment.
            if status == 409:
                time.sleep(0.1)
                continue
            assert status == 201, (status, said)
            self.answered[port] += 1
            return
        raise AssertionError(f"policy {number}: no server answered")


def lifts(urls: Urls, count: int) -> list[uuid.UUID]:
    """Return so many lifts of one invented building, written by the server's administrator."""
    community, building = uuid.uuid4(), uuid.uuid4()
    with psycopg.connect(urls.admin) as connection:
        row = (community, "示例苑", "示例区", sort_key_of("示例苑"), 896)
        place = "INSERT INTO community (id, name, district, sort_key, households) VALUES (%s, %s, %s, %s, %s)"
        connection.execute(place, row)
        connection.execute("INSERT INTO building (id, community_id, name) VALUES (%s, %s, '1')", (building, community))
        return [row[0] for row in connection.execute(_LIFTS, (building, count)).fetchall()]


def send_lists(engine: Engine, store: Store, pool_id: int, folder: Path, count: int, rows: int) -> list[uuid.UUID]:
    """Send lists of premiums whose reading waits for a worker; return their ids."""
    sent = []
    for number in range(count):
        path = folder / f"{number}.csv"
        write_list(path, rows, f"J{number}-")
        with path.open("rb") as file:
            digest, _ = store.put(file, limit=_MOST_BYTES)
        sent.append(_send(engine, pool_id, Sent(path.name, digest, HEADERS)))
    return sent


def _send(engine: Engine, pool_id: int, sent: Sent) -> uuid.UUID:
    """Return the id of a list that is sent and waits for a worker; what others are at is tried again."""

    def work(session: Session) -> uuid.UUID:
        pool, at = session.get_one(Pool, pool_id), instant(session)
        return sent_desk.begin(session, BORDEREAUX, pool, sent, on=DAY, by=SYSTEM, at=at).id

    return run_in_unit(engine, SYSTEM, work)


class Look:
    """Looks at the queue and the books as the administrator."""

    def __init__(self, urls: Urls) -> None:
        self._connection = psycopg.connect(urls.admin, autocommit=True)

    def rows(self, query: str, *values: object) -> list[Any]:
        """Return the rows of a query."""
        return self._connection.execute(query.encode(), values).fetchall()

    def count(self, query: str, *values: object) -> int:
        """Return the one number that a query is about."""
        return int(self.rows(query, *values)[0][0])

    def workers(self) -> list[int]:
        """Return the numbers of the workers that the queue knows, the first first."""
        return [row[0] for row in self.rows("SELECT id FROM procrastinate_workers ORDER BY id")]

    def stages(self) -> Counter[str]:
        """Return how many lists are in which stage."""
        return Counter(row[0] for row in self.rows("SELECT stage FROM bordereau"))

    def doing(self, worker: int) -> int:
        """Return how many readings or postings of lists a worker is at."""
        query = "SELECT count(*) FROM procrastinate_jobs WHERE worker_id = %s AND status = 'doing'"
        return self.count(f"{query} AND task_name IN ('read_bordereau', 'post_bordereau')", worker)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()


def web_part(webs: list[Machine], ports: list[int], client: Client, found: list[uuid.UUID]) -> list[Figure]:
    """Bind a policy a lift through all servers; the first is killed after a third and comes back after two."""
    third = len(found) // 3
    start = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as threads:
        waiting = [threads.submit(client.bind, number, lift) for number, lift in enumerate(found)]
        waiting[third].result()
        webs[0].kill()
        say(f"web 1 killed after {sum(client.answered.values())} policies")
        waiting[2 * third].result()
        webs[0].start()
        for one in waiting:
            one.result()
    took_s = time.perf_counter() - start
    until("web 1 is back", lambda: answers(ports[0]), _READY_WITHIN_S)
    client.bind(0, found[0])  # once more under its key: the answer of then, by the server that is back
    each = ", ".join(str(client.answered[port]) for port in ports)
    return [
        Figure(
            "网站两台，一台中途断电又回来",
            "two web servers, one killed in the middle and back again",
            f"{len(found)} policies by {CLIENTS} clients in {took_s:.0f} s; answered {each}; {client.sent_again} sent"
            " again; every one once",
        )
    ]


def worker_part(workers: list[Machine], first: int, look: Look, engine: Engine, lists: list[uuid.UUID]) -> list[Figure]:
    """Have all lists read and posted by both workers; the first is killed while it is at one."""
    until("the first worker is at a list", lambda: bool(look.doing(first)), _DONE_WITHIN_S)
    workers[0].kill()
    was_at = look.doing(first)
    say(f"worker 1 killed, it was at {was_at}; stages {dict(look.stages())}")
    start = time.monotonic()
    until("all lists are read", lambda: not look.stages()["reading"], _DONE_WITHIN_S)
    read_s = time.monotonic() - start
    say(f"all lists read, {read_s:.0f} s after the kill")
    for list_id in lists:
        _approve(engine, list_id)
    until("all lists are posted", lambda: look.stages() == {"posted": len(lists)}, _DONE_WITHIN_S)
    ended = "SELECT count(*) FROM procrastinate_events e JOIN procrastinate_jobs j ON j.id = e.job_id"
    ended += " WHERE j.task_name IN ('read_bordereau', 'post_bordereau') AND e.type = 'succeeded'"
    # A list is posted a moment before its job is told to have succeeded.
    until("all jobs have ended", lambda: look.count(ended) >= 2 * len(lists), _DONE_WITHIN_S)
    times = look.count(ended)
    assert times == 2 * len(lists), times
    return [
        Figure(
            "后台任务两台，一台中途断电",
            "two workers, one killed in the middle",
            f"{2 * len(lists)} jobs, each done once; the killed one was at {was_at},"
            f" taken up by the other within {read_s:.0f} s",
        )
    ]


def _approve(engine: Engine, list_id: uuid.UUID) -> None:
    """Have a list that was read approved, its posting queued; a list that others are at is tried again."""
    run_in_unit(
        engine,
        SYSTEM,
        lambda session: sent_desk.approve_list(session, BORDEREAUX, list_id, by=SYSTEM, at=instant(session)),
    )


def environment_of(urls: Urls, state: Path) -> dict[str, str]:
    """Return the environment that all machines have alike."""
    told = {"DATABASE_URL": urls.app, "GONGBAO_MODE": "test", "GONGBAO_STATE_DIR": str(state)}
    return {
        **os.environ,
        **told,
        "SECRET_KEY": "the same on every machine, only for a bench",
        "PYTHONWARNINGS": "ignore",
    }


def measure(is_quick: bool) -> list[Figure]:
    """Return what became of requests and jobs. Raises AssertionError where one was lost or done twice."""
    requests, count, rows = QUICK if is_quick else FULL
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = stack.enter_context(database())
        engine = stack.enter_context(engine_at(urls))
        look = Look(urls)
        stack.callback(look.close)
        pool_id, found = make_pool(engine, "多机共保体"), lifts(urls, requests)
        _, token = make_officer(engine)
        environment, store = environment_of(urls, folder / "state"), Store(folder / "state" / "papers")
        (folder / "state").mkdir()

        def machine(name: str, *words: str) -> Machine:
            return stack.enter_context(stopped_afterwards(Machine(words, environment, folder / f"{name}.log")))

        ports = [free_port() for _ in range(WEBS)]
        webs = [machine(f"web{port}", "serve", "--port", str(port), "--workers", "2") for port in ports]
        for port in ports:
            until("the web servers answer", lambda port=port: answers(port), _READY_WITHIN_S)  # type: ignore[misc]
        figures = web_part(webs, ports, Client(ports, token, pool_id), found)
        workers = [machine("worker1", "worker")]
        until("the first worker is there", lambda: len(look.workers()) == 1, _READY_WITHIN_S)
        first = look.workers()[0]
        workers.append(machine("worker2", "worker"))
        until("the second worker is there", lambda: len(look.workers()) == 2, _READY_WITHIN_S)
        sent = send_lists(engine, store, pool_id, folder, count, rows)
        figures += worker_part(workers, first, look, engine, sent)
        assert look.count("SELECT count(*) FROM policy") == requests + count * rows
        assert look.count("SELECT count(DISTINCT document) FROM entry") == requests + count * rows
        for one in (*webs, *workers):
            one.stop()
        learn(urls)
        with auditor_engine_at(urls.auditor) as auditor:
            report = verification.run(auditor, at=clock.now(), files=Files(store))
        assert report.is_whole, report.broken
        return [*figures, Figure("之后核验", "verified afterwards", f"{len(report.results)} invariants, all whole")]
