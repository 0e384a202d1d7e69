"""The part of the story that tells of lists of premiums: one posted at once, one that is faulty."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Engine

from core.db import new_id, unit_of_work
from core.errors import Finding
from core.permits import SYSTEM, Role
from tests.makers import AT, make_pool
from underwriting import bordereaux


def post_lists(engine: Engine) -> None:
    """A bordereau in a pool of its own: sent by one, approved by another, posted at once."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session, (5, 3, 2), name="批量共保体")
        maker, checker = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
        sent = bordereaux.Sent("保费清单.csv", "a" * 64, {})
        row = bordereaux.begin(session, made.pool, sent, on=date(2026, 3, 2), by=maker, at=AT)
        begins, ends = date(2026, 3, 1), date(2027, 3, 1)
        numbers, fen, none = ["L-1", "L-2", "L-3"], [101, 20_003, 7], [None] * 3
        piece = bordereaux.Piece(3, [2, 3, 5], numbers, none, [begins] * 3, [ends] * 3, [1, 2, 3], fen, [1] * 3)
        bordereaux.keep_piece(session, row, piece, [new_id() for _ in piece.line])
        bordereaux.finish_reading(session, row, by=SYSTEM, at=AT)
        bordereaux.approve(session, row, by=checker, at=AT)
        bordereaux.post(session, row, by=SYSTEM, at=AT)
        sent = bordereaux.Sent("退回的清单.csv", "c" * 64, {})
        stopped = bordereaux.begin(session, made.pool, sent, on=date(2026, 3, 2), by=maker, at=AT)
        piece = bordereaux.Piece(1, [2], ["L-9"], [None], [begins], [ends], [1], [5], [1])
        bordereaux.keep_piece(session, stopped, piece, [new_id()])
        bordereaux.finish_reading(session, stopped, by=SYSTEM, at=AT)
        bordereaux.approve(session, stopped, by=checker, at=AT)
        bordereaux.stop(session, stopped, code="period_closed", by=SYSTEM, at=AT)
        sent = bordereaux.Sent("有误的清单.csv", "b" * 64, {})
        faulty = bordereaux.begin(session, made.pool, sent, on=date(2026, 3, 2), by=maker, at=AT)
        wrong = bordereaux.Piece(1, faults=[(2, Finding("cell_required", "number"))])
        bordereaux.keep_piece(session, faulty, wrong, [])
        bordereaux.finish_reading(session, faulty, by=SYSTEM, at=AT)
