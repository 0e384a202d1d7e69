"""A statement as rows, and its files: made once from one set of rows when it is issued, kept, served as kept.

`statement_rows` is the only reader of the ledger for page, PDF, XLSX, CSV and JSON alike.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ARRAY, ColumnElement, Uuid, func, literal, select
from sqlalchemy.orm import Session

from claims.models import Claim
from core import audit, clock, papers
from core.errors import Conflict, NotFound
from core.papers import Paper
from core.parties import Organisation, names_of
from core.permits import Actor
from core.settings import Settings
from ledger import bank_accounts, books, statements
from ledger.books import MemberShares
from ledger.clause_models import ApartItem, StepUp
from ledger.models import Period, Statement, StreamItem
from ledger.statements import Movement as Moved
from underwriting.models import Agreement, Policy, Pool, Refund
from web.documents import labels, sheets
from web.documents.rows import (
    Movement,
    PayInto,
    Share,
    StatementHead,
    StatementLine,
    StatementRows,
    StreamSplit,
    Verification,
    as_data,
)
from web.keeping import store_in
from web.paper_desk import keep_body, signer_of, verification_of


@dataclass(frozen=True, slots=True)
class FileKind:
    """One file of a statement: the kind it is kept as, its media type, the end of its name, its words."""

    kind: str
    media_type: str
    ending: str
    zh: str
    en: str


#: What is kept of every issued statement, by the name in its address. The first carries the public code.
FILES: Mapping[str, FileKind] = {
    "pdf": FileKind("statement_pdf", "application/pdf", ".pdf", "结算单（已签名）", "Statement, signed"),
    "xlsx": FileKind(
        "statement_xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ".xlsx",
        "汇总与明细",
        "Summary and items",
    ),
    "summary.csv": FileKind("statement_summary", "text/csv", "-summary.csv", "汇总", "Summary"),
    "items.csv": FileKind("statement_items", "text/csv", "-items.csv", "明细", "Items"),
    "json": FileKind("statement_json", "application/json", ".json", "数据", "Data"),
}


#: What is kept of a statement that its member has agreed to, with a public code of its own (web/confirmation.py).
CONFIRMATION = FileKind(
    "statement_confirmation", "application/pdf", "-confirmation.pdf", "对账确认函（已签名）", "Confirmation, signed"
)


def statement_rows(session: Session, statement: Statement, verification: Verification) -> StatementRows:
    """Return a statement as the rows that every rendering is made from; a draft says that it is one."""
    period = session.get_one(Period, statement.period_id)
    pool = session.get_one(Pool, statement.pool_id)
    member = session.get_one(Organisation, statement.organisation_id)
    shares = books.shares_on(session, pool.id, period.ends_on)
    names = names_of(session, [*shares.members, pool.lead_id])
    is_draft = statement.stage == "draft"
    head = StatementHead(
        issuer=pool.name,
        number=statement.number,
        period_label=period.label,
        period_starts_on=period.starts_on,
        period_ends_on=period.ends_on,
        issued_on=clock.on(statement.issued_at or statement.made_at),
        member_name=member.name,
        member_credit_code=member.uscc or "",
        lead_name=names[pool.lead_id],
        title_zh="共保结算单（草稿）" if is_draft else "共保结算单",
        title_en="Statement of account (draft)" if is_draft else "Statement of account",
        due_on=statement.due_on if statement.balance_fen else None,
        until_entry_number=statement.last_entry_id or None,
    )
    return StatementRows(
        head,
        tuple(
            StatementLine(line.kind.value, *labels.LINES[line.kind.value], line.amount_fen, line.count)
            for line in statements.lines(session, statement)
        ),
        statement.balance_fen,
        _movements(session, statements.movements(session, statement)),
        _streams(session, statement),
        share_rows(shares, names, own=statement.organisation_id),
        verification,
        _pay_into(session, statement, pool.lead_id),
    )


def _pay_into(session: Session, statement: Statement, lead: uuid.UUID) -> PayInto | None:
    """Return the lead's account that a member pays into, as it stood at the issue; None where it owes nothing."""
    if statement.issued_at is None or statement.balance_fen >= 0 or statement.organisation_id == lead:
        return None
    account = bank_accounts.paid_into(session, statement.pool_id, lead, at=statement.issued_at)
    return PayInto(account.name, account.bank, account.cnaps, account.number) if account else None


def share_rows(shares: MemberShares, names: Mapping[uuid.UUID, str], own: uuid.UUID | None = None) -> tuple[Share, ...]:
    """Return the signed lines of a share version with the members' names, the lead first."""
    return tuple(
        Share(place, names[member], weight, shares.weights.whole, is_lead=place == 1, is_own=member == own)
        for place, (member, weight) in enumerate(zip(shares.members, shares.weights.weights, strict=True), start=1)
    )


def _movements(session: Session, moved: Sequence[Moved]) -> tuple[Movement, ...]:
    """Return the movements with the words of what each is about."""
    told = subject_words(session, {(one.subject_kind, one.subject_id) for one in moved})
    return tuple(
        Movement(
            one.on,
            one.entry_id,
            one.reason.value,
            *labels.REASONS[one.reason.value],
            one.document,
            told.get(one.subject_id, ""),
            one.amount_fen,
        )
        for one in moved
    )


def subject_words(session: Session, subjects: set[tuple[str, uuid.UUID]]) -> dict[uuid.UUID, str]:
    """Return id -> a few words on the policies, claims, refunds, agreements and clauses that entries are about."""
    ids: dict[str, list[uuid.UUID]] = {}
    for kind, number in subjects:
        ids.setdefault(kind, []).append(number)
    told: dict[uuid.UUID, str] = {}
    if found := ids.get("policy"):
        query = select(Policy.id, Policy.lift_count, Policy.inception_on).where(_among(Policy.id, found))
        told |= {row[0]: f"{row[1]} 台电梯，{row[2]} 起保" for row in session.execute(query)}
    if found := ids.get("claim"):
        told |= {
            row[0]: row[1] for row in session.execute(select(Claim.id, Claim.title).where(_among(Claim.id, found)))
        }
    if found := ids.get("refund"):
        refunds = select(Refund.id, Refund.effective_on).where(_among(Refund.id, found))
        told |= {row[0]: f"退保，自 {row[1]} 起" for row in session.execute(refunds)}
    if found := ids.get("agreement"):
        versions = select(Agreement.id, Agreement.number).where(_among(Agreement.id, found))
        told |= {row[0]: f"协议第 {row[1]} 版" for row in session.execute(versions)}
    if found := ids.get("apart_item"):
        items = select(ApartItem.id, ApartItem.line).where(ApartItem.id.in_(found))
        told |= {row[0]: labels.LINES[row[1]][0] for row in session.execute(items)}
    if found := ids.get("step_up"):
        ups = select(StepUp.id, Organisation.name).join(Organisation, Organisation.id == StepUp.organisation_id)
        told |= {row[0]: row[1] for row in session.execute(ups.where(StepUp.id.in_(found)))}
    return told


def _among(column: Any, ids: Sequence[uuid.UUID]) -> ColumnElement[bool]:
    """Say that a column is one of these ids, of which there may be any number: they go as one list."""
    return cast("ColumnElement[bool]", column == func.any(literal(ids, ARRAY(Uuid))))


def _streams(session: Session, statement: Statement) -> tuple[StreamSplit, ...]:
    """Return what was split in the period, the member's part, and the carry that the last item left."""
    here = (StreamItem.pool_id == statement.pool_id, StreamItem.period_id == statement.period_id)
    touched = session.execute(
        select(StreamItem.number, StreamItem.kind).where(*here).group_by(StreamItem.number, StreamItem.kind)
    ).all()
    order = {kind: place for place, kind in enumerate(labels.STREAMS)}
    found = []
    for number, kind in sorted(touched, key=lambda row: (row[0], order[row[1]])):
        shares = books.shares(session, statement.pool_id, number)
        if statement.organisation_id in shares.members:
            found.append(_split(session, statement, shares, kind, is_named=len({row[0] for row in touched}) > 1))
    return tuple(found)


def _split(session: Session, statement: Statement, shares: MemberShares, kind: str, *, is_named: bool) -> StreamSplit:
    """Return one stream of a statement; where several versions of the shares stand in it, it names its own."""
    place = shares.members.index(statement.organisation_id)
    stream = (
        StreamItem.pool_id == statement.pool_id,
        StreamItem.number == shares.number,
        StreamItem.kind == kind,
        StreamItem.period_id == statement.period_id,
    )
    part = func.sum(StreamItem.parts_fen[place + 1])
    total_fen, part_fen = session.execute(select(func.sum(StreamItem.amount_fen), part).where(*stream)).one()
    last = select(StreamItem.carry_after).where(*stream).order_by(StreamItem.sequence.desc()).limit(1)
    zh, en = labels.STREAMS[kind]
    return StreamSplit(
        kind,
        f"{zh}（第 {shares.number} 版）" if is_named else zh,
        f"{en} (version {shares.number})" if is_named else en,
        int(total_fen),
        int(part_fen),
        shares.weights.weights[place],
        shares.weights.whole,
        session.execute(last).scalar_one()[place],
    )


def kept_files(session: Session, statement: Statement) -> dict[str, Paper]:
    """Return the files kept of a statement by their name in `FILES`; nothing before they are made."""
    query = select(Paper).where(Paper.subject_kind == "statement", Paper.subject_id == str(statement.id))
    by_kind = {paper.kind: paper for paper in session.scalars(query.order_by(Paper.id.desc()))}
    return {name: by_kind[file.kind] for name, file in FILES.items() if file.kind in by_kind}


def keep_files(
    session: Session, statement: Statement, settings: Settings, *, by: Actor, at: datetime
) -> dict[str, Paper]:
    """Make a statement's files, sign the PDF, keep them all, and return them; what is kept already stays.

    Refuses Conflict `statement_not_issued` for a draft, and what the makers of the files refuse.
    """
    if statement.stage == "draft":
        raise Conflict("statement_not_issued", number=statement.number)
    session.scalars(select(Statement.id).where(Statement.id == statement.id).with_for_update()).one()
    kept = kept_files(session, statement)
    if len(kept) == len(FILES):
        return kept
    code = papers.new_code()
    rows = statement_rows(session, statement, verification_of(settings, code))
    for name, body in _bodies(rows, settings, at).items():
        file = FILES[name]
        kept[name] = keep_body(
            session,
            settings,
            file.kind,
            ("statement", statement.id),
            body,
            name=statement.number + file.ending,
            media_type=file.media_type,
            at=at,
            organisation_id=statement.organisation_id,
            code=code if name == "pdf" else "",
        )
    facts = {"number": statement.number, "sha256": kept["pdf"].digest}
    audit.record(session, "statement.papers_kept", by=by, at=at, of=("statement", statement.id), facts=facts)
    return kept


def _bodies(rows: StatementRows, settings: Settings, at: datetime) -> dict[str, bytes]:
    """Return the files of a statement, all from the same rows."""
    from web.documents.pdf import statement_pdf  # WeasyPrint takes a second
    from web.documents.signing import sign

    reason = f"{rows.head.title_zh} {rows.head.number}"
    return {
        "pdf": sign(statement_pdf(rows), signer_of(settings, at), reason=reason, at=at),
        "xlsx": sheets.statement_xlsx(rows),
        "summary.csv": sheets.summary_csv(rows),
        "items.csv": sheets.itemised_csv(rows),
        "json": json.dumps(as_data(rows), ensure_ascii=False).encode(),
    }


def data_of(settings: Settings, kept: Sequence[Paper]) -> dict[str, object]:
    """Return what a statement's kept files say, for whoever holds the code of one of them.

    Read from the kept data, not from the book: the code says what was signed. Refuses `paper_not_found`.
    """
    found = next((paper for paper in kept if paper.kind == FILES["json"].kind), None)
    if found is None:
        raise NotFound("paper_not_found")
    with store_in(settings).open(found.digest) as file:
        data: dict[str, object] = json.loads(file.read())
    return data
