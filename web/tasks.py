"""The tasks that jobs name: each takes what it stands on and its own arguments, and opens its own units of work.

A task is done at least once, perhaps twice, perhaps by another machine: it looks at how things stand before it acts.
A further task is added to `TASKS` and `TASK_WORDS`; one that comes back by the clock also to `PERIODIC`.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core import audit
from core.db import BUSY, instant, reader_for, run_in_unit
from core.errors import Refusal
from core.permits import SYSTEM
from core.settings import Settings
from web import keeping, limits, sign_in


@dataclass(frozen=True, slots=True)
class Bench:
    """What a task stands on."""

    settings: Settings
    engine: Engine


Task = Callable[..., None]


def log_key(settings: Settings) -> Ed25519PrivateKey:
    """Return the key that signs heads of the log; made at its first use."""
    return keeping.ed25519_key(settings.state_dir / "keys" / "log.pem")


@contextlib.contextmanager
def replica_of(settings: Settings) -> Iterator[Engine | None]:
    """Open the replica that `GONGBAO_READ_URL` names, for as long as something is read from it; None without one."""
    if not settings.read_url:
        yield None
        return
    reader = reader_for(settings.read_url, pool_size=1)
    try:
        yield reader
    finally:
        reader.dispose()


def sequence_log(bench: Bench) -> None:
    """Give every committed event its place in the log: what a killed process left behind gets it here."""
    audit.sequence(bench.engine)


def sign_log(bench: Bench) -> None:
    """Sign the head of the log as it stands; where nothing was added since, the signed head stands."""
    audit.sequence(bench.engine)
    key = log_key(bench.settings)

    def work(session: Session) -> None:
        audit.sign_head(session, key, at=instant(session))

    run_in_unit(bench.engine, SYSTEM, work)


def sweep(bench: Bench) -> None:
    """Remove rate buckets that are full again and sign-ins that have ended by themselves."""
    run_in_unit(bench.engine, SYSTEM, limits.sweep)
    idle_min, hours = bench.settings.session_idle_min, bench.settings.session_hours
    run_in_unit(bench.engine, SYSTEM, lambda session: sign_in.sweep(session, idle_min=idle_min, hours=hours))


def keep_statement_files(bench: Bench, statement_id: str) -> None:
    """Make, sign and keep the files of an issued statement; those that are kept already stay."""
    from ledger.models import Statement
    from web.statement_paper import keep_files

    def work(session: Session) -> None:
        statement = session.get_one(Statement, uuid.UUID(statement_id))
        keep_files(session, statement, bench.settings, by=SYSTEM, at=instant(session))

    run_in_unit(bench.engine, SYSTEM, work)


def keep_confirmation(bench: Bench, statement_id: str) -> None:
    """Make, sign and keep the confirmation of an agreed statement; one that is kept already stays."""
    from ledger.models import Statement
    from web import confirmation

    def work(session: Session) -> None:
        statement = session.get_one(Statement, uuid.UUID(statement_id))
        confirmation.keep_confirmation(session, statement, bench.settings, by=SYSTEM, at=instant(session))

    run_in_unit(bench.engine, SYSTEM, work)


def make_extract(bench: Bench, extract_id: str) -> None:
    """Make and keep the file of an extract of a book; one that is kept already stays."""
    from web.extracts import make

    with replica_of(bench.settings) as reader:
        make(bench.engine, keeping.store_in(bench.settings), uuid.UUID(extract_id), reader=reader)


@contextlib.contextmanager
def _kept_with_it() -> Iterator[None]:
    """Let a refusal be that was kept with what was refused; one that says `busy` makes the queue try again."""
    try:
        yield
    except Refusal as refusal:
        if refusal.code == BUSY:
            raise


def read_bordereau(bench: Bench, bordereau_id: str) -> None:
    """Read the file of a premium bordereau on from where it was left; one that has been read stays as it is."""
    from underwriting.models import Bordereau
    from web.bordereau_list import read_on
    from web.sent_work import file_of

    found = uuid.UUID(bordereau_id)
    with file_of(bench.engine, keeping.store_in(bench.settings), Bordereau, found) as stream:
        read_on(bench.engine, found, stream)


def post_bordereau(bench: Bench, bordereau_id: str) -> None:
    """Post an approved bordereau; what refuses it is kept with it, for those who sent and approved it to see."""
    from web.bordereau_list import post_now

    with _kept_with_it():
        post_now(bench.engine, uuid.UUID(bordereau_id))


def read_claims_list(bench: Bench, list_id: str) -> None:
    """Read the file of a list of claims; one that has been read stays as it is."""
    from claims.list_models import ClaimsList
    from web.claims_list import read_now
    from web.sent_work import file_of

    found = uuid.UUID(list_id)
    with file_of(bench.engine, keeping.store_in(bench.settings), ClaimsList, found) as stream:
        read_now(bench.engine, found, stream)


def file_claims_list(bench: Bench, list_id: str) -> None:
    """File an approved list of claims; what refuses it is kept with it, for those who sent and approved it to see."""
    from web.claims_list import file_now

    with _kept_with_it():
        file_now(bench.engine, uuid.UUID(list_id))


def take_up(bench: Bench) -> None:
    """Queue again what a worker that is heard of no more had begun; after so many tries it stays failed."""
    from web.jobs import take_up_again

    run_in_unit(bench.engine, SYSTEM, take_up_again)


#: name -> task. A job names one of these.
TASKS: Mapping[str, Task] = {
    "sequence_log": sequence_log,
    "sign_log": sign_log,
    "sweep": sweep,
    "keep_statement_files": keep_statement_files,
    "keep_confirmation": keep_confirmation,
    "make_extract": make_extract,
    "read_bordereau": read_bordereau,
    "post_bordereau": post_bordereau,
    "read_claims_list": read_claims_list,
    "file_claims_list": file_claims_list,
    "take_up": take_up,
}

#: name -> (中文, English): what a task is called where people read it.
TASK_WORDS: Mapping[str, tuple[str, str]] = {
    "sequence_log": ("日志编排序号", "Give log entries their places"),
    "sign_log": ("日志签名", "Sign the log"),
    "sweep": ("清理过期登录", "Clear old sign-ins"),
    "keep_confirmation": ("制作并签署对账确认函", "Make and sign the confirmation of a statement"),
    "keep_statement_files": ("制作并签署结算单文件", "Make and sign the files of a statement"),
    "make_extract": ("制作报表文件", "Make the file of an extract"),
    "read_bordereau": ("读取保费清单", "Read a premium bordereau"),
    "post_bordereau": ("保费清单入账", "Post a premium bordereau"),
    "read_claims_list": ("读取赔案名单", "Read a list of claims"),
    "file_claims_list": ("赔案名单立案入账", "File a list of claims"),
    "take_up": ("接办中断的任务", "Take up jobs that were cut off"),
}

#: name -> when, as cron writes it: what comes back by the clock.
PERIODIC: Mapping[str, str] = {
    "sequence_log": "* * * * *",
    "sign_log": "0 * * * *",
    "sweep": "17 3 * * *",
    "take_up": "* * * * *",
}
