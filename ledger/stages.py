"""MOVES of periods, statements, items settled on their own, step-ups, extracts, the bank: the writers of stages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from core import audit
from core.moving import move
from core.permits import Actor
from core.stages import Moves, step
from ledger.bank_models import BankAccount, BankLine, BankMatch, HeldReceipt, PaymentBatch, PaymentLine
from ledger.clause_models import ApartItem, StepUp
from ledger.extract_models import BookExtract
from ledger.models import Period, Statement

PERIOD_MOVES: Moves = {("open", "close"): "closed"}

STATEMENT_MOVES: Moves = {
    ("draft", "issue"): "issued",
    ("issued", "acknowledge"): "acknowledged",
    ("issued", "query"): "queried",
    ("acknowledged", "query"): "queried",
    ("queried", "query"): "queried",
    ("queried", "answer"): "issued",
    ("issued", "agree"): "agreed",
    ("acknowledged", "agree"): "agreed",
    ("agreed", "settle"): "settled",
}

EXTRACT_MOVES: Moves = {
    ("waiting", "begin"): "making",
    ("making", "begin"): "making",
    ("making", "finish"): "ready",
    ("making", "fail"): "failed",
    ("failed", "ask_again"): "waiting",
}

BANK_ACCOUNT_MOVES: Moves = {
    ("proposed", "confirm"): "confirmed",
    ("proposed", "reject"): "rejected",
}

APART_MOVES: Moves = {("open", "pay"): "paid"}

STEP_UP_MOVES: Moves = {("declared", "cure"): "cured"}

PAYMENT_BATCH_MOVES: Moves = {
    ("prepared", "release"): "released",
    ("prepared", "reject"): "rejected",
}

BANK_MATCH_MOVES: Moves = {("matched", "take_back"): "taken_back"}

HELD_RECEIPT_MOVES: Moves = {
    ("held", "place"): "placed",
    ("held", "return"): "returned",
    ("placed", "reopen"): "reopened",
}


def move_period(session: Session, period: Period, verb: str, *, on: date, by: Actor, at: datetime) -> None:
    """Move a period on and record it with its day; Conflict `stage_refuses` where the table has no such move."""
    period.stage = step(PERIOD_MOVES, period.stage, verb, kind="period")
    period.closed_at, period.closed_by = at, by.person_id
    session.flush()
    facts = {
        "pool": period.pool_id,
        "label": period.label,
        "last_entry": period.last_entry_id,
        "on": on.isoformat(),
    }
    audit.record(session, "period.closed", by=by, at=at, of=("period", period.id), facts=facts)


def move_statement(
    session: Session, statement: Statement, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a statement on and record it; Conflict `stage_refuses` where the table has no such move."""
    told = {"number": statement.number, **(facts or {})}
    move(session, statement, STATEMENT_MOVES, verb, of=("statement", statement.id), by=by, at=at, facts=told)


def move_apart(session: Session, row: ApartItem, verb: str, *, on: date, by: Actor, at: datetime) -> None:
    """Move an item settled on its own on and record it; Conflict `stage_refuses` where the table has no such move."""
    told = {"number": row.number, "on": on.isoformat()}
    move(session, row, APART_MOVES, verb, of=("apart_item", row.id), by=by, at=at, facts=told)


def move_step_up(session: Session, row: StepUp, verb: str, *, on: date, by: Actor, at: datetime) -> None:
    """Move a step-up on and record it; Conflict `stage_refuses` where the table has no such move."""
    told = {"amount_fen": row.amount_fen, "on": on.isoformat()}
    move(session, row, STEP_UP_MOVES, verb, of=("step_up", row.id), by=by, at=at, facts=told)


def move_extract(
    session: Session, extract: BookExtract, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move an extract on and record it; Conflict `stage_refuses` where the table has no such move."""
    told = {"kind": extract.kind, **(facts or {})}
    move(session, extract, EXTRACT_MOVES, verb, of=("book_extract", extract.id), by=by, at=at, facts=told)


def move_bank_account(
    session: Session, row: BankAccount, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a bank account on and record it; Conflict `stage_refuses` where the table has no such move."""
    row.decided_by, row.decided_at = by.person_id, at
    told = {"pool": row.pool_id, **(facts or {})}
    move(session, row, BANK_ACCOUNT_MOVES, verb, of=("bank_account", row.id), by=by, at=at, facts=told)


def move_payment_batch(
    session: Session, row: PaymentBatch, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a batch of payments on and record it; Conflict `stage_refuses` where the table has no such move."""
    row.decided_by, row.decided_at = by.person_id, at
    told = {"number": row.number, "pool": row.pool_id, **(facts or {})}
    move(session, row, PAYMENT_BATCH_MOVES, verb, of=("payment_batch", row.id), by=by, at=at, facts=told)


def pays(row: BankMatch) -> dict[str, str]:
    """Return what the log says of what a match pays: `statement`, `payment` or `apart`, by its id."""
    told = {"statement": row.statement_id, "payment": row.payment_id, "apart": row.apart_id}
    return {name: str(target) for name, target in told.items() if target is not None}


def mark_returned(
    session: Session, row: PaymentLine, batch: PaymentBatch, line: BankLine, why: str, *, by: Actor, at: datetime
) -> None:
    """Mark a payment as come back by a line of the bank, once, and record it with its reason."""
    row.return_line_id, row.returned_by, row.returned_at, row.returned_why = line.id, by.person_id, at, why
    session.flush()
    facts = {
        "number": batch.number,
        "pool": row.pool_id,
        "amount_fen": row.amount_fen,
        "line": str(line.id),
        "why": why,
    }
    audit.record(session, "payment_line.returned", by=by, at=at, of=("payment_line", row.id), facts=facts)


def move_bank_match(session: Session, row: BankMatch, verb: str, *, why: str, by: Actor, at: datetime) -> None:
    """Move a match on and record it with its reason; Conflict `stage_refuses` where the table has no such move."""
    row.stage = step(BANK_MATCH_MOVES, row.stage, verb, kind="bank_match")
    row.undone_by, row.undone_at, row.undone_why = by.person_id, at, why
    session.flush()
    told = {"pool": row.pool_id, **pays(row), "left_fen": row.difference_fen, "why": why}
    audit.record(session, f"bank_match.{verb}", by=by, at=at, of=("bank_line", row.line_id), facts=told)


def move_held_receipt(
    session: Session, row: HeldReceipt, verb: str, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    """Move a receipt on and record it; Conflict `stage_refuses` where the table has no such move."""
    told = {"pool": row.pool_id, "amount_fen": row.amount_fen, **(facts or {})}
    move(session, row, HELD_RECEIPT_MOVES, verb, of=("held_receipt", row.id), by=by, at=at, facts=told)
