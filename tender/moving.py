"""The only writers of a tender's and a bid's stage, each with one audit row; and what the database itself refuses."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Forbidden
from core.permits import Actor, Role
from core.stages import step
from tender.models import Bid, Tender, TenderSide
from tender.stages import BID_MOVES, TENDER_MOVES

#: What the walls of migration 0003 refuse, by SQLSTATE.
DATABASE_REFUSALS: Mapping[str, str] = {
    "GB020": "deadline_passed",
    "GB021": "tender_takes_no_bids",
    "GB022": "tender_opened",
    "GB023": "keys_too_early",
    "GB024": "tender_is_published",
    "GB025": "sheet_locked",
    "GB026": "award_not_whole",
    "GB027": "rehearsal_missing",
    "GB028": "agreement_unsigned",
    "GB029": "opening_unconfirmed",
    "GB030": "award_replaced",
    "GB031": "committee_tied",
    "GB032": "halt_stands",
    "GB033": "deadline_moved_otherwise",
}

#: Those who act for the bureau whose tender it is; the supervisor watches over every bureau's.
_OWN_BUREAU = frozenset({Role.OFFICER, Role.APPROVER})
#: Who by acting on a tender at all stands on the bureau's side of it.
_BUREAU_SIDE = _OWN_BUREAU | {Role.SUPERVISOR}

#: The audit name of each verb on a tender; a verb that is not here is named after itself.
_EVENTS: Mapping[str, str] = {
    "key": "key.ceremony",
    "approve": "tender.approved",
    "return": "tender.returned",
    "publish": "tender.published",
    "start_opening": "opening.started",
    "open": "opening.opened",
    "fail": "tender.failed",
    "evaluate": "evaluation.started",
    "report": "report.completed",
    "reopen": "report.reopened",
    "allocate": "allocation.run",
    "reallocate": "allocation.run",
    "publicise": "publicity.started",
    "uphold": "objection.upheld",
    "award": "award.decided",
    "contract": "agreement.concluded",
    "complete": "tender.completed",
    "cancel": "tender.cancelled",
    "annul": "tender.annulled",
    "suspend": "tender.suspended",
}


@contextmanager
def database_speaks() -> Iterator[None]:
    """Turn what the walls of the database refuse into Conflicts; the transaction is lost either way."""
    try:
        yield
    except DBAPIError as error:
        code = DATABASE_REFUSALS.get(str(getattr(error.orig, "sqlstate", "")))
        if code is None:
            raise
        raise Conflict(code) from error


def lock_tender(session: Session, tender: Tender, *, by: Actor) -> Tender:
    """Return the tender as it stands now, its row held until the transaction ends; the first lock of every verb.

    Officers and approvers act on their own bureau's tenders, and by acting stand on the bureau's side, as the
    supervisor does. Refuses with Forbidden `tender_of_another_bureau`, `other_side`.
    """
    query = select(Tender).where(Tender.id == tender.id).with_for_update()
    row = session.scalars(query.execution_options(populate_existing=True)).one()
    if by.role in _OWN_BUREAU and by.organisation_id != row.organisation_id:
        raise Forbidden("tender_of_another_bureau")
    if by.role in _BUREAU_SIDE:
        take_side(session, row, "bureau", by.person_id, by.organisation_id)
    return row


def hold_tender(session: Session, tender: Tender) -> Tender:
    """Return the tender as it stands now, held as it is until the transaction ends, beside others that hold it so."""
    query = select(Tender).where(Tender.id == tender.id).with_for_update(read=True)
    return session.scalars(query.execution_options(populate_existing=True)).one()


def move_tender(
    session: Session, tender: Tender, verb: str, *, by: Actor, at: datetime, facts: Mapping[str, Any] | None = None
) -> None:
    """Move a tender on and record it; Conflict `stage_refuses` where the table has no such move."""
    tender.stage = step(TENDER_MOVES, tender.stage, verb, kind="tender")
    with database_speaks():
        session.flush()
    event = "tender.resumed" if verb.startswith("resume_") else _EVENTS.get(verb, f"tender.{verb}")
    audit.record(session, event, by=by, at=at, of=("tender", tender.id), facts={"stage": tender.stage, **(facts or {})})


def move_bid(
    session: Session,
    bid: Bid,
    verb: str,
    *,
    event: str,
    by: Actor,
    at: datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Move a bid on and record it under `event`; Conflict `stage_refuses` where the table has no such move."""
    bid.stage = step(BID_MOVES, bid.stage, verb, kind="bid")
    with database_speaks():
        session.flush()
    told = {"stage": bid.stage, "tender": str(bid.tender_id), **(facts or {})}
    audit.record(session, event, by=by, at=at, of=("bid", bid.id), facts=told)


def take_side(
    session: Session, tender: Tender, side: str, person_id: uuid.UUID | None, organisation_id: uuid.UUID | None
) -> None:
    """Put a person on a side of a tender for good: `bureau`, `custodian`, `committee` or `bidder`.

    Refuses with Forbidden `other_side` who stands on another already, `tender_person_needed` who is no person.
    """
    if person_id is None:
        raise Forbidden("tender_person_needed")
    values = {"tender_id": tender.id, "person_id": person_id, "side": side, "organisation_id": organisation_id}
    session.execute(insert(TenderSide).values(values).on_conflict_do_nothing())
    found = session.get(TenderSide, (tender.id, person_id), populate_existing=True)
    if found is None or found.side != side:
        raise Forbidden("other_side", side=found.side if found else "bidder")
