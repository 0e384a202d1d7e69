"""The thread of a statement: what its member asks and the lead answers, one after the other, never changed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.errors import Finding, Invalid
from core.permits import Actor
from ledger.models import Account, Entry, Statement, StatementWords, Transfer
from ledger.reasons import Reason

#: How much one side may say at once.
WORDS_MOST = 2000

#: side -> the refusal of saying nothing.
_MISSING: Mapping[str, str] = {"member": "query_needs_words", "lead": "reply_needs_words"}


def thread(session: Session, statement: Statement) -> Sequence[StatementWords]:
    """Return what both sides said about a statement, in its order."""
    query = select(StatementWords).where(StatementWords.statement_id == statement.id)
    return session.scalars(query.order_by(StatementWords.sequence)).all()


def answered(session: Session, statement_ids: Sequence[uuid.UUID]) -> Sequence[uuid.UUID]:
    """Return those of the statements whose member has asked something: where none waits, the lead has answered."""
    query = select(StatementWords.statement_id).where(StatementWords.statement_id.in_(statement_ids))
    return session.scalars(query.distinct()).all()


def say(
    session: Session, statement: Statement, side: str, words: str, entry_id: int | None, *, by: Actor, at: datetime
) -> dict[str, Any]:
    """Add what one side (`member`, `lead`) says to the thread, and return it as the log tells it: place and digest.

    `entry_id` is what the words are about: an entry that moved the member's account in the statement's period. Refuses
    Invalid `query_needs_words`, `reply_needs_words`, `statement_words_too_long`, `entry_not_on_statement`.
    """
    told = words.strip()
    if not told:
        raise Invalid(_MISSING[side], [Finding(_MISSING[side], "words")])
    if len(told) > WORDS_MOST:
        raise Invalid("statement_words_too_long", [Finding("statement_words_too_long", "words", {"most": WORDS_MOST})])
    if entry_id is not None and not _is_shown(session, statement, entry_id):
        facts = {"entry": entry_id, "number": statement.number}
        raise Invalid("entry_not_on_statement", [Finding("entry_not_on_statement", "entry", dict(facts))], **facts)
    place = len(thread(session, statement)) + 1
    said = StatementWords(
        statement_id=statement.id,
        sequence=place,
        side=side,
        person_id=by.person_id,
        at=at,
        words=told,
        entry_id=entry_id,
    )
    session.add(said)
    session.flush()
    about = {} if entry_id is None else {"entry": entry_id}
    return {"place": place, "text_sha256": sha256(told.encode()).hexdigest(), **about}


def _is_shown(session: Session, statement: Statement, entry_id: int) -> bool:
    """Say whether an entry is among the movements of a statement."""
    query = (
        select(Entry.id)
        .join(
            Transfer,
            (Transfer.pool_id == Entry.pool_id)
            & (Transfer.period_id == Entry.period_id)
            & (Transfer.entry_id == Entry.id),
        )
        .join(Account, or_(Account.id == Transfer.debit_id, Account.id == Transfer.credit_id))
        .where(Entry.pool_id == statement.pool_id, Entry.period_id == statement.period_id, Entry.id == entry_id)
        .where(Entry.reason != Reason.PERIOD_CLOSED.value, Account.pool_id == statement.pool_id)
        .where(Account.code == "2210", Account.organisation_id == statement.organisation_id)
    )
    return session.scalar(query.limit(1)) is not None
