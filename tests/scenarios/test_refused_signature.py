"""A member that will not sign: its award leads to no pool, the next one does, and there is one pool in the end.

Four insurers are awarded 40, 30, 20 and 10 percent in the order of their rank. The agreement is rendered, two sign, and
the last of the four refuses. The shares are made again for the other three, who are awarded, sign and form the pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine, func, select

from core.audit import AuditEvent
from core.db import unit_of_work
from core.errors import Conflict, Forbidden, Invalid
from core.papers import papers_of
from core.permits import SYSTEM
from core.server import Urls
from tender import agreements, allocations, awards
from tests.makers_tender import (
    AWARDED,
    PUBLICISED,
    accept_all,
    make_awarded,
    render_agreement,
    sign_agreement,
)
from tests.makers_town import Insurer, Town, make_town
from underwriting import pools
from underwriting.models import Pool

#: The second round: offered on the day of the first award, publicised at once, decided a week later.
SECOND = AWARDED + timedelta(days=7)


@pytest.fixture
def town(engine: Engine, place: Urls, tmp_path: Path) -> Town:
    """Four insurers, a bureau, five custodians, a committee of five."""
    return make_town(engine, place, tmp_path)


def test_an_award_that_one_member_does_not_sign_leads_to_no_pool(town: Town) -> None:
    """先签协议、后有共保体；有人拒签，另定份额、另行中标，最后只有一个共保体。"""
    first = make_awarded(town)
    by_id = {insurer.id: insurer for insurer in town.insurers}
    order = [by_id[member] for member, _ in first.members]
    digest = the_agreement_is_rendered_and_two_sign(town, first.tender_id, order)
    no_pool_yet(town, first)
    the_last_refuses(town, first.tender_id, order[3], digest)
    second = the_others_are_awarded_anew(town, first.tender_id)
    assert [share for _, share in second.members] == [5000, 3000, 2000]
    the_first_agreement_is_dead(town, first, order[2], digest)

    sign_agreement(town, first.tender_id, SECOND)
    with unit_of_work(town.engine, SYSTEM) as session:
        with pytest.raises(Conflict, match="award_replaced"):
            pools.form_from_award(session, first, "旧的", by=town.approver, at=SECOND)
        pool = pools.form_from_award(session, second, by=town.approver, at=SECOND)
        (agreement,) = pools.agreements(session, pool.id)
        assert pools.shares_of(session, agreement).members == tuple(member for member, _ in second.members)
        with pytest.raises(Conflict, match="award_has_pool"):
            pools.form_from_award(session, first, "又一个", by=town.approver, at=SECOND)
        assert session.scalar(select(func.count()).select_from(Pool)) == 1
        told = select(AuditEvent.action).where(AuditEvent.action.startswith("agreement.")).order_by(AuditEvent.id)
        assert [*session.scalars(told)] == [
            *("agreement.rendered", "agreement.signed", "agreement.signed", "agreement.refused"),
            *("agreement.rendered", "agreement.signed", "agreement.signed", "agreement.signed"),
            *("agreement.signed", "agreement.concluded", "agreement.made"),
        ]


def the_agreement_is_rendered_and_two_sign(town: Town, tender_id: UUID, order: list[Insurer]) -> str:
    """One paper with one hash; the lead and the second sign it, and nobody signs for another or another paper."""
    with unit_of_work(town.engine, SYSTEM) as session, pytest.raises(Conflict, match="agreement_not_rendered"):
        agreements.sign(session, town.tender(session, tender_id), "0" * 64, by=order[0].signatory, at=AWARDED)
    digest = render_agreement(town, tender_id, AWARDED)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        (paper,) = papers_of(session, agreements.AGREEMENT, ("award", awards.award_of(session, tender).id))
        with pytest.raises(Conflict, match="agreement_rendered"):
            agreements.render(session, tender, paper, by=town.officer, at=AWARDED)
        session.expunge(paper)
        paper.subject_id = str(tender_id)
        with pytest.raises(Invalid, match="agreement_paper_wrong"):
            agreements.render(session, tender, paper, by=town.officer, at=AWARDED)
        for one in order[:2]:
            agreements.sign(session, tender, digest, by=one.signatory, at=AWARDED)
        with pytest.raises(Conflict, match="agreement_signed"):
            agreements.sign(session, tender, digest, by=order[0].signatory, at=AWARDED)
        with pytest.raises(Conflict, match="agreement_signed"):
            agreements.refuse(session, tender, "反悔", by=order[0].signatory, at=AWARDED)
        with pytest.raises(Conflict, match="agreement_changed"):
            agreements.sign(session, tender, "1" * 64, by=order[2].signatory, at=AWARDED)
        stranger = type(order[0].signatory)(
            order[0].signatory.person_id, town.officer.organisation_id, order[0].signatory.role, "insurer"
        )
        with pytest.raises(Forbidden, match="not_awarded_member"):
            agreements.sign(session, tender, digest, by=stranger, at=AWARDED)
    return digest


def no_pool_yet(town: Town, numbers: awards.AwardedNumbers) -> None:
    """Neither the bureau signs, nor is a pool formed, while a member has not signed; the database says so too."""
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, numbers.tender_id)
        agreement = agreements.rendered(session, awards.award_of(session, tender))
        assert agreement is not None
        with pytest.raises(Conflict, match="agreement_unsigned") as waiting:
            agreements.contract(session, tender, agreement.digest, by=town.approver, at=AWARDED)
        assert waiting.value.facts["count"] == 2
        with pytest.raises(Conflict, match="tender_in_other_stage"):
            pools.form_from_award(session, numbers, by=town.approver, at=AWARDED)
    bureau, person = town.approver.organisation_id, town.approver.person_id
    sign = "INSERT INTO agreement_signature VALUES (%s, %s, %s, %s, now())"
    pool = (numbers.lead_id, numbers.award_id, numbers.tender_id)
    for statement, values, state in (
        ("UPDATE tender SET stage = 'contracted' WHERE id = %s", (numbers.tender_id,), "GB028"),
        (sign, (numbers.award_id, bureau, person, agreement.digest), "GB028"),
        (sign, (numbers.award_id, town.experts[0].organisation_id, person, agreement.digest), "GB030"),
        ("INSERT INTO pool SELECT 1, 'x', %s, %s, %s, now()", pool, "GB028"),
    ):
        refused_by_the_database(town, statement, values, state)


def refused_by_the_database(town: Town, statement: str, values: Sequence[object], state: str) -> None:
    """Not even the owner gets this past the walls."""
    with psycopg.connect(town.place.admin) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(statement.encode(), values)
    assert refused.value.sqlstate == state


def the_last_refuses(town: Town, tender_id: UUID, last: Insurer, digest: str) -> None:
    """丁 or 乙, whichever the draw put last, refuses with its reason; then nobody signs this award any more."""
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        with pytest.raises(Invalid, match="tender_reason_missing"):
            agreements.refuse(session, tender, " ", by=last.signatory, at=AWARDED)
        agreements.refuse(session, tender, "董事会未批准", by=last.signatory, at=AWARDED)
        with pytest.raises(Conflict, match="agreement_refused"):
            agreements.sign(session, tender, digest, by=last.signatory, at=AWARDED)


def the_others_are_awarded_anew(town: Town, tender_id: UUID) -> awards.AwardedNumbers:
    """AWARDED goes back to ALLOCATED: three are offered a share, accept, and are awarded after a new publicity."""
    at = town.at(PUBLICISED)
    with unit_of_work(town.engine, SYSTEM) as session:
        allocations.allocate(session, town.tender(session, tender_id), by=town.officer, at=at)
        assert town.tender(session, tender_id).stage == "allocated"
    accept_all(town, tender_id, at)
    with unit_of_work(town.engine, SYSTEM) as session:
        tender = town.tender(session, tender_id)
        awards.publicise(session, tender, by=town.officer, at=at)
        row = awards.award(session, tender, by=town.approver, at=SECOND)
        assert row.number == 2
        return awards.numbers_of(session, row)


def the_first_agreement_is_dead(town: Town, first: awards.AwardedNumbers, third: Insurer, digest: str) -> None:
    """Nobody signs the agreement of the award that was replaced, not even past the application."""
    with unit_of_work(town.engine, SYSTEM) as session, pytest.raises(Conflict, match="agreement_not_rendered"):
        agreements.sign(session, town.tender(session, first.tender_id), digest, by=third.signatory, at=SECOND)
    who = (first.award_id, third.id, third.signatory.person_id, digest)
    refused_by_the_database(town, "INSERT INTO agreement_signature VALUES (%s, %s, %s, %s, now())", who, "GB030")
