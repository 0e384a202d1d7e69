"""The accounts that members of a pool and payees of its claims are paid to: proposed, confirmed, in force from a day.

Money that goes to the wrong account is gone, so whoever changes one is never alone and never quick: another person of
the same member confirms, and the change waits two working days in the sight of both sides. A payee has no desk here:
two persons of the lead vouch for its account, by the same rules.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, false, or_, select
from sqlalchemy.orm import Session

from core import audit, calendar, clock, parties
from core.errors import Conflict, Forbidden, NotFound
from core.permits import Actor, require, require_other_person
from core.stages import step
from core.working_time import add_workdays
from ledger import stages
from ledger.bank_codes import AccountDetails
from ledger.bank_models import BankAccount, Payee
from ledger.books import require_lead
from ledger.models import Share

#: A change of an account in force takes effect so many working days after it was confirmed.
CHANGE_WORKDAYS = 2
#: No run of days off is longer: as far as the calendar is read.
_READ_DAYS = 30


@dataclass(frozen=True, slots=True)
class Standing:
    """An account and the days that it stands: from `from_on` until the day before `until_on`; open where None."""

    account: BankAccount
    from_on: date | None
    until_on: date | None

    def is_in_force(self, day: date) -> bool:
        """Say whether the member is paid to it on a day."""
        return self.from_on is not None and self.from_on <= day and (self.until_on is None or day < self.until_on)


def details_of(row: BankAccount) -> AccountDetails:
    """Return what an account is at its bank."""
    return AccountDetails(row.name, row.bank, row.cnaps, row.number)


def visible_to(actor: Actor) -> Select[BankAccount]:
    """Return the query of the accounts an actor may see: its own; of led pools those confirmed, and payees'."""
    query = select(BankAccount)
    if actor.sees_all:
        return query
    if actor.organisation_id is None:
        return query.where(false())
    wanted: list[ColumnElement[bool]] = [BankAccount.organisation_id == actor.organisation_id]
    if actor.led_pools:
        shown = or_(BankAccount.stage == "confirmed", BankAccount.payee_id.is_not(None))
        wanted.append(and_(BankAccount.pool_id.in_(actor.led_pools), shown))
    return query.where(or_(*wanted))


def get(session: Session, account_id: uuid.UUID, actor: Actor, *, pool_id: int) -> BankAccount:
    """Return an account of a pool that the actor may know of; NotFound `bank_account_not_found`."""
    wanted = BankAccount.id == account_id, BankAccount.pool_id == pool_id
    row = session.scalar(visible_to(actor).where(*wanted))
    if row is None:
        raise NotFound("bank_account_not_found")
    return row


def names_of(session: Session, owners: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return owner of an account -> its name: members and payees."""
    listed = list(owners)
    payees = session.execute(select(Payee.id, Payee.name).where(Payee.id.in_(listed)))
    return {**parties.names_of(session, listed), **{row[0]: row[1] for row in payees}}


def propose(
    session: Session, pool_id: int, told: AccountDetails, *, by: Actor, at: datetime, payee: Payee | None = None
) -> BankAccount:
    """Return the account that a member, or a payee of the pool that one leads, would be paid to, to be confirmed.

    Refuses Forbidden `role_may_not`, `not_a_member`, and for a payee `lead_only`; Invalid `bank_account_wrong` with
    every wrong field; Conflict `bank_account_waits` while another proposal of the owner waits, `bank_account_stands`
    where it is the same account as the last that was confirmed.
    """
    require(by, "bank_account.propose")
    owner_id = _proposed_for(session, pool_id, payee, by)
    read = told.checked()
    rows = _of_owner(session, pool_id, owner_id)
    if any(row.stage == "proposed" for row in rows):
        raise Conflict("bank_account_waits")
    if (last := _last(rows)) is not None and details_of(last) == read:
        raise Conflict("bank_account_stands")
    assert by.person_id is not None  # noqa: S101 - nobody proposes without being somebody
    row = BankAccount(
        pool_id=pool_id,
        organisation_id=owner_id if payee is None else None,
        payee_id=None if payee is None else owner_id,
        name=read.name,
        bank=read.bank,
        cnaps=read.cnaps,
        number=read.number,
        stage="proposed",
        proposed_by=by.person_id,
        proposed_at=at,
    )
    session.add(row)
    session.flush()
    facts = {"pool": pool_id, "member" if payee is None else "payee": str(owner_id), "sha256": read.digest}
    audit.record(session, "bank_account.proposed", by=by, at=at, of=("bank_account", row.id), facts=facts)
    return row


def _proposed_for(session: Session, pool_id: int, payee: Payee | None, by: Actor) -> uuid.UUID:
    """Return whose account an actor may propose: a payee's of the pool that it leads, or its own organisation's."""
    if payee is not None:
        require_lead(session, pool_id, by)
        return payee.id
    own = select(Share.organisation_id).where(Share.pool_id == pool_id, Share.organisation_id == by.organisation_id)
    if by.organisation_id is None or session.scalar(own.limit(1)) is None:
        raise Forbidden("not_a_member")
    return by.organisation_id


def confirm_account(session: Session, row: BankAccount, *, by: Actor, at: datetime) -> None:
    """Confirm a proposed account: its owner's first stands at once, a change two working days later.

    Refuses Forbidden `role_may_not`, `not_your_bank_account`, for a payee's `lead_only`, `second_person_needed` from
    whoever proposed it; Conflict `stage_refuses`, `calendar_not_known` where the days ahead are not known.
    """
    require(by, "bank_account.confirm")
    _require_own(session, row, by)
    step(stages.BANK_ACCOUNT_MOVES, row.stage, "confirm", kind="bank_account")
    require_other_person(row.proposed_by, by)
    today = clock.on(at)
    last = _last(_of_owner(session, row.pool_id, row.owner_id))
    effective_on = today
    if last is not None and last.effective_on is not None:
        known = calendar.load(session, today, today + timedelta(days=_READ_DAYS))
        # A change that waits already is not overtaken by the next.
        effective_on = max(add_workdays(known, today, CHANGE_WORKDAYS).on, last.effective_on)
    row.effective_on = effective_on
    told = {"effective_on": effective_on.isoformat()}
    stages.move_bank_account(session, row, "confirm", by=by, at=at, facts=told)


def reject(session: Session, row: BankAccount, *, by: Actor, at: datetime) -> None:
    """Let a proposal fall: whoever of the member's finance desk finds it wrong, who proposed it too.

    Refuses Forbidden `role_may_not`, `not_your_bank_account`, for a payee's `lead_only`, Conflict `stage_refuses`.
    """
    require(by, "bank_account.reject")
    _require_own(session, row, by)
    step(stages.BANK_ACCOUNT_MOVES, row.stage, "reject", kind="bank_account")
    stages.move_bank_account(session, row, "reject", by=by, at=at)


def _require_own(session: Session, row: BankAccount, by: Actor) -> None:
    if row.payee_id is not None:
        require_lead(session, row.pool_id, by)
    elif by.organisation_id != row.organisation_id:
        raise Forbidden("not_your_bank_account")


def _of_owner(session: Session, pool_id: int, owner_id: uuid.UUID) -> Sequence[BankAccount]:
    """Return the accounts of a member or a payee, in the order in which they were proposed."""
    of_it = or_(BankAccount.organisation_id == owner_id, BankAccount.payee_id == owner_id)
    query = select(BankAccount).where(BankAccount.pool_id == pool_id, of_it)
    return session.scalars(query.order_by(BankAccount.proposed_at, BankAccount.id)).all()


def _last(rows: Iterable[BankAccount]) -> BankAccount | None:
    """Return the account confirmed last."""
    confirmed = [row for row in rows if row.stage == "confirmed"]
    return max(confirmed, key=_order) if confirmed else None


def _order(row: BankAccount) -> tuple[date, datetime]:
    """Return by what confirmed accounts of one owner follow one another."""
    return row.effective_on or date.max, row.decided_at or row.proposed_at


def standings(rows: Iterable[BankAccount]) -> list[Standing]:
    """Return accounts of any owners with the days that each stands, the newest of each owner first."""
    found: list[Standing] = []
    by_owner: dict[tuple[int, uuid.UUID], list[BankAccount]] = {}
    for row in rows:
        by_owner.setdefault((row.pool_id, row.owner_id), []).append(row)
    for of_one in by_owner.values():
        confirmed = sorted((row for row in of_one if row.stage == "confirmed"), key=_order)
        ends = dict(zip((row.id for row in confirmed), [row.effective_on for row in confirmed[1:]], strict=False))
        ordered = sorted(of_one, key=lambda row: (row.proposed_at, row.id), reverse=True)
        found += [Standing(row, row.effective_on, ends.get(row.id)) for row in ordered]
    return found


def paid_into(session: Session, pool_id: int, lead: uuid.UUID, *, at: datetime) -> BankAccount | None:
    """Return the lead's account that members pay into, as it stood at an instant; None before it had one."""
    confirmed = select(BankAccount).where(
        BankAccount.pool_id == pool_id,
        BankAccount.organisation_id == lead,
        BankAccount.stage == "confirmed",
        BankAccount.decided_at <= at,
        BankAccount.effective_on <= clock.on(at),
    )
    return max(session.scalars(confirmed), key=_order, default=None)


def in_force(session: Session, pool_id: int, day: date) -> Mapping[uuid.UUID, BankAccount]:
    """Return member or payee -> the account that it is paid to on a day; who has none is not in it."""
    query = select(BankAccount).where(BankAccount.pool_id == pool_id, BankAccount.stage == "confirmed")
    rows = session.scalars(query).all()
    return {one.account.owner_id: one.account for one in standings(rows) if one.is_in_force(day)}
