"""A proposed change of a pool's agreement as pages and API show it: what changes, who has consented, what is next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.audit import AuditEvent
from core.clock import CITY
from core.parties import names_of
from core.permits import Actor, may
from underwriting import variations
from underwriting.models import Pool
from underwriting.terms import Clauses
from underwriting.variation_models import Variation
from web.clause_desk import clause_words
from web.formats import date_words, t


def clauses_of(row: Variation) -> Clauses:
    """Return the clauses that a proposed version has."""
    return Clauses(tuple(row.settled_apart), row.is_step_up)


def list_rows(session: Session, pool: Pool, today: date) -> list[dict[str, Any]]:
    """Return the changes of a pool as rows of a table, the newest first, each as it stands today."""
    found = session.scalars(variations.visible_to(pool)).all()
    names = names_of(session, [one.organisation_id for one in found])
    return [
        {
            "version": one.base_number + 1,
            "title": t("第 {n} 版", "Version {n}", n=one.base_number + 1),
            "effective_on": one.effective_on,
            "ends_on": one.ends_on,
            "party": names[one.organisation_id],
            "proposed_at": one.proposed_at,
            "stage": variations.stage_on(session, one, today),
            "reason": one.reason,
            "href": url_for("variations.one", pool_id=pool.id, variation_id=one.id),
        }
        for one in found
    ]


def facts_of(row: Variation) -> list[tuple[str, str]]:
    """Return what a proposed version says, as facts."""
    return [
        (t("版本", "Version"), str(row.base_number + 1)),
        (t("起保日自", "For policies from"), date_words(row.effective_on)),
        (t("至", "Until"), date_words(row.ends_on)),
        *clause_words(clauses_of(row)),
    ]


def party_rows(session: Session, row: Variation) -> list[dict[str, Any]]:
    """Return the parties and when each has consented or declined; None where it has not."""
    found = variations.parties(session, row)
    against = _declined_for(session, row)
    if against is not None:
        found = [*(one for one in found if one.organisation_id != against), variations.Party(against, None)]
    names = names_of(session, [one.organisation_id for one in found])
    told = []
    for one in found:
        is_against = one.organisation_id == against
        consented_at, declined_at = one.consent.said_at if one.consent else None, row.decided_at if is_against else None
        said = t("不同意", "Declines") if is_against else t("待答复", "Still to answer")
        told.append(
            {
                "organisation_id": one.organisation_id,
                "name": names[one.organisation_id],
                "consented_at": consented_at,
                "declined_at": declined_at,
                "said": t("已同意", "Consents") if consented_at else said,
                "said_at": consented_at or declined_at,
            }
        )
    return told


def _declined_for(session: Session, row: Variation) -> UUID | None:
    """Return the party for which a change was declined, as the log has it; None where it was not."""
    if row.stage != "declined":
        return None
    query = select(AuditEvent.organisation_id).where(
        AuditEvent.action == "variation.decline",
        AuditEvent.object_kind == "variation",
        AuditEvent.object_id == str(row.id),
    )
    return session.scalar(query)


@dataclass(frozen=True, slots=True)
class Open:
    """What an actor may do with a change now."""

    may_consent: bool = False
    may_decline: bool = False
    may_withdraw: bool = False


def open_to(session: Session, row: Variation, who: Actor, today: date) -> Open:
    """Return what an actor may do with a change now."""
    if variations.stage_on(session, row, today) != "proposed":
        return Open()
    own = next((one for one in variations.parties(session, row) if one.organisation_id == who.organisation_id), None)
    is_asked = own is not None and may(who, "variation.consent")
    is_own = row.organisation_id == who.organisation_id
    return Open(
        is_asked and own is not None and own.consent is None,
        is_asked and not is_own,
        is_own and may(who, "variation.propose"),
    )


def work_of(session: Session, who: Actor, today: date) -> Sequence[dict[str, Any]]:
    """Return the changes that wait for the consent of an actor's organisation, as items of its work."""
    if not may(who, "variation.consent"):
        return []
    return [
        {
            "title": t(
                "答复协议变更：第 {n} 版", "Answer a change of the agreement: version {n}", n=one.base_number + 1
            ),
            "href": url_for("variations.one", pool_id=one.pool_id, variation_id=one.id),
            "note": t("须在新版首日之前答复", "to be answered before the new version begins"),
            "due_at": datetime.combine(one.effective_on, time(), CITY),
            "stage": one.stage,
            "kind": "variation",
        }
        for one in variations.waiting(session, who, on=today)
    ]
