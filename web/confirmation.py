"""The confirmation of a statement: made and signed once its member has agreed, kept, served as kept to both sides."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, papers
from core.audit import AuditEvent
from core.errors import Conflict
from core.papers import Paper
from core.parties import Person
from core.permits import Actor, Role
from core.settings import Settings
from ledger import statements
from ledger.models import Statement
from web.documents.rows import ConfirmationRows, DoneBy
from web.jobs import defer
from web.paper_desk import keep_body, signer_of, verification_of
from web.statement_paper import CONFIRMATION, keep_files, statement_rows

TASK = "keep_confirmation"

#: Stages of a statement whose member has agreed to it.
AGREED = ("agreed", "settled")


def answer(
    session: Session,
    statement: Statement,
    verb: str,
    *,
    by: Actor,
    at: datetime,
    words: str = "",
    entry_id: int | None = None,
) -> None:
    """Take the member's answer; with its agreement queue the making of the confirmation, in one transaction.

    Refuses what `ledger.statements.answer` refuses.
    """
    statements.answer(session, statement, verb, by=by, at=at, words=words, entry_id=entry_id)
    if statement.stage in AGREED:
        defer(session, TASK, {"statement_id": str(statement.id)}, lock=f"statement:{statement.id}")


def kept_confirmation(session: Session, statement: Statement) -> Paper | None:
    """Return the kept confirmation of a statement; None before it is made."""
    return next(iter(papers.papers_of(session, CONFIRMATION.kind, ("statement", statement.id))), None)


def keep_confirmation(session: Session, statement: Statement, settings: Settings, *, by: Actor, at: datetime) -> Paper:
    """Make a statement's confirmation, sign and keep it, and return it; one that is kept already stays.

    The statement's own files are made before it. Refuses Conflict `statement_not_agreed`.
    """
    if statement.stage not in AGREED:
        raise Conflict("statement_not_agreed", number=statement.number)
    keep_files(session, statement, settings, by=by, at=at)
    if (kept := kept_confirmation(session, statement)) is not None:
        return kept
    from web.documents.pdf import confirmation_pdf  # WeasyPrint takes a second
    from web.documents.signing import sign

    code = papers.new_code()
    verification = verification_of(settings, code)
    rows = ConfirmationRows(
        statement_rows(session, statement, verification),
        _done(session, statement, "statement.issue"),
        _done(session, statement, "statement.agree"),
        verification,
    )
    reason = f"对账确认函 {statement.number}"
    made = keep_body(
        session,
        settings,
        CONFIRMATION.kind,
        ("statement", statement.id),
        sign(confirmation_pdf(rows), signer_of(settings, at), reason=reason, at=at),
        name=statement.number + CONFIRMATION.ending,
        media_type=CONFIRMATION.media_type,
        at=at,
        organisation_id=statement.organisation_id,
        code=code,
    )
    facts = {"number": statement.number, "sha256": made.digest}
    audit.record(session, "statement.confirmation_kept", by=by, at=at, of=("statement", statement.id), facts=facts)
    return made


def _done(session: Session, statement: Statement, action: str) -> DoneBy:
    """Return who did a step of a statement and when, as the log tells it; the machinery by its own name."""
    query = (
        select(AuditEvent.at, AuditEvent.role, Person.name)
        .outerjoin(Person, Person.id == AuditEvent.person_id)
        .where(AuditEvent.object_kind == "statement", AuditEvent.object_id == str(statement.id))
        .where(AuditEvent.action == action)
        .order_by(AuditEvent.id.desc())
    )
    at, role, name = session.execute(query.limit(1)).one()
    return DoneBy(name or ("系统 System" if role == Role.SYSTEM.value else "—"), at)
