"""Items that an agreement has paid on their own: taken out of the statements at the close, paid each by itself.

Which lines of a statement these are, the version of the agreement in force by the period's end says
(docs/decisions/0051). The lead's own lines stay on its statement: it holds the money.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import Session

from core import audit, clock
from core.db import new_id
from core.errors import NotFound
from core.permits import Actor, require
from core.stages import step
from ledger import bank_payouts, entries, stages
from ledger.bank_models import PaymentBatch
from ledger.bank_payouts import Payable
from ledger.books import AccountRef, latest_shares, require_lead
from ledger.clause_models import ApartItem
from ledger.entries import Event, Move, Posted
from ledger.models import Account, Entry, Period, Transfer
from ledger.rates import interest_days, late_interest
from ledger.reasons import LINE_OF, Line, Reason
from underwriting import pools, settling


def take(session: Session, period: Period, *, on: date, by: Actor, at: datetime) -> list[ApartItem]:
    """Take what is paid on its own out of the current accounts of a period that is being closed; return the items.

    One a follower and line, each to be paid as a statement told that day would be. Nothing where the agreement has all
    of it netted.
    """
    agreement = settling.agreement_in(session, period)
    kinds = pools.clauses_of(session, agreement).settled_apart
    if not kinds:
        return []
    due_on = settling.due_after(session, agreement, clock.on(at))
    lead = latest_shares(session, period.pool_id).lead
    made: list[ApartItem] = []
    for (member, line), fen in _line_sums(session, period).items():
        if member == lead or line.value not in kinds or not fen:
            continue
        number = f"AP-{period.pool_id}-{period.label}-{len(made) + 1:03d}"
        item_id = new_id()
        own, owed, owing = (AccountRef(code, member) for code in ("2210", "2220", "1220"))
        move = Move(own, owed, fen) if fen > 0 else Move(owing, own, -fen)
        event = Event(Reason.SETTLED_APART, on, "apart_item", item_id, number)
        posted = entries.post(session, period.pool_id, event, [move], by=by, at=at)
        item = ApartItem(
            id=item_id,
            pool_id=period.pool_id,
            period_id=period.id,
            organisation_id=member,
            line=line.value,
            number=number,
            amount_fen=fen,
            entry_id=posted.entry_id,
            due_on=due_on,
            stage="open",
            taken_at=at,
        )
        session.add(item)
        session.flush()
        facts = {"number": number, "amount_fen": fen, "line": line.value, "due_on": due_on.isoformat()}
        audit.record(session, "apart_item.taken", by=by, at=at, of=("apart_item", item.id), facts=facts)
        made.append(item)
    return made


def _line_sums(session: Session, period: Period) -> dict[tuple[uuid.UUID, Line], int]:
    """Return what each line of each member's statement would come to, in fen, positive = the pool owes the member."""
    same = (Entry.pool_id == Transfer.pool_id) & (Entry.period_id == Transfer.period_id)
    # By pairs of accounts first and once, as `ledger.statements` sums a period.
    moved = (
        select(Transfer.debit_id, Transfer.credit_id, Entry.reason, func.sum(Transfer.amount_fen).label("fen"))
        .join(Entry, same & (Entry.id == Transfer.entry_id))
        .where(Transfer.pool_id == period.pool_id, Transfer.period_id == period.id)
        .group_by(Transfer.debit_id, Transfer.credit_id, Entry.reason)
        .cte("moved")
        .prefix_with("MATERIALIZED")
    )
    signed = func.sum(case((moved.c.credit_id == Account.id, moved.c.fen), else_=-moved.c.fen))
    query = (
        select(Account.organisation_id, moved.c.reason, signed)
        .select_from(moved)
        .join(Account, or_(Account.id == moved.c.debit_id, Account.id == moved.c.credit_id))
        .where(Account.pool_id == period.pool_id, Account.code == "2210")
        .group_by(Account.organisation_id, moved.c.reason)
    )
    found: dict[tuple[uuid.UUID, Line], int] = {}
    for member, reason, fen in session.execute(query):
        place = (member, LINE_OF[Reason(reason)])
        found[place] = found.get(place, 0) + int(fen)
    order = {line: number for number, line in enumerate(Line)}
    return dict(sorted(found.items(), key=lambda one: (str(one[0][0]), order[one[0][1]])))


def visible_to(actor: Actor) -> Select[ApartItem]:
    """Return the query of the items an actor may see: its own, its led pools', or all for those who read all."""
    query = select(ApartItem)
    if actor.sees_all:
        return query
    own = ApartItem.organisation_id == actor.organisation_id
    return query.where(or_(own, ApartItem.pool_id.in_(actor.led_pools)))


def listed(session: Session, pool_id: int, actor: Actor) -> Sequence[ApartItem]:
    """Return the items of a pool that the actor may see, the newest period first."""
    query = visible_to(actor).where(ApartItem.pool_id == pool_id)
    return session.scalars(query.order_by(ApartItem.period_id.desc(), ApartItem.number)).all()


def get(session: Session, item_id: uuid.UUID, actor: Actor, *, pool_id: int) -> ApartItem:
    """Return an item of a pool that the actor may see; NotFound `netting_item_not_found`."""
    row = session.scalar(visible_to(actor).where(ApartItem.id == item_id, ApartItem.pool_id == pool_id))
    if row is None:
        raise NotFound("netting_item_not_found")
    return row


def pay(session: Session, item: ApartItem, *, on: date, by: Actor, at: datetime) -> Posted:
    """Book that an item is paid: by the member into pool money, or to the member out of it.

    A member that pays late owes interest to the lead, who stood in, by the rate and days of a statement. Refuses
    Forbidden `role_may_not`, `lead_only`; Conflict `stage_refuses`, `subject_in_batch` while a batch pays it and the
    bank shows nothing; Invalid `day_before_step` before the close.
    """
    require(by, "apart.pay")
    require_lead(session, item.pool_id, by)
    entries.open_period_on(session, item.pool_id, on)
    session.refresh(item, with_for_update=True)
    step(stages.APART_MOVES, item.stage, "pay", kind="apart_item")
    bank_payouts.require_free(session, item.id, item.number, unless_shown=True)
    entries.require_not_before(entries.entry(session, item.pool_id, item.entry_id).on, on)
    member, fen = item.organisation_id, item.amount_fen
    cash = AccountRef("1010")
    move = Move(cash, AccountRef("1220", member), -fen) if fen < 0 else Move(AccountRef("2220", member), cash, fen)
    event = Event(Reason.APART_PAID, on, "apart_item", item.id, item.number)
    posted = entries.post(session, item.pool_id, event, [move], by=by, at=at)
    interest_fen = late_fen(session, item, on)
    if interest_fen:
        lead = latest_shares(session, item.pool_id).lead
        late = Event(Reason.LATE_INTEREST, on, "apart_item", item.id, item.number)
        moves = [Move(AccountRef("2210", member), AccountRef("2210", lead), interest_fen)]
        entries.post(session, item.pool_id, late, moves, by=by, at=at)
    item.paid_on, item.paid_by, item.paid_entry_id = on, by.person_id, posted.entry_id
    stages.move_apart(session, item, "pay", on=on, by=by, at=at)
    return posted


def to_pay(session: Session, pool_id: int) -> Sequence[ApartItem]:
    """Return the items of a pool that it owes its members and that no batch pays, the first due first."""
    owed = (ApartItem.pool_id == pool_id, ApartItem.stage == "open", ApartItem.amount_fen > 0)
    found = session.scalars(select(ApartItem).where(*owed).order_by(ApartItem.due_on, ApartItem.number)).all()
    held = bank_payouts.taken(session, [one.id for one in found])
    return [one for one in found if one.id not in held]


def prepare_items(session: Session, pool_id: int, *, pays_on: date, by: Actor, at: datetime) -> PaymentBatch:
    """Return a batch that pays every item that the pool owes its members; refuses as `prepare_subjects` does."""
    payables = [Payable(one.id, one.number, one.organisation_id, one.amount_fen) for one in to_pay(session, pool_id)]
    return bank_payouts.prepare_subjects(session, pool_id, "apart", payables, pays_on=pays_on, by=by, at=at)


def late_fen(session: Session, item: ApartItem, until_on: date) -> int:
    """Return the late interest in fen on an item up to a day; nothing where the pool owes it, or it is in time."""
    if item.amount_fen > 0:
        return 0
    terms = settling.agreement_in(session, session.get_one(Period, item.period_id))
    days = interest_days(item.due_on, until_on)
    return late_interest(-item.amount_fen, terms.late_interest_bp, days, terms.day_count)
