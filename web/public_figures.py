"""What anyone may know of the city's co-insurance: notices, results, pools, coverage; one source for page and data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import clock, parties
from core.permits import PUBLIC
from tender import tenders
from tender.models import Tender
from tender.outcome_models import Award, AwardMember
from tender.stages import shown_stage
from underwriting import estates, pools
from underwriting.models import Agreement, Pool
from web.tender_frame import PUBLIC_RESULT


def notices(session: Session, at: datetime) -> list[dict[str, Any]]:
    """Return every published tender, the latest first."""
    query = tenders.visible_to(PUBLIC).order_by(Tender.published_at.desc(), Tender.id)
    rows = session.scalars(query).all()
    names = parties.names_of(session, [row.organisation_id for row in rows])
    return [
        {
            "id": str(row.id),
            "number": row.number,
            "title": row.title,
            "href": f"/tenders/{row.id}",
            "bureau": names[row.organisation_id],
            "stage": shown_stage(row.stage, row.deadline_at, at),
            "published_at": row.published_at,
            "deadline_at": row.deadline_at,
            "lifts": row.lift_count,
            "budget_fen": row.budget_fen,
            "notice_sha256": row.notice_hash,
            "has_result": row.stage in PUBLIC_RESULT,
            "result_href": f"/tenders/{row.id}/result" if row.stage in PUBLIC_RESULT else None,
        }
        for row in rows
    ]


def results(session: Session) -> list[dict[str, Any]]:
    """Return the members of every award, a row a member, the lead of each first."""
    query = (
        select(Award, AwardMember, Tender)
        .join(AwardMember, AwardMember.award_id == Award.id)
        .join(Tender, Tender.id == Award.tender_id)
        .where(Tender.stage.in_(("awarded", "contracted", "complete")))
        .order_by(Award.decided_at.desc(), Award.number.desc(), AwardMember.place)
    )
    found = session.execute(query).all()
    # A later decision of the same tender stands in the place of the one before it.
    latest: dict[object, int] = {}
    for award, _, _ in found:
        latest[award.tender_id] = max(latest.get(award.tender_id, 0), award.number)
    names = parties.names_of(session, [member.organisation_id for _, member, _ in found])
    return [
        {
            "number": tender.number,
            "title": tender.title,
            "href": f"/tenders/{tender.id}/result",
            "decided_at": award.decided_at,
            "member": names[member.organisation_id],
            "is_lead": member.place == 0,
            "share_bp": member.share_bp,
            "lift_premium_fen": award.lift_premium_fen,
            "starts_on": tender.starts_on,
            "ends_on": tender.ends_on,
        }
        for award, member, tender in found
        if award.number == latest[award.tender_id]
    ]


def pools_now(session: Session, at: datetime) -> list[dict[str, Any]]:
    """Return the pools whose agreement is in force, each by its newest version with its members in rank order."""
    today = clock.on(at)
    query = (
        select(Pool, Agreement)
        .join(Agreement, Agreement.pool_id == Pool.id)
        .where(Agreement.effective_on <= today, Agreement.ends_on > today)
        .order_by(Agreement.effective_on.desc(), Pool.id)
    )
    rows: list[dict[str, Any]] = []
    for pool, agreement in session.execute(query):
        if any(row["number"] == pool.id for row in rows):
            continue
        shares = pools.shares_of(session, agreement)
        names = parties.names_of(session, list(shares.members))
        rows.append(
            {
                "number": pool.id,
                "name": pool.name,
                "starts_on": agreement.effective_on,
                "ends_on": agreement.ends_on,
                "lift_premium_fen": agreement.lift_premium_fen,
                "whole": shares.weights.whole,
                "members": [
                    {"name": names[member], "weight": weight, "is_lead": member == pool.lead_id}
                    for member, weight in zip(shares.members, shares.weights.weights, strict=True)
                ],
            }
        )
    return rows


def coverage(session: Session, at: datetime) -> dict[str, int]:
    """Return how much of the city's register is insured today, with the ratios in basis points."""
    found = asdict(estates.coverage(session, clock.on(at)))
    found["lifts_insured_bp"] = ratio_bp(found["lifts_insured"], found["lifts"])
    found["communities_insured_bp"] = ratio_bp(found["communities_insured"], found["communities"])
    return found


def ratio_bp(part: int, whole: int) -> int:
    """Return a ratio in basis points, half up, as every ratio of service is; 0 of nothing is 0.

    >>> ratio_bp(3, 4), ratio_bp(3047, 3067), ratio_bp(0, 0)
    (7500, 9935, 0)
    """
    return (20_000 * part + whole) // (2 * whole) if whole else 0
