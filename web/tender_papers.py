"""The papers of a tender from its records: receipt, opening record, agreement; made once, signed and kept."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, clock, papers, parties
from core.audit import AuditEvent
from core.papers import Paper
from core.parties import Organisation, Person
from core.settings import Settings
from ledger.money import format_fen
from tender import awards, opening
from tender.agreements import AGREEMENT
from tender.bids import head_of
from tender.envelope import Head
from tender.models import BidReceipt, SealedBid, Tender
from tender.outcome_models import Award
from web.documents.rows import Share, Verification
from web.documents.tender_rows import (
    AgreementRows,
    AgreementTerms,
    Attendance,
    InclusionProof,
    OpenedBid,
    OpeningRecordRows,
    Party,
    ReceiptRows,
    SealedFile,
    Standard,
)
from web.keeping import kept_pdf, settings
from web.messages import told
from web.paper_desk import keep_body, signer_of, verification_of
from web.states import state_of
from web.tasks import log_key

#: What is kept of a tender and meant for whoever holds it; the code printed on each leads to its verification.
RECEIPT, OPENING_RECORD = "bid_receipt_pdf", "opening_record_pdf"


def _signed(body: bytes, reason: str, at: datetime) -> bytes:
    from web.documents import signing

    return signing.sign(body, signer_of(settings(), at), reason=reason, at=at)


def receipt_number(receipt: BidReceipt) -> str:
    """Return the number of a receipt: it says nothing of how many bids there are."""
    said = json.loads(receipt.document)
    return f"HZ-{said['tender_number']}-{said['header_sha256'][:8].upper()}-{receipt.number}"


def receipt_rows(session: Session, tender: Tender, sealed: SealedBid, receipt: BidReceipt, code: str) -> ReceiptRows:
    """Return a receipt as the rows of its paper."""
    said = json.loads(receipt.document)
    proof = said["proof"]
    bidder = session.get_one(Organisation, sealed.organisation_id)
    owner = session.get_one(Organisation, tender.organisation_id)
    person = session.get_one(Person, sealed.person_id)
    head: Head = head_of(sealed)
    before = session.get(BidReceipt, (tender.id, sealed.organisation_id, sealed.number - 1))
    return ReceiptRows(
        number=receipt_number(receipt),
        issuer=owner.name,
        tender_number=tender.number,
        tender_title=tender.title,
        notice_digest=tender.notice_hash or "",
        amendment=head.header.amendment,
        bidder_name=bidder.name,
        bidder_credit_code=bidder.uscc or "",
        submitted_by=person.name,
        sequence=sealed.number,
        received_at=sealed.received_at,
        closes_at=datetime.fromisoformat(said["deadline_at"]),
        header_digest=sealed.header_sha256,
        files=(SealedFile("密封投标 .gbe", sealed.size, sealed.digest),),
        proof=InclusionProof(
            leaf_index=int(proof["index"]),
            tree_size=int(proof["size"]),
            leaf_digest=proof["leaf_hash"],
            path=tuple(proof["path"]),
            root=proof["root"],
            head_signature=receipt.signature.hex(),
            key_id=f"ed25519:{receipt.public_key.hex()}",
        ),
        verification=verification_of(settings(), code),
        replaces=receipt_number(before) if before is not None else None,
    )


def receipt_of(session: Session, tender: Tender, sealed: SealedBid, receipt: BidReceipt, *, at: datetime) -> Paper:
    """Return the kept PDF of a receipt, made now where nobody asked for it yet."""

    def make(code: str) -> bytes:
        from web.documents.pdf import receipt_pdf

        return _signed(receipt_pdf(receipt_rows(session, tender, sealed, receipt, code)), "投标回执", at)

    return kept_pdf(
        session,
        RECEIPT,
        ("sealed_bid", sealed.id),
        make,
        name=f"{receipt_number(receipt)}.pdf",
        at=at,
        organisation_id=sealed.organisation_id,
    )


def receipt_file(receipt: BidReceipt) -> bytes:
    """Return a receipt as the file that anyone can check alone: the document, the key and its signature."""
    whole = {
        "document": receipt.document,
        "public_key": receipt.public_key.hex(),
        "signature": receipt.signature.hex(),
    }
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()


def opening_rows(session: Session, tender: Tender, code: str, *, at: datetime) -> OpeningRecordRows:
    """Return the opening record as the rows of its paper, under the head of the log signed now."""
    record = opening.record_of(session, tender)
    names = parties.names_of(session, [row.organisation_id for row in record] + [tender.organisation_id])
    head = audit.sign_head(session, log_key(settings()), at=at)
    bids = []
    for place, row in enumerate(record, start=1):
        state = state_of("bid", row.outcome)
        why = told(row.failure, {}, is_english=False) if row.failure else ""
        bids.append(
            OpenedBid(
                place,
                names[row.organisation_id],
                row.received_at,
                row.header_sha256,
                state.zh,
                state.en,
                row.outcome == "opened",
                row.price_fen,
                row.line_bp,
                why,
            )
        )
    return OpeningRecordRows(
        number=f"KB-{tender.number}",
        issuer=names[tender.organisation_id],
        tender_number=tender.number,
        tender_title=tender.title,
        notice_digest=tender.notice_hash or "",
        closes_at=tender.deadline_at,
        opened_at=tender.opened_at or at,
        bids=tuple(bids),
        attendance=_present(session, tender),
        objections=(),
        tree_size=head.size,
        root=head.root.hex(),
        head_signature=head.signature.hex(),
        verification=verification_of(settings(), code),
    )


def _present(session: Session, tender: Tender) -> tuple[Attendance, ...]:
    """Return who held the opening and the custodians who gave shares; from the log, which reads the same for all."""
    present: list[Attendance] = []
    for actions, zh, en in (
        (("opening.started",), "主持人", "Host"),
        (("opening.confirmed",), "监督人", "Supervisor"),
        (("key.share_submitted",), "保管人", "Custodian"),
    ):
        query = select(AuditEvent.person_id, AuditEvent.organisation_id).where(
            AuditEvent.object_kind == "tender", AuditEvent.object_id == str(tender.id), AuditEvent.action.in_(actions)
        )
        found = dict.fromkeys(tuple(row) for row in session.execute(query.order_by(AuditEvent.id)))
        for person_id, organisation_id in found:
            person, whose = session.get(Person, person_id), session.get(Organisation, organisation_id)
            if person is not None and whose is not None:
                present.append(Attendance(person.name, whose.name, zh, en))
    return tuple(present)


def opening_record_of(session: Session, tender: Tender, *, at: datetime) -> Paper:
    """Return the kept PDF of an opening record."""

    def make(code: str) -> bytes:
        from web.documents.pdf import opening_record_pdf

        return _signed(opening_record_pdf(opening_rows(session, tender, code, at=at)), "开标记录", at)

    return kept_pdf(session, OPENING_RECORD, ("tender", tender.id), make, name=f"KB-{tender.number}.pdf", at=at)


#: The measures of the service standard as the annex of an agreement words them: (zh, en, demand zh, demand en).
_MEASURES: Mapping[str, tuple[str, str, str, str]] = {
    "response_min": ("响应", "Answer", "接报后 {n} 分钟内", "within {n} minutes of the report"),
    "arrival_min": ("到场（建成区）", "On site (built-up)", "{n} 分钟内", "within {n} minutes"),
    "arrival_outside_min": ("到场（其他）", "On site (elsewhere)", "{n} 分钟内", "within {n} minutes"),
    "half_day_min": ("半个工作日", "Half a working day", "{n} 个工作分钟", "{n} working minutes"),
    "half_day_ratio_bp": ("半日修复率", "Repaired within it", "不低于 {p}%", "at least {p}%"),
    "longest_days": ("最长修复", "Longest repair", "不超过 {n} 日", "at most {n} days"),
}


def _standards(annex: Mapping[str, Any]) -> tuple[Standard, ...]:
    rows = []
    for name, (zh, en, demand_zh, demand_en) in _MEASURES.items():
        value = annex.get(name)
        if isinstance(value, int):
            facts = {"n": value, "p": f"{value // 100}.{value % 100:02d}".removesuffix(".00")}
            rows.append(Standard(zh, en, demand_zh.format(**facts), demand_en.format(**facts)))
    return tuple(rows)


def agreement_rows(session: Session, tender: Tender, award: Award, verification: Verification) -> AgreementRows:
    """Return the agreement of an award, every number taken from the award itself."""
    numbers = awards.numbers_of(session, award)
    found = {row.id: row for row in session.scalars(select(Organisation).where(Organisation.id.in_(_ids(numbers))))}
    owner = session.get_one(Organisation, tender.organisation_id)
    premium = format_fen(numbers.terms["lift_premium_fen"])
    terms = {name: numbers.terms[name] for name in AgreementTerms.__dataclass_fields__ if name in numbers.terms}
    return AgreementRows(
        number=f"XY-{tender.number}",
        version=award.number,
        issuer=owner.name,
        title_zh="电梯综合保险共保协议",
        title_en="Co-insurance agreement for lifts",
        tender_number=tender.number,
        tender_title=tender.title,
        award_digest=numbers.award_digest,
        agreed_on=clock.on(award.decided_at),
        starts_on=numbers.starts_on,
        ends_on=numbers.ends_on,
        cover_zh=f"住宅电梯综合保险，约 {tender.lift_count:,} 台，每台每年保险费 {premium} 元",
        cover_en=f"Residential lifts, about {tender.lift_count:,}; premium of one lift and year CNY {premium}",
        parties=tuple(
            Party(rank, found[member].name, found[member].uscc or "")
            for rank, (member, _) in enumerate(numbers.members, start=1)
        ),
        shares=tuple(
            Share(rank, found[member].name, share_bp, numbers.whole, is_lead=rank == 1)
            for rank, (member, share_bp) in enumerate(numbers.members, start=1)
        ),
        terms=AgreementTerms(**terms),
        clauses=(),
        standards=_standards(numbers.service_standard),
        verification=verification,
    )


def _ids(numbers: awards.AwardedNumbers) -> list[uuid.UUID]:
    return [member for member, _ in numbers.members]


def agreement_of(session: Session, tender: Tender, award: Award, known: Settings, *, at: datetime) -> Paper:
    """Return the kept PDF of an award's agreement, signed with the city's seal; made now where there is none."""
    if standing := papers.papers_of(session, AGREEMENT, ("award", award.id)):
        return standing[-1]
    from web.documents import signing
    from web.documents.pdf import agreement_pdf

    code = papers.new_code()
    body = agreement_pdf(agreement_rows(session, tender, award, verification_of(known, code)))
    signed = signing.sign(body, signer_of(known, at), reason="共保协议", at=at)
    name, kind = f"XY-{tender.number}-{award.number}.pdf", "application/pdf"
    return keep_body(
        session, known, AGREEMENT, ("award", award.id), signed, name=name, media_type=kind, at=at, code=code
    )
