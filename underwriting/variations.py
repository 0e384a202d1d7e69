"""A change of a pool's agreement: proposed by one party, consented to by all, then the next version (decision 55).

The parties are the members and, where the pool comes from a tender, the bureau that concluded the agreement with them.
Shares and terms stay those of the last version; what changes are the clauses and the end. A version is for policies
that begin on or after its first day, so that nothing that was booked changes.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from core import audit, clock
from core.errors import Conflict, Finding, Forbidden, Invalid, NotFound
from core.permits import Actor, require
from core.stages import step
from ledger import books
from ledger.clause_models import PoolClosing
from tender.models import Tender
from underwriting import pools, stages
from underwriting.models import Agreement, Pool
from underwriting.terms import APART, Clauses
from underwriting.variation_models import Variation, VariationConsent

_REASON_MAX = 500

#: A new version ends at most so many days after its first: ten years.
_DAYS_MOST = 3653


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed: the first day of the new version, its end, its clauses, and why."""

    effective_on: date
    ends_on: date
    clauses: Clauses
    reason: str


@dataclass(frozen=True, slots=True)
class Party:
    """A party that is asked, and its consent where it has given it."""

    organisation_id: uuid.UUID
    consent: VariationConsent | None


def visible_to(pool: Pool) -> Select[Variation]:
    """Return the query of the changes of a pool, the newest first: they are the business of all its parties.

    Whoever has the pool from `underwriting.pools.get` may know of it.
    """
    query = select(Variation).where(Variation.pool_id == pool.id)
    return query.order_by(Variation.proposed_at.desc(), Variation.id.desc())


def get(session: Session, pool: Pool, variation_id: uuid.UUID) -> Variation:
    """Return a change of a pool; NotFound `variation_not_found`."""
    row = session.scalar(visible_to(pool).where(Variation.id == variation_id))
    if row is None:
        raise NotFound("variation_not_found")
    return row


def asked(session: Session, pool: Pool) -> tuple[uuid.UUID, ...]:
    """Return who has to consent: the members of the newest version, the lead first, and the bureau of its tender."""
    members = books.latest_shares(session, pool.id).members
    if pool.tender_id is None:
        return members
    return (*members, session.get_one(Tender, pool.tender_id).organisation_id)


def parties(session: Session, row: Variation) -> list[Party]:
    """Return the parties of a proposed change with the consents that they have given, in the order of the agreement."""
    given = {
        one.organisation_id: one
        for one in session.scalars(select(VariationConsent).where(VariationConsent.variation_id == row.id))
    }
    who = asked(session, session.get_one(Pool, row.pool_id)) if row.stage == "proposed" else tuple(given)
    return [Party(one, given.get(one)) for one in who]


def standing_on(day: date) -> ColumnElement[bool]:
    """Return the condition under which a change can be concluded still: before its first day, of the last version.

    A proposed change of which this is not true any more has lapsed by itself, and makes way for the next.
    """
    last = select(func.max(Agreement.number)).where(Agreement.pool_id == Variation.pool_id).scalar_subquery()
    return (Variation.stage == "proposed") & (Variation.effective_on > day) & (Variation.base_number == last)


def stage_on(session: Session, row: Variation, day: date) -> str:
    """Return how a change stands on a day: as its row says, or `lapsed` where it can not be concluded any more."""
    can = select(Variation.id).where(Variation.id == row.id, standing_on(day))
    return "lapsed" if row.stage == "proposed" and session.scalar(can) is None else row.stage


def propose_change(session: Session, pool: Pool, told: Proposal, *, by: Actor, at: datetime) -> Variation:
    """Return a change of a pool's agreement, proposed to its parties; the proposer's own consent is given with it.

    Refuses Forbidden `role_may_not`, `variation_not_asked`; Conflict `run_off_over`, `run_off_no_policies` once its
    agreement is over, `variation_open` while another may still be concluded; Invalid `variation_day_wrong` (first,
    last), `variation_ends_early`, `variation_ends_late` (last), `variation_nothing_new`, `variation_needs_reason`,
    `variation_reason_too_long`.
    """
    require(by, "variation.propose")
    own = _own(session, pool, by)
    if session.get(PoolClosing, pool.id) is not None:
        raise Conflict("run_off_over")
    today = clock.on(at)
    pools.require_writing(session, pool.id, today)
    before = session.scalar(visible_to(pool).where(Variation.stage == "proposed").limit(1).with_for_update())
    if before is not None and stage_on(session, before, today) == "proposed":
        raise Conflict("variation_open")
    last = pools.agreements(session, pool.id)[-1]
    _require_new(session, last, told, today)
    if before is not None:
        stages.move_variation(session, before, "lapse", by=by, at=at)
    assert by.person_id is not None  # noqa: S101 - nobody proposes without being somebody
    apart = [kind for kind in APART if kind in told.clauses.settled_apart]
    row = Variation(
        pool_id=pool.id,
        base_number=last.number,
        effective_on=told.effective_on,
        ends_on=told.ends_on,
        settled_apart=apart,
        is_step_up=told.clauses.is_step_up,
        reason=_words(told.reason),
        stage="proposed",
        organisation_id=own,
        proposed_by=by.person_id,
        proposed_at=at,
    )
    session.add(row)
    session.flush()
    facts = {
        "pool": pool.id,
        "number": last.number + 1,
        "effective_on": row.effective_on.isoformat(),
        "ends_on": row.ends_on.isoformat(),
        "settled_apart": apart,
        "is_step_up": row.is_step_up,
        "reason": row.reason,
    }
    audit.record(session, "variation.proposed", by=by, at=at, of=("variation", row.id), facts=facts)
    _give(session, row, own, by, at)
    return row


def require_asked(session: Session, row: Variation, by: Actor) -> None:
    """Refuse Forbidden `variation_not_asked` from whoever speaks for no party of the agreement."""
    _own(session, session.get_one(Pool, row.pool_id), by)


def require_proposer(session: Session, row: Variation, by: Actor) -> None:
    """Refuse Forbidden `variation_not_asked`, `variation_not_yours` from whoever does not speak for the proposer."""
    if _own(session, session.get_one(Pool, row.pool_id), by) != row.organisation_id:
        raise Forbidden("variation_not_yours")


def _own(session: Session, pool: Pool, by: Actor) -> uuid.UUID:
    """Return the party that an actor speaks for; Forbidden `variation_not_asked` where it is none."""
    if by.organisation_id is None or by.organisation_id not in asked(session, pool):
        raise Forbidden("variation_not_asked")
    return by.organisation_id


def _words(reason: str) -> str:
    """Return why something is proposed or declined, in words; refuses what is empty or too long."""
    words = reason.strip()
    if not words:
        raise Invalid("variation_needs_reason", [Finding("variation_needs_reason", "reason")])
    if len(words) > _REASON_MAX:
        found = Finding("variation_reason_too_long", "reason", {"most": _REASON_MAX})
        raise Invalid("variation_reason_too_long", [found])
    return words


def _require_new(session: Session, last: Agreement, told: Proposal, today: date) -> None:
    """Refuse a proposal that cannot become a version, or would change nothing."""
    _words(told.reason)
    first = max(today, last.effective_on) + timedelta(days=1)
    if not first <= told.effective_on < last.ends_on:
        days = {"first": first, "last": last.ends_on - timedelta(days=1)}
        raise Invalid("variation_day_wrong", [Finding("variation_day_wrong", "effective_on", dict(days))], **days)
    if told.ends_on <= told.effective_on:
        raise Invalid("variation_ends_early", [Finding("variation_ends_early", "ends_on")])
    if (told.ends_on - told.effective_on).days > _DAYS_MOST:
        latest = told.effective_on + timedelta(days=_DAYS_MOST)
        raise Invalid("variation_ends_late", [Finding("variation_ends_late", "ends_on", {"last": latest})], last=latest)
    now = pools.clauses_of(session, last)
    same = set(now.settled_apart) == set(told.clauses.settled_apart) and now.is_step_up == told.clauses.is_step_up
    if same and told.ends_on == last.ends_on:
        raise Invalid("variation_nothing_new", number=last.number)


def _give(session: Session, row: Variation, own: uuid.UUID, by: Actor, at: datetime) -> None:
    """Keep a party's consent."""
    assert by.person_id is not None  # noqa: S101 - nobody consents without being somebody
    session.add(VariationConsent(variation_id=row.id, organisation_id=own, said_by=by.person_id, said_at=at))
    session.flush()
    audit.record(session, "variation.consented", by=by, at=at, of=("variation", row.id), facts={"pool": row.pool_id})


def give_consent(session: Session, row: Variation, *, by: Actor, at: datetime) -> Agreement | None:
    """Consent to a proposed change for the actor's organisation; the last consent makes the version, which is returned.

    Refuses Forbidden `role_may_not`, `variation_not_asked`; Conflict `stage_refuses`, `variation_consented` a second
    time, `variation_too_late` from its first day on, `variation_outdated` where another version was made since.
    """
    require(by, "variation.consent")
    pool, own = _held(session, row, by)
    step(stages.VARIATION_MOVES, row.stage, "conclude", kind="variation")
    if session.get(VariationConsent, (row.id, own)) is not None:
        raise Conflict("variation_consented")
    if clock.on(at) >= row.effective_on:
        raise Conflict("variation_too_late", effective_on=row.effective_on)
    if pools.agreements(session, pool.id)[-1].number != row.base_number:
        raise Conflict("variation_outdated", number=row.base_number)
    _give(session, row, own, by, at)
    if any(one.consent is None for one in parties(session, row)):
        return None
    clauses = Clauses(tuple(row.settled_apart), row.is_step_up)
    made = pools.amend(session, pool, row.effective_on, row.ends_on, clauses, by=by, at=at)
    row.agreement_id = made.id
    stages.move_variation(session, row, "conclude", by=by, at=at)
    return made


def decline(session: Session, row: Variation, why: str, *, by: Actor, at: datetime) -> None:
    """Decline a proposed change for a party: it falls, whoever has consented.

    Refuses Forbidden `role_may_not`, `variation_not_asked`, Invalid `variation_needs_reason`,
    `variation_reason_too_long`; Conflict `stage_refuses`, of what has lapsed too.
    """
    require(by, "variation.consent")
    _held(session, row, by)
    step(stages.VARIATION_MOVES, stage_on(session, row, clock.on(at)), "decline", kind="variation")
    row.declined_why = _words(why)
    stages.move_variation(session, row, "decline", by=by, at=at, facts={"why": row.declined_why})


def withdraw(session: Session, row: Variation, *, by: Actor, at: datetime) -> None:
    """Take a proposed change back, for the party that proposed it.

    Refuses Forbidden `role_may_not`, `variation_not_asked`, `variation_not_yours`; Conflict `stage_refuses`, of what
    has lapsed too.
    """
    require(by, "variation.propose")
    require_proposer(session, row, by)
    _held(session, row, by)
    step(stages.VARIATION_MOVES, stage_on(session, row, clock.on(at)), "withdraw", kind="variation")
    stages.move_variation(session, row, "withdraw", by=by, at=at)


def _held(session: Session, row: Variation, by: Actor) -> tuple[Pool, uuid.UUID]:
    """Return the pool of a change and the party that an actor speaks for; the change's row is held."""
    pool = session.get_one(Pool, row.pool_id)
    own = _own(session, pool, by)
    session.refresh(row, with_for_update=True)
    return pool, own


def waiting(session: Session, by: Actor, *, on: date) -> Sequence[Variation]:
    """Return the changes that wait for the consent of an actor's organisation on a day, the first to begin first."""
    own = by.organisation_id
    given = select(VariationConsent.variation_id).where(VariationConsent.organisation_id == own)
    query = select(Variation).where(standing_on(on), Variation.id.not_in(given))
    found = session.scalars(query.order_by(Variation.effective_on, Variation.id)).all()
    return [one for one in found if own in asked(session, session.get_one(Pool, one.pool_id))]
