"""A change of a pool's agreement: proposed by a party, consented to by all, then the next version, or it falls."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from core.permits import SYSTEM, Actor, Role
from tests.makers import AT, MadePool, make_pool
from underwriting import pools, variations
from underwriting.terms import TERM_NAMES, Clauses
from underwriting.variation_models import Variation, VariationConsent
from underwriting.variations import Proposal

TOLD = Proposal(date(2026, 7, 1), date(2027, 1, 1), Clauses(("claims",), is_step_up=True), "赔款逐项收付")


def _proposed(session: Session, made: MadePool, told: Proposal = TOLD) -> Variation:
    return variations.propose_change(session, made.pool, told, by=made.actor(Role.SIGNATORY, 1), at=AT)


def test_the_consent_of_all_makes_the_next_version(session: Session) -> None:
    """Proposed by a follower; the last of four consents makes version 2: its clauses, everything else as before."""
    made = make_pool(session)
    row = _proposed(session, made)
    assert [bool(one.consent) for one in variations.parties(session, row)] == [False, True, False, False]
    for place in (0, 2):
        assert variations.give_consent(session, row, by=made.actor(Role.SIGNATORY, place), at=AT) is None
        assert len(pools.agreements(session, made.pool.id)) == 1
    waits = made.actor(Role.SIGNATORY, 3)
    assert variations.waiting(session, waits, on=AT.date()) == [row]
    version = variations.give_consent(session, row, by=waits, at=AT)
    first, second = pools.agreements(session, made.pool.id)
    assert (version, row.stage, row.agreement_id, row.decided_by) == (second, "concluded", second.id, waits.person_id)
    assert (second.effective_on, second.ends_on) == (TOLD.effective_on, TOLD.ends_on)
    assert pools.clauses_of(session, second) == TOLD.clauses and pools.clauses_of(session, first) == Clauses()
    assert all(getattr(first, name) == getattr(second, name) for name in TERM_NAMES)
    assert pools.shares_of(session, first).weights == pools.shares_of(session, second).weights
    assert pools.agreement_on(session, made.pool.id, date(2026, 6, 30)) == first
    assert variations.waiting(session, waits, on=AT.date()) == [] and len(variations.parties(session, row)) == 4


def test_one_party_against_it_and_it_falls(session: Session) -> None:
    """Declined with a reason, or withdrawn by whoever proposed it: the agreement stays, and another may be proposed."""
    made = make_pool(session)
    row = _proposed(session, made)
    third = made.actor(Role.SIGNATORY, 2)
    with pytest.raises(Invalid, match="variation_needs_reason"):
        variations.decline(session, row, " ", by=third, at=AT)
    variations.decline(session, row, "仍须轧差", by=third, at=AT)
    assert (row.stage, row.declined_why, row.agreement_id) == ("declined", "仍须轧差", None)
    with pytest.raises(Conflict, match="stage_refuses"):
        variations.give_consent(session, row, by=made.actor(Role.SIGNATORY), at=AT)
    again = _proposed(session, made)
    with pytest.raises(Forbidden, match="variation_not_yours"):
        variations.withdraw(session, again, by=third, at=AT)
    variations.withdraw(session, again, by=made.actor(Role.SIGNATORY, 1), at=AT)
    assert again.stage == "withdrawn" and len(pools.agreements(session, made.pool.id)) == 1


def test_a_proposal_is_refused_where_no_version_could_come_of_it(session: Session) -> None:
    """Yesterday, after the end, ending early, nothing new, no reason, another open, no party, no right to."""
    made = make_pool(session)
    signatory = made.actor(Role.SIGNATORY)

    def refused(code: str, told: Proposal = TOLD, by: Actor = signatory, at: datetime = AT) -> None:
        with pytest.raises(Refusal, match=code):
            variations.propose_change(session, made.pool, told, by=by, at=at)

    ends, clauses = TOLD.ends_on, TOLD.clauses
    refused("variation_day_wrong", Proposal(date(2026, 3, 2), ends, clauses, "今天"))
    refused("variation_day_wrong", Proposal(date(2027, 1, 1), date(2028, 1, 1), clauses, "终止之后"))
    refused("variation_ends_early", Proposal(TOLD.effective_on, TOLD.effective_on, clauses, "早"))
    refused("variation_ends_late", Proposal(TOLD.effective_on, date(2036, 7, 2), clauses, "长"))
    refused("variation_ends_late", Proposal(TOLD.effective_on, date.max, clauses, "没有尽头"))
    refused("variation_nothing_new", Proposal(TOLD.effective_on, ends, Clauses(), "照旧"))
    refused("variation_needs_reason", Proposal(TOLD.effective_on, ends, clauses, " "))
    refused("variation_reason_too_long", Proposal(TOLD.effective_on, ends, clauses, "长" * 501))
    refused("role_may_not", by=made.actor(Role.FINANCE_CHECKER))
    refused("variation_not_asked", by=Actor(uuid.uuid4(), uuid.uuid4(), Role.SIGNATORY, "insurer"))
    refused("run_off_no_policies", at=datetime(2027, 1, 2, tzinfo=UTC))
    _proposed(session, made)
    refused("variation_open")


def test_a_consent_is_given_once_in_time_and_on_the_last_version(session: Session) -> None:
    """Not twice, not from the first day on, not by the approver of no tender, not after another version was made."""
    made = make_pool(session)
    row = _proposed(session, made)
    lead = made.actor(Role.SIGNATORY)
    bureau = Actor(uuid.uuid4(), uuid.uuid4(), Role.APPROVER, "bureau")

    def refused(code: str, by: Actor = lead, at: datetime = AT) -> None:
        with pytest.raises(Refusal, match=code):
            variations.give_consent(session, row, by=by, at=at)

    refused("variation_consented", by=made.actor(Role.SIGNATORY, 1))
    refused("variation_not_asked", by=bureau)
    refused("variation_too_late", at=datetime(2026, 7, 1, tzinfo=UTC))
    pools.amend(session, made.pool, date(2026, 5, 1), date(2027, 1, 1), Clauses(("interest",)), by=SYSTEM, at=AT)
    refused("variation_outdated")
    with pytest.raises(NotFound, match="variation_not_found"):
        variations.get(session, made.pool, uuid.uuid4())


def test_what_is_too_late_or_outdated_lapses_and_makes_way(session: Session) -> None:
    """From its first day on, or once another version was made: it is nobody's work, and the next may be proposed."""
    made = make_pool(session)
    late = _proposed(session, made)
    lead, day = made.actor(Role.SIGNATORY), TOLD.effective_on
    assert variations.stage_on(session, late, date(2026, 6, 30)) == "proposed"
    assert variations.stage_on(session, late, day) == "lapsed" and variations.waiting(session, lead, on=day) == []
    then = datetime(2026, 7, 1, 9, tzinfo=UTC)
    told = Proposal(date(2026, 8, 1), date(2036, 8, 1), TOLD.clauses, "再提一次")
    with pytest.raises(Conflict, match="variation_open"):
        variations.propose_change(session, made.pool, told, by=lead, at=datetime(2026, 6, 30, 9, tzinfo=UTC))
    with pytest.raises(DBAPIError, match="can still be concluded"), session.begin_nested():
        late.stage, late.decided_at = "lapsed", AT
        session.flush()
    session.expire(late)
    with pytest.raises(Invalid, match="variation_nothing_new"):
        same = Proposal(told.effective_on, TOLD.ends_on, Clauses(), "照旧")
        variations.propose_change(session, made.pool, same, by=lead, at=then)
    with pytest.raises(Conflict, match="stage_refuses"):
        variations.withdraw(session, late, by=made.actor(Role.SIGNATORY, 1), at=then)
    with pytest.raises(Conflict, match="stage_refuses"):
        variations.decline(session, late, "太晚", by=lead, at=then)
    assert late.stage == "proposed"
    row = variations.propose_change(session, made.pool, told, by=lead, at=then)
    assert (late.stage, late.decided_at, late.decided_by) == ("lapsed", then, lead.person_id)
    pools.amend(session, made.pool, date(2026, 7, 15), date(2027, 1, 1), Clauses(("interest",)), by=SYSTEM, at=then)
    assert variations.stage_on(session, row, then.date()) == "lapsed"
    assert variations.waiting(session, made.actor(Role.SIGNATORY, 1), on=then.date()) == []
    told = Proposal(date(2026, 9, 1), date(2027, 1, 1), TOLD.clauses, "按新的一版")
    assert variations.propose_change(session, made.pool, told, by=lead, at=then).base_number == 2
    assert row.stage == "lapsed"


def test_the_database_concludes_nothing_without_the_consent_of_all(session: Session) -> None:
    """Nor does it take a stranger's consent, change what was proposed, or let a consent go."""
    made = make_pool(session)
    row = _proposed(session, made)
    outsider = make_pool(session, name="另一共保体").members[0].id
    told = VariationConsent(variation_id=row.id, organisation_id=outsider, said_by=uuid.uuid4(), said_at=AT)
    with pytest.raises(DBAPIError), session.begin_nested():
        session.add(told)
        session.flush()
    first = pools.agreements(session, made.pool.id)[0].id
    for change in (
        {"stage": "concluded", "decided_at": AT, "agreement_id": first},
        {"reason": "别的"},
        {"effective_on": date(2026, 8, 1)},
    ):
        with pytest.raises(DBAPIError), session.begin_nested():
            for name, value in change.items():
                setattr(row, name, value)
            session.flush()
        session.expire(row)
    assert row.stage == "proposed"
