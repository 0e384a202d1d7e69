"""The part of the story that tells of lists, of premiums and of claims: posted at once, faulty, stopped."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from claims import list_filing, lists
from claims.adjusting import AssessedLine
from claims.lists import ListedClaim, ListedLine
from core.db import unit_of_work
from core.errors import Conflict, Finding
from core.permits import SYSTEM, Role
from tests.makers import AT, MadePool, make_pool
from underwriting import bordereau_posting, bordereaux, sent_lists
from underwriting.models import Policy
from underwriting.sent_lists import Sent

#: Why lists of the story could not be posted.
_CLOSED = Conflict("period_closed", period="2026Q1", day="2026-03-02")


def post_lists(engine: Engine) -> None:
    """A bordereau in a pool of its own: sent by one, approved by another, posted at once."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session, (5, 3, 2), name="批量共保体")
        maker, checker = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
        sent = Sent("保费清单.csv", "a" * 64, {})
        row = bordereaux.begin(session, made.pool, sent, on=date(2026, 3, 2), by=maker, at=AT)
        begins, ends = date(2026, 3, 1), date(2027, 3, 1)
        numbers, fen, none = ["L-1", "L-2", "L-3"], [101, 20_003, 7], [None] * 3
        piece = bordereaux.Piece(3, [2, 3, 5], numbers, none, [begins] * 3, [ends] * 3, [1, 2, 3], fen, [1] * 3)
        bordereaux.keep_piece(session, row, piece)
        bordereaux.finish_reading(session, row, by=SYSTEM, at=AT)
        sent_lists.approve(session, row, by=checker, at=AT)
        bordereau_posting.post(session, row, by=SYSTEM, at=AT)
        sent = Sent("退回的清单.csv", "c" * 64, {})
        stopped = bordereaux.begin(session, made.pool, sent, on=date(2026, 3, 2), by=maker, at=AT)
        piece = bordereaux.Piece(1, [2], ["L-9"], [None], [begins], [ends], [1], [5], [1])
        bordereaux.keep_piece(session, stopped, piece)
        bordereaux.finish_reading(session, stopped, by=SYSTEM, at=AT)
        sent_lists.approve(session, stopped, by=checker, at=AT)
        sent_lists.stop(session, stopped, _CLOSED, by=SYSTEM, at=AT)
        sent = Sent("有误的清单.csv", "b" * 64, {})
        faulty = bordereaux.begin(session, made.pool, sent, on=date(2026, 3, 2), by=maker, at=AT)
        wrong = bordereaux.Piece(1, faults=[(2, Finding("cell_required", "number"))])
        bordereaux.keep_piece(session, faulty, wrong)
        bordereaux.finish_reading(session, faulty, by=SYSTEM, at=AT)
        _file_claims(session, made)


def _file_claims(session: Session, made: MadePool) -> None:
    """A list of two claims on the pool's policies, filed; one that is faulty; one whose approval was taken back."""
    handler, signatory = made.actor(Role.CLAIMS_HANDLER), made.actor(Role.SIGNATORY)
    policy_id = session.scalars(select(Policy.id).where(Policy.number == "L-2")).one()
    lines = [ListedLine(row, AssessedLine("门机", 5_001, 4_001, "单价过高")) for row in (2, 3, 4)]
    claims = [
        ListedClaim("L-C-1", policy_id, None, "门机", tuple(lines[:2])),
        ListedClaim("L-C-2", policy_id, None, "门机", tuple(lines[2:])),
    ]
    other = [ListedClaim("L-C-3", policy_id, None, "门机", tuple(lines[:1]))]
    faulty = [(2, Finding("cell_required", "number"))]
    told = (("赔案.csv", "d", claims, []), ("误.csv", "e", [], faulty), ("退.csv", "f", other, []))
    for name, digest, listed, wrong in told:
        sent = Sent(name, digest * 64, {})
        row = lists.begin(session, made.pool, sent, on=date(2026, 3, 2), by=handler, at=AT)
        lists.keep(session, row, 3, listed, wrong, by=SYSTEM, at=AT)
        if wrong:
            continue
        sent_lists.approve(session, row, by=signatory, at=AT)
        if listed is claims:
            list_filing.file(session, row, by=SYSTEM, at=AT)
        else:
            sent_lists.stop(session, row, _CLOSED, by=SYSTEM, at=AT)
