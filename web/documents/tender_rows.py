"""Pure: the rows of the papers of a tender: the bid receipt, the opening record and the co-insurance agreement.

The agreement carries the awarded numbers themselves, so that nothing between the award and the signed paper is typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from core.errors import Invalid
from web.documents.rows import Share, Verification, check_shares


@dataclass(frozen=True, slots=True)
class SealedFile:
    """One file of a sealed bid as the receipt names it: the size and SHA-256 of its ciphertext."""

    label: str
    size_bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That the bid stands in the audit tree (RFC 6962): hex digests from the leaf's sibling up, and the signed head."""

    leaf_index: int
    tree_size: int
    leaf_digest: str
    path: tuple[str, ...]
    root: str
    head_signature: str
    key_id: str


@dataclass(frozen=True, slots=True)
class ReceiptRows:
    """One receipt for one sealed bid. `replaces` is the number of the receipt that this one makes void."""

    number: str
    issuer: str
    tender_number: str
    tender_title: str
    notice_digest: str
    amendment: int
    bidder_name: str
    bidder_credit_code: str
    submitted_by: str
    sequence: int
    received_at: datetime
    closes_at: datetime
    header_digest: str
    files: tuple[SealedFile, ...]
    proof: InclusionProof
    verification: Verification
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class OpenedBid:
    """One bid as read out at the opening; `price_fen` and `line_bp` are None where there was none to read."""

    sequence: int
    bidder_name: str
    received_at: datetime
    header_digest: str
    outcome_zh: str
    outcome_en: str
    is_opened: bool
    price_fen: int | None
    line_bp: int | None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Attendance:
    """One person present, in which part: host, recorder, supervisor, custodian, bidder's representative."""

    name: str
    organisation: str
    part_zh: str
    part_en: str


@dataclass(frozen=True, slots=True)
class OpeningRecordRows:
    """The record of one opening: when it was due, when it happened, who was there, what was read out."""

    number: str
    issuer: str
    tender_number: str
    tender_title: str
    notice_digest: str
    closes_at: datetime
    opened_at: datetime
    bids: tuple[OpenedBid, ...]
    attendance: tuple[Attendance, ...]
    objections: tuple[str, ...]
    tree_size: int
    root: str
    head_signature: str
    verification: Verification


@dataclass(frozen=True, slots=True)
class Party:
    """One insurer of an agreement. Its signed line stands in the share of the same rank."""

    rank: int
    name: str
    credit_code: str
    address: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class AgreementTerms:
    """What the members agreed, as the books use it. `collection`: lead | each. `remittance`: gross | net."""

    collection: str
    remittance: str
    lead_fee_bp: int
    vat_bp: int
    lead_alone_limit_fen: int
    cash_call_from_fen: int
    cash_call_due_days: int
    late_interest_bp: int
    day_count: int
    has_step_up: bool = False
    settlement_days: int = 10
    deductible_fen: int = 0
    deductible_bp: int = 0
    limit_fen: int = 0
    aggregate_limit_fen: int = 0


@dataclass(frozen=True, slots=True)
class Clause:
    """One further clause that the members agreed, with its heading."""

    heading_zh: str
    heading_en: str
    text_zh: str
    text_en: str


@dataclass(frozen=True, slots=True)
class Standard:
    """One measure of the unified service standard and what it demands of every member."""

    measure_zh: str
    measure_en: str
    demand_zh: str
    demand_en: str
    basis: str = ""


@dataclass(frozen=True, slots=True)
class AgreementRows:
    """One version of one co-insurance agreement, ready to be signed.

    Refuses `agreement_not_complete` when a party has no share of its rank, a share no party, or there is not
    exactly one lead; `shares_not_whole` when the shares do not add up to their whole.
    """

    number: str
    version: int
    issuer: str
    title_zh: str
    title_en: str
    tender_number: str
    tender_title: str
    award_digest: str
    agreed_on: date
    starts_on: date
    ends_on: date
    cover_zh: str
    cover_en: str
    parties: tuple[Party, ...]
    shares: tuple[Share, ...]
    terms: AgreementTerms
    clauses: tuple[Clause, ...]
    standards: tuple[Standard, ...]
    verification: Verification

    def __post_init__(self) -> None:
        named = [(party.rank, party.name) for party in self.parties]
        leads = [share for share in self.shares if share.is_lead]
        if named != [(share.rank, share.name) for share in self.shares] or len(leads) != 1:
            raise Invalid("agreement_not_complete", number=self.number, leads=len(leads))
        if self.terms.collection not in ("lead", "each") or self.terms.remittance not in ("gross", "net"):
            raise Invalid("agreement_not_complete", number=self.number, leads=len(leads))
        check_shares(self.shares)

    @property
    def lead(self) -> Share:
        """Return the lead's share."""
        return next(share for share in self.shares if share.is_lead)
