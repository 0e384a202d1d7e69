"""The invariants of a tender's terms and result: nothing published has changed, and the result follows from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session, make_transient

from core.checks import Broken, Found, Invariant, every, found, rows
from core.errors import Refusal
from tender import reports
from tender.allocations import run_of
from tender.drafting import digest_of, notice_of
from tender.models import Amendment, Tender
from tender.outcome_models import AllocationRun, Award, AwardMember, Report

#: The stages of a tender whose report stands.
_REPORTED = ("reported", "allocated", "standstill", "awarded", "contracted", "complete")


def published_stands(connection: Connection) -> Found:
    """Return the tenders that are not what their notice says any more, and the notices that are not what was logged."""
    with Session(connection) as session:
        return found(_changed_since_publication(session))


def _changed_since_publication(session: Session) -> Iterator[Broken]:
    query = select(Tender).where(Tender.notice_hash.is_not(None)).order_by(Tender.number)
    for tender in session.scalars(query).all():
        notice = tender.notice or ""
        facts = {"notice_sha256": tender.notice_hash}
        if hashlib.sha256(notice.encode()).hexdigest() != tender.notice_hash:
            yield Broken(f"tender {tender.number}", {**facts, "why": "the notice has another hash"})
        elif _notice_again(session, tender) != notice:
            yield Broken(f"tender {tender.number}", {**facts, "why": "the tender is not what its notice says"})


def _notice_again(session: Session, tender: Tender) -> str:
    """Return the notice that the tender as it stands would have had; published amendments moved its instants."""
    first = session.scalars(
        select(Amendment.deadline_before).where(Amendment.tender_id == tender.id).order_by(Amendment.number).limit(1)
    ).first()
    moved = tender.deadline_at - first if first is not None else timedelta()
    session.expunge(tender)
    make_transient(tender)
    tender.deadline_at, tender.opening_at = tender.deadline_at - moved, tender.opening_at - moved
    return notice_of(session, tender)


NOTICE_IS_LOGGED = every(
    rows(
        "tender {tender}",
        """
        SELECT t.number AS tender, t.notice_hash, e.action, e.facts ->> 'notice_sha256' AS logged FROM tender t
        JOIN audit_event e ON e.object_kind = 'tender' AND e.object_id = t.id::text AND e.action = 'tender.published'
        WHERE e.facts ->> 'notice_sha256' IS DISTINCT FROM t.notice_hash
        """,
    ),
    rows(
        "amendment {tender}/{number}",
        """
        SELECT t.number AS tender, a.number, a.issued_at FROM amendment a JOIN tender t ON t.id = a.tender_id
        WHERE NOT EXISTS (SELECT FROM audit_event e WHERE e.object_kind = 'tender' AND e.object_id = t.id::text
            AND e.action IN ('tender.amended', 'tender.extended') AND e.facts ->> 'number' = a.number::text
            AND e.facts ->> 'text_sha256' = encode(sha256(convert_to(a.text, 'UTF8')), 'hex'))
        """,
    ),
)


def results_follow(connection: Connection) -> Found:
    """Return the reports, runs and awards that the record does not give again."""
    with Session(connection) as session:
        return found([*_wrong_reports(session), *_wrong_runs(session), *_wrong_awards(session)])


def _wrong_reports(session: Session) -> Iterator[Broken]:
    latest: dict[object, Report] = {}
    for report in session.scalars(select(Report).order_by(Report.tender_id, Report.number)):
        latest[report.tender_id] = report
        if digest_of(report.document) != report.digest:
            yield Broken(f"report {report.tender_id}/{report.number}", {"why": "it has another hash"})
    for tender in session.scalars(select(Tender).where(Tender.stage.in_(_REPORTED)).order_by(Tender.number)).all():
        why = _why_not_again(session, tender, latest.get(tender.id))
        if why:
            yield Broken(f"report of tender {tender.number}", {"why": why})


def _why_not_again(session: Session, tender: Tender, report: Report | None) -> str:
    if report is None:
        return "there is none"
    try:
        again = reports.compose(session, tender)
    except Refusal as refused:
        return f"it cannot be worked out again: {refused}"
    return "" if digest_of(again) == report.digest else "marks and prices give another ranking now"


def _wrong_runs(session: Session) -> Iterator[Broken]:
    digests = {(row.tender_id, row.digest) for row in session.execute(select(Report.tender_id, Report.digest))}
    query = (
        select(AllocationRun, Tender.allocation)
        .outerjoin(Tender, Tender.id == AllocationRun.tender_id)
        .order_by(AllocationRun.tender_id, AllocationRun.number)
    )
    for run, terms in session.execute(query):
        why = ""
        if digest_of({"inputs": run.inputs, "outputs": run.outputs}) != run.digest:
            why = "it has another hash"
        elif (run.tender_id, run.inputs["report_sha256"]) not in digests or run.inputs["terms"] != terms:
            why = "it was made from another report or by other rules than the tender's"
        elif _run_again(run.inputs) != run.outputs:
            why = "its inputs give other shares now"
        if why:
            yield Broken(f"allocation {run.tender_id}/{run.number}", {"why": why})


def _run_again(inputs: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return run_of(inputs)
    except Refusal:
        return None


def _wrong_awards(session: Session) -> Iterator[Broken]:
    query = (
        select(Award, AllocationRun, Tender)
        .outerjoin(AllocationRun, (AllocationRun.tender_id == Award.tender_id) & (AllocationRun.number == Award.run))
        .join(Tender, Tender.id == Award.tender_id)
        .order_by(Award.tender_id, Award.number)
    )
    for award, run, tender in session.execute(query).all():
        members = [
            {"organisation": row.organisation_id, "share_bp": row.share_bp}
            for row in session.scalars(
                select(AwardMember).where(AwardMember.award_id == award.id).order_by(AwardMember.place)
            )
        ]
        document = {
            "tender": tender.id,
            "notice_sha256": tender.notice_hash,
            "run_sha256": run.digest if run else None,
            "members": members,
            "terms": award.terms,
            "service_standard": award.service_standard,
            "starts_on": tender.starts_on,
            "ends_on": tender.ends_on,
        }
        if digest_of(document) != award.digest or award.terms.get("lift_premium_fen") != award.lift_premium_fen:
            yield Broken(f"award {tender.number}/{award.number}", {"why": "shares, price or terms were changed"})


AWARDED_AS_ALLOCATED = every(
    rows(
        "award {tender}/{number}",
        """
        SELECT t.number AS tender, w.number, w.id, m.place, m.organisation_id, m.share_bp, o.share_bp AS allocated_bp
        FROM award w JOIN tender t ON t.id = w.tender_id LEFT JOIN award_member m ON m.award_id = w.id
        LEFT JOIN (
            SELECT r.tender_id, r.number, (member.value ->> 'organisation')::uuid AS organisation_id,
                (member.value ->> 'share_bp')::bigint AS share_bp,
                member.value ->> 'bid' = r.outputs ->> 'lead' AS is_lead
            FROM allocation_run r CROSS JOIN LATERAL jsonb_array_elements(r.outputs -> 'members') AS member
        ) o ON (o.tender_id, o.number, o.organisation_id) = (w.tender_id, w.run, m.organisation_id)
        WHERE m.award_id IS NULL OR o.share_bp IS DISTINCT FROM m.share_bp OR o.is_lead <> (m.place = 0)
            OR (m.place = 0) <> (m.organisation_id = w.lead_id)
        """,
    ),
    rows(
        "award {id}",
        """
        SELECT w.id, w.tender_id, coalesce(sum(m.share_bp), 0) AS total_bp FROM award w
        LEFT JOIN award_member m ON m.award_id = w.id GROUP BY w.id HAVING coalesce(sum(m.share_bp), 0) <> 10000
        """,
    ),
    # Who is awarded has accepted that very share; the publicity was over.
    rows(
        "award {tender}/{number}",
        """
        SELECT t.number AS tender, w.number, m.organisation_id, m.share_bp, f.share_bp AS offered_bp, f.answer,
            t.publicity_ends_at, w.decided_at
        FROM award w JOIN tender t ON t.id = w.tender_id JOIN award_member m ON m.award_id = w.id
        LEFT JOIN share_offer f ON (f.tender_id, f.number, f.organisation_id) = (w.tender_id, w.run, m.organisation_id)
        WHERE f.share_bp IS DISTINCT FROM m.share_bp OR f.answer IS DISTINCT FROM 'accepted'
            OR (w.number = (SELECT max(n.number) FROM award n WHERE n.tender_id = w.tender_id)
                AND w.decided_at < t.publicity_ends_at)
            OR w.decided_by = t.created_by
        """,
    ),
    rows(
        "tender {tender}",
        """
        SELECT t.number AS tender, t.stage FROM tender t WHERE t.stage IN ('awarded', 'contracted', 'complete')
            AND NOT EXISTS (SELECT FROM award w WHERE w.tender_id = t.id)
        """,
    ),
)

#: Every answer to an offer is the one that the log tells of, given by that person at that instant.
ANSWERS_ARE_LOGGED = rows(
    "offer {tender_id}/{number}/{organisation_id}",
    """
    SELECT f.tender_id, f.number, f.organisation_id, f.answer, f.answered_by, f.answered_at, e.answer AS logged,
        e.person_id AS logged_by, e.at AS logged_at
    FROM share_offer f LEFT JOIN (
        SELECT object_id, facts ->> 'run' AS run, facts ->> 'answer' AS answer, person_id, at FROM audit_event
        WHERE object_kind = 'bid' AND action IN ('allocation.accept', 'allocation.decline') AND facts ->> 'answer' <> ''
    ) e ON (e.object_id, e.run) = (f.bid_id::text, f.number::text)
    WHERE (f.answer, f.answered_by, f.answered_at) IS DISTINCT FROM (e.answer, e.person_id, e.at)
    """,
)

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-T6",
        "自公告以来，评审标准、权重与各项条款未变，公告摘要与日志一致",
        "Criteria, weights and every other published term are what the notice says, and its hash is the one in the log",
        every(NOTICE_IS_LOGGED, published_stands),
    ),
    Invariant(
        "INV-T7",
        "按记录重新计算的得分、排名、份额与存档一致；中标即最后一次分配的结果；对邀约的每个答复与日志一致",
        "Scores, ranking and shares worked out again from the record are those on file; the award is the last "
        "allocation's result; every answer to an offer is the one in the log",
        every(results_follow, AWARDED_AS_ALLOCATED, ANSWERS_ARE_LOGGED),
    ),
)
