"""Statements of account: what a period did to each member's current account, sealed when the period closes.

A statement is a view of the entries, never a second calculation: its lines and movements are the period's transfers on
the member's account 2210, and the close moves their sum to 1220 or 2220.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, case, func, or_, select, text
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Finding, Forbidden, Invalid, NotFound
from core.permits import Actor, require
from core.stages import step
from ledger import stages, threads
from ledger.books import AccountRef, latest_shares, require_lead
from ledger.clause_models import PoolClosing, StepUp
from ledger.entries import Event, Move, Posted, post
from ledger.models import Account, Entry, Period, Statement, Transfer
from ledger.reasons import LINE_OF, Line, Reason

#: A period's name stands in addresses, file names and statement numbers.
_LABEL = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,19}")


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of a statement: positive fen = the pool owes the member; `count` movements stand behind it."""

    kind: Line
    amount_fen: int
    count: int


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of a member's current account: positive fen = in the member's favour."""

    entry_id: int
    on: date
    reason: Reason
    subject_kind: str
    subject_id: uuid.UUID
    document: str
    amount_fen: int


def open_period(
    session: Session,
    pool_id: int,
    label: str,
    starts_on: date,
    ends_on: date,
    *,
    by: Actor,
    at: datetime,
    is_rehearsal: bool = False,
) -> Period:
    """Open a period of a pool, with the partition that its transfers go to, and return it.

    A rehearsal's period is named by the file that is played. Refuses Forbidden `role_may_not`, `lead_only`; Invalid
    `period_label_wrong`, `period_dates`; Conflict `period_exists` where one has the label or overlaps it,
    `run_off_over` once the pool is closed for good.
    """
    require(by, "period.open")
    require_lead(session, pool_id, by)
    if not is_rehearsal and not _LABEL.fullmatch(label):
        raise Invalid("period_label_wrong", [Finding("period_label_wrong", "label")])
    if starts_on > ends_on:
        raise Invalid("period_dates", starts_on=starts_on, ends_on=ends_on)
    if session.get(PoolClosing, pool_id) is not None:
        raise Conflict("run_off_over")
    clash = select(Period.label).where(
        Period.pool_id == pool_id,
        or_(Period.label == label, (Period.starts_on <= ends_on) & (Period.ends_on >= starts_on)),
    )
    if (found := session.scalar(clash.limit(1))) is not None:
        raise Conflict("period_exists", period=found)
    number = session.scalar(
        text("SELECT open_period(:pool, :label, :starts, :ends, :rehearsal)"),
        {"pool": pool_id, "label": label, "starts": starts_on, "ends": ends_on, "rehearsal": is_rehearsal},
    )
    facts = {"pool": pool_id, "label": label, "starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}
    audit.record(session, "period.opened", by=by, at=at, of=("period", number), facts=facts)
    return session.scalars(select(Period).where(Period.id == number)).one()


def period(session: Session, pool_id: int, label: str) -> Period:
    """Return a pool's period by its label; NotFound `period_not_found`."""
    row = session.scalar(select(Period).where(Period.pool_id == pool_id, Period.label == label))
    if row is None:
        raise NotFound("period_not_found", period=label)
    return row


def periods(session: Session, pool_id: int) -> Sequence[Period]:
    """Return a pool's periods, newest first."""
    return session.scalars(select(Period).where(Period.pool_id == pool_id).order_by(Period.starts_on.desc())).all()


def lock_period(session: Session, pool_id: int, label: str) -> Period:
    """Return a pool's open period, locked against every posting until the transaction ends.

    Refuses Conflict `stage_refuses` where it is closed, `earlier_period_open` where one before it is still open: what
    is charged at a close builds on the closes before it.
    """
    held = select(Period).where(Period.pool_id == pool_id, Period.label == label).with_for_update()
    row = session.scalar(held.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("period_not_found", period=label)
    step(stages.PERIOD_MOVES, row.stage, "close", kind="period")
    earlier = select(Period.label).where(
        Period.pool_id == pool_id, Period.stage == "open", Period.ends_on < row.starts_on
    )
    if (waiting := session.scalar(earlier.order_by(Period.ends_on).limit(1))) is not None:
        raise Conflict("earlier_period_open", period=waiting)
    return row


def seal(session: Session, row: Period, *, on: date, by: Actor, at: datetime) -> list[Statement]:
    """Close a locked period: move every current account to the statement balance, write a draft statement a member.

    Afterwards the period's entries leave every 2210 at zero, and it takes no posting; what the next period has booked
    already stays there. Returns the statements in member order.
    """
    members = latest_shares(session, row.pool_id).members
    owed = {member: -fen for member, fen in _current_accounts(session, row).items()}
    moves = [_closing_move(member, owed[member]) for member in owed if owed[member]]
    if moves:
        event = Event(Reason.PERIOD_CLOSED, on, "period", _period_subject(row), row.label)
        post(session, row.pool_id, event, moves, period=row, by=by, at=at)
    last = session.scalar(select(func.max(Entry.id)).where(Entry.pool_id == row.pool_id, Entry.period_id == row.id))
    row.last_entry_id = last or 0
    made = [
        Statement(
            pool_id=row.pool_id,
            period_id=row.id,
            organisation_id=member,
            number=f"SA-{row.pool_id}-{row.label}-{place:02d}",
            stage="draft",
            balance_fen=owed.get(member, 0),
            last_entry_id=row.last_entry_id,
            made_at=at,
        )
        for place, member in enumerate([*members, *sorted(set(owed) - set(members))], start=1)
    ]
    session.add_all(made)
    stages.move_period(session, row, "close", on=on, by=by, at=at)
    return made


def _period_subject(row: Period) -> uuid.UUID:
    """Return the id by which entries about a period name it."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"period:{row.pool_id}:{row.id}")


def _current_accounts(session: Session, row: Period) -> dict[uuid.UUID, int]:
    """Return what a period's entries put on each member's current account in fen, debit positive."""
    # Summed by pairs of accounts first, which are few however many transfers there are; and once: the database would
    # do it again for every account where it takes the members for one.
    moved = (
        select(Transfer.debit_id, Transfer.credit_id, func.sum(Transfer.amount_fen).label("fen"))
        .where(Transfer.pool_id == row.pool_id, Transfer.period_id == row.id)
        .group_by(Transfer.debit_id, Transfer.credit_id)
        .cte("moved")
        .prefix_with("MATERIALIZED")
    )
    signed = func.sum(case((moved.c.debit_id == Account.id, moved.c.fen), else_=-moved.c.fen))
    query = (
        select(Account.organisation_id, signed)
        .select_from(moved)
        .join(Account, or_(Account.id == moved.c.debit_id, Account.id == moved.c.credit_id))
        .where(Account.pool_id == row.pool_id, Account.code == "2210")
        .group_by(Account.organisation_id)
        .order_by(Account.organisation_id)
    )
    return {member: int(fen) for member, fen in session.execute(query) if member is not None}


def _closing_move(member: uuid.UUID, owed_fen: int) -> Move:
    """Return the move that takes a current account to zero; `owed_fen` positive = the pool owes the member."""
    if owed_fen > 0:
        return Move(AccountRef("2210", member), AccountRef("2220", member), owed_fen)
    return Move(AccountRef("1220", member), AccountRef("2210", member), -owed_fen)


def visible_to(actor: Actor) -> Select[Statement]:
    """Return the query of the statements an actor may see: its own, its led pools', or all for those who read all."""
    query = select(Statement)
    if actor.sees_all:
        return query
    if actor.organisation_id is None:
        return query.where(text("false"))
    own = Statement.organisation_id == actor.organisation_id
    # A draft is the lead's until it is issued.
    shown = own & (Statement.stage != "draft")
    return query.where(or_(shown, Statement.pool_id.in_(actor.led_pools))) if actor.led_pools else query.where(shown)


def of_period(session: Session, row: Period) -> Sequence[Statement]:
    """Return a period's statements, in member order."""
    query = select(Statement).where(Statement.pool_id == row.pool_id, Statement.period_id == row.id)
    return session.scalars(query.order_by(Statement.number)).all()


def _movements(statement: Statement) -> Select[int, date, str, str, uuid.UUID, str, int]:
    """Return the query of a statement's movements: its period's transfers on the member's 2210, the close left out."""
    signed = func.sum(case((Transfer.credit_id == Account.id, Transfer.amount_fen), else_=-Transfer.amount_fen))
    same_entry = (
        (Entry.pool_id == Transfer.pool_id) & (Entry.period_id == Transfer.period_id) & (Entry.id == Transfer.entry_id)
    )
    return (
        select(Entry.id, Entry.on, Entry.reason, Entry.subject_kind, Entry.subject_id, Entry.document, signed)
        .select_from(Transfer)
        .join(Account, or_(Account.id == Transfer.debit_id, Account.id == Transfer.credit_id))
        .join(Entry, same_entry)
        .where(
            Transfer.pool_id == statement.pool_id,
            Transfer.period_id == statement.period_id,
            Account.pool_id == statement.pool_id,
            Account.code == "2210",
            Account.organisation_id == statement.organisation_id,
            Entry.reason != Reason.PERIOD_CLOSED.value,
        )
        .group_by(Entry.id, Entry.on, Entry.reason, Entry.subject_kind, Entry.subject_id, Entry.document)
        .order_by(Entry.on, Entry.id)
    )


def movements(session: Session, statement: Statement, *, limit: int | None = None, offset: int = 0) -> list[Movement]:
    """Return a statement's movements in the order of their days."""
    rows = session.execute(_movements(statement).limit(limit).offset(offset))
    return [Movement(row[0], row[1], Reason(row[2]), row[3], row[4], row[5], int(row[6])) for row in rows]


def lines(session: Session, statement: Statement) -> list[StatementLine]:
    """Return a statement's lines in printed order, those with a movement; they add up to its balance."""
    moved = _movements(statement).order_by(None).subquery()
    signed, reason = moved.c[6], moved.c.reason
    totals: dict[Line, tuple[int, int]] = {}
    query = select(reason, func.sum(signed), func.count()).group_by(reason)
    for name, fen, count in session.execute(query):
        kind = LINE_OF[Reason(name)]
        before = totals.get(kind, (0, 0))
        totals[kind] = (before[0] + int(fen), before[1] + count)
    return [StatementLine(kind, *totals[kind]) for kind in Line if kind in totals]


def issue(session: Session, statement: Statement, *, due_on: date, by: Actor, at: datetime) -> None:
    """Send a draft statement to its member, its balance to be paid by `due_on`. Refuses Forbidden `lead_only`."""
    require_lead(session, statement.pool_id, by)
    step(stages.STATEMENT_MOVES, statement.stage, "issue", kind="statement")
    statement.issued_at, statement.due_on = at, due_on
    stages.move_statement(session, statement, "issue", by=by, at=at, facts={"due_on": due_on.isoformat()})


def answer(
    session: Session,
    statement: Statement,
    verb: str,
    *,
    by: Actor,
    at: datetime,
    words: str = "",
    entry_id: int | None = None,
) -> None:
    """Take the member's answer: `acknowledge`, `agree`, or `query` with its words and the entry they are about.

    While its query waits for the lead the member may add further words, as a query again. Refuses Forbidden
    `not_your_statement` from anyone but the member itself, Invalid `query_needs_words`, `statement_words_too_long`,
    `entry_not_on_statement`.
    """
    if by.organisation_id != statement.organisation_id:
        raise Forbidden("not_your_statement")
    if verb not in {"acknowledge", "agree", "query"}:
        raise Invalid("statement_answer_unknown", verb=verb)
    step(stages.STATEMENT_MOVES, statement.stage, verb, kind="statement")
    said = None
    if verb == "query":
        said = threads.say(session, statement, "member", words, entry_id, by=by, at=at)
    statement.answered_at, statement.answered_by = at, by.person_id
    stages.move_statement(session, statement, verb, by=by, at=at, facts=said)


def reply(
    session: Session, statement: Statement, words: str, *, by: Actor, at: datetime, entry_id: int | None = None
) -> None:
    """Answer a queried statement in words: it stands as issued again, for the member to answer.

    Refuses Forbidden `lead_only`, Invalid `reply_needs_words`, `statement_words_too_long`, `entry_not_on_statement`.
    """
    require_lead(session, statement.pool_id, by)
    step(stages.STATEMENT_MOVES, statement.stage, "answer", kind="statement")
    said = threads.say(session, statement, "lead", words, entry_id, by=by, at=at)
    stages.move_statement(session, statement, "answer", by=by, at=at, facts=said)


def require_settling(session: Session, row: Period, *, by: Actor) -> Sequence[Statement]:
    """Return the statements of a closed period, locked to be settled: each of them is agreed to.

    Refuses Forbidden `lead_only`, Conflict `period_not_closed`, `stage_refuses` where a statement is not agreed.
    """
    require_lead(session, row.pool_id, by)
    if row.stage != "closed":
        raise Conflict("period_not_closed", period=row.label)
    session.execute(select(Period.id).where(Period.id == row.id).with_for_update())
    made = to_settle(session, row)
    for statement in made or of_period(session, row):
        step(stages.STATEMENT_MOVES, statement.stage, "settle", kind="statement")
    return made


def to_settle(session: Session, row: Period) -> list[Statement]:
    """Return the statements of a period that are settled together: not yet settled, and none in default stepped up for.

    What a member in default owes is borne by the others (docs/decisions/0052); its own statement is settled by itself
    once it has paid.
    """
    stepped = set(session.scalars(select(StepUp.statement_id).where(StepUp.pool_id == row.pool_id)))
    return [one for one in of_period(session, row) if one.stage != "settled" and one.id not in stepped]


def settle_period(session: Session, row: Period, *, on: date, by: Actor, at: datetime) -> Posted | None:
    """Net the balances of a closed period's agreed statements against each other, and what is left through 1010.

    Those who owe pay those who are owed, in member order. Refuses Forbidden `lead_only`, Conflict `period_not_closed`,
    `stage_refuses` where a statement is not agreed. Returns the entry, or None where every balance is zero.
    """
    made = require_settling(session, row, by=by)
    owing = {statement.organisation_id: -statement.balance_fen for statement in made if statement.balance_fen < 0}
    owed = {statement.organisation_id: statement.balance_fen for statement in made if statement.balance_fen > 0}
    moves = _netted(owing, owed)
    posted = None
    if moves:
        event = Event(Reason.STATEMENT_SETTLED, on, "period", _period_subject(row), row.label)
        posted = post(session, row.pool_id, event, moves, by=by, at=at)
    for statement in made:
        statement.settled_on = on
        stages.move_statement(session, statement, "settle", by=by, at=at, facts={"on": on.isoformat()})
    return posted


def settle_one(session: Session, statement: Statement, *, on: date, by: Actor, at: datetime) -> Posted:
    """Book that a member has paid what it owes on its statement into pool money, by itself.

    Who may is its caller's business: a lead's own debt is not booked as paid by the lead (docs/decisions/0054).
    Refuses Conflict `stage_refuses` where it is not agreed.
    """
    step(stages.STATEMENT_MOVES, statement.stage, "settle", kind="statement")
    row = session.get_one(Period, statement.period_id)
    event = Event(Reason.STATEMENT_SETTLED, on, "period", _period_subject(row), row.label)
    moves = [Move(AccountRef("1010"), AccountRef("1220", statement.organisation_id), -statement.balance_fen)]
    posted = post(session, statement.pool_id, event, moves, by=by, at=at)
    statement.settled_on = on
    stages.move_statement(session, statement, "settle", by=by, at=at, facts={"on": on.isoformat()})
    return posted


def _netted(owing: dict[uuid.UUID, int], owed: dict[uuid.UUID, int]) -> list[Move]:
    """Return the moves that clear what is owing against what is owed, in order, the rest against pool money."""
    moves: list[Move] = []
    for debtor in owing:
        for creditor in owed:
            paid = min(owing[debtor], owed[creditor])
            if paid:
                moves.append(Move(AccountRef("2220", creditor), AccountRef("1220", debtor), paid))
                owing[debtor] -= paid
                owed[creditor] -= paid
    moves += [Move(AccountRef("1010"), AccountRef("1220", member), rest) for member, rest in owing.items() if rest]
    moves += [Move(AccountRef("2220", member), AccountRef("1010"), rest) for member, rest in owed.items() if rest]
    return moves
