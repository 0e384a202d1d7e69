"""Every column that says who did something, when, or on which day, is held against the log or has its reason here."""

from __future__ import annotations

import re
from collections.abc import Mapping

import core.logged
import ledger.logged
import tender.logged
import underwriting.logged
import web.logged
from claims import logged as claims_logged
from core.db import Model
from tests.invariants.story import Story
from tests.makers import AT
from web import verification

#: A column of who, when or which day.
_WHO_WHEN = re.compile(r"(^person_id|_by|_at|_on)$|^(at|on|valid_from|valid_to)$")

#: Columns that another invariant holds.
HELD: Mapping[str, str] = {
    "entry.on": "INV-A2-ledger",
    "period.closed_at": "INV-L4",
    "period.closed_by": "INV-L4",
    "bank_month.first_on": "INV-A10-ledger",
    "share_version.effective_on": "INV-P3-agreement",
    **dict.fromkeys(("tender.starts_on", "tender.ends_on", "tender.documents_from_on"), "INV-T6"),
    **dict.fromkeys(("tender.documents_to_on", "tender.opening_at"), "INV-T6"),
    **dict.fromkeys(("tender.deadline_at", "amendment.issued_by", "amendment.confirmed_by"), "INV-T13"),
    **{f"halt.{verb}_{what}": "INV-T13" for verb in ("ordered", "lifted") for what in ("by", "at")},
    "opened_bid.received_at": "INV-T4",
    "opened_bid.opened_at": "INV-T4",
    "custodian_share.given_at": "INV-T11",
    "bidder_key.given_at": "INV-T11",
    **{f"fault.{step}_at": "INV-C6" for step in ("reported", "acknowledged", "arrived", "repaired", "accepted")},
    "fault.reported_by": "INV-A10-claims",
    "claim.marked_by": "INV-A10-claims",
}

#: Columns that no event tells, and why.
OPEN: Mapping[str, str] = {
    "audit_event.at": "the log itself, held by its tree (INV-A1, INV-A2-log)",
    "audit_event.person_id": "the log itself, held by its tree (INV-A1, INV-A2-log)",
    "audit_head.signed_at": "signed with the head (INV-A1)",
    "idempotency_key.at": "when an answer was kept, of which nothing follows",
    "paper.made_at": "a file is known by its digest (INV-A6)",
    "rate_bucket.full_at": "a counter that runs out by itself",
    "tender_side.person_id": "whoever acted: what each did is in the log, and INV-T8 and INV-T10 look at the sides",
    "user_session.made_at": "a sign-in, ended by deleting the row",
    "user_session.proven_at": "a sign-in, ended by deleting the row",
    "user_session.seen_at": "a sign-in, ended by deleting the row",
    "bank_line.booked_on": "the bank's, of a file whose digest is logged; INV-B5 holds the lines to its balances",
    "lift.in_service_on": "the lift register's, which comes in lists",
}


def test_every_who_and_when_is_held_against_the_log_or_has_its_reason(story: Story) -> None:
    """A new column of this kind is told by an event and named in its room's table, or says here who looks at it."""
    rooms = (core.logged, ledger.logged, underwriting.logged, claims_logged, tender.logged, web.logged)
    told = {f"{one.table}.{name}" for room in rooms for one in room.LOGGED for name in (*one.columns, *one.match)}
    there = {
        f"{table.name}.{column.name}"
        for table in Model.metadata.sorted_tables
        for column in table.columns
        if _WHO_WHEN.search(column.name)
    }
    assert there - told - set(HELD) - set(OPEN) == set()
    assert (set(HELD) | set(OPEN)) - there == set()
    assert (set(HELD) | set(OPEN)) & told == set()
    assert set(HELD.values()) <= {one.id for one in verification.chosen(files=story.files, at=AT)}
