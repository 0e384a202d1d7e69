"""The papers of the world that the matrix walks: lists that were sent, an extract that was made."""

from __future__ import annotations

import io
import uuid
from datetime import date, timedelta

from sqlalchemy.orm import Session

from claims import lists
from claims.adjusting import AssessedLine
from claims.lists import ListedClaim, ListedLine
from core.papers import Paper, keep
from core.permits import SYSTEM, Role
from ledger import extracts, statements
from tests.makers import AT, MadePool
from tests.makers_town import Town
from underwriting import bordereaux
from underwriting.sent_lists import Sent

#: What is sent as a list for each purpose: rows that can be taken in as they stand.
LISTS = {
    "fault_list": "电梯编号,报修时间,修复时间\nW-2-00002,2026-03-05 10:00,2026-03-05 11:00\n",
    "claims_list": "赔案号,保单号,费用项目,报损金额\nW-L-1,W-1,门机,12.00\n",
    "bordereau": "保单号,起保日,满期日,台数,保费\nW-B-1,2026-04-01,2027-04-01,2,1286.00\n",
    "bank_list": "交易日期,流水号,发生额\n2026-04-08,L-1,1.00\n",
    "estate_list": "区县,小区,楼栋,电梯编号,投用日期,层数,户数\n示例区,梧桐里,1栋,W-7-00001,2015-06-01,18,120\n",
}


def keep_list(session: Session, town: Town, purpose: str, person_id: uuid.UUID, organisation_id: uuid.UUID) -> object:
    """Return the id of a list that a person has sent for a purpose."""
    return keep_paper(session, town, "list_upload", (purpose, person_id), organisation_id, LISTS[purpose]).id


def keep_extract(session: Session, town: Town, made: MadePool) -> object:
    """Return an extract of the lead's that is made."""
    period = statements.period(session, made.pool.id, "2026Q1")
    by, at = made.actor(Role.FINANCE_MAKER), AT + timedelta(days=31)
    wish = extracts.Wish(made.pool.id, period.id, extracts.Kind.CLAIMS, "csv", is_whole=True)
    row = extracts.ask(session, wish, by=by, at=at)
    extracts.begin(session, row, 0, by=SYSTEM, at=at)
    paper = keep_paper(session, town, "book_extract", ("book_extract", row.id), row.organisation_id)
    extracts.finish(session, row, paper, by=SYSTEM, at=at)
    return row.id


def keep_bordereau(session: Session, made: MadePool) -> object:
    """Return a premium bordereau of the lead's that is in order and waits for approval."""
    sent = Sent("保费清单.csv", "d" * 64, {"number": "保单号"})
    by, at = made.actor(Role.FINANCE_MAKER), AT + timedelta(days=31)
    row = bordereaux.begin(session, made.pool, sent, on=date(2026, 4, 8), by=by, at=at)
    days = [date(2026, 4, 1)], [date(2027, 4, 1)]
    piece = bordereaux.Piece(1, [2], ["W-B-9"], [None], *days, [2], [257_200], [1])
    bordereaux.keep_piece(session, row, piece)
    bordereaux.finish_reading(session, row, by=SYSTEM, at=at)
    return row.id


def keep_claims_list(session: Session, made: MadePool, policy_id: uuid.UUID) -> object:
    """Return a list of claims of the lead's that is in order and waits for approval."""
    sent = Sent("赔案名单.csv", "e" * 64, {"number": "赔案号"})
    by, at = made.actor(Role.CLAIMS_HANDLER), AT + timedelta(days=31)
    row = lists.begin(session, made.pool, sent, on=date(2026, 4, 8), by=by, at=at)
    line = ListedLine(2, AssessedLine("门机", 1_200, 1_200))
    lists.keep(session, row, 1, [ListedClaim("W-L-9", policy_id, None, "门机", (line,))], [], by=SYSTEM, at=at)
    return row.id


def keep_paper(
    session: Session,
    town: Town,
    kind: str,
    subject: tuple[str, object],
    organisation_id: uuid.UUID | None = None,
    text: str = "",
) -> Paper:
    """Return a kept file of one kind about one thing."""
    digest, size = town.store.put(io.BytesIO((text or kind).encode()), limit=1 << 20)
    return keep(
        session,
        kind,
        subject,
        name="名单.csv",
        media_type="application/octet-stream",
        digest=digest,
        size=size,
        at=AT + timedelta(days=1),
        organisation_id=organisation_id,
    )
