"""A proposed change of a pool's agreement as pages and API show it: what changes, who has consented, what is next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

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


def list_rows(session: Session, pool: Pool) -> list[dict[str, Any]]:
    """Return the changes of a pool as rows of a table, the newest first."""
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
            "stage": one.stage,
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
    """Return the parties and when each has consented; None where it has not."""
    found = variations.parties(session, row)
    names = names_of(session, [one.organisation_id for one in found])
    return [
        {
            "organisation_id": one.organisation_id,
            "name": names[one.organisation_id],
            "consented_at": one.consent.said_at if one.consent else None,
            "said": t("已同意", "Consents") if one.consent else t("待答复", "Still to answer"),
        }
        for one in found
    ]


@dataclass(frozen=True, slots=True)
class Open:
    """What an actor may do with a change now."""

    may_consent: bool = False
    may_decline: bool = False
    may_withdraw: bool = False


def open_to(session: Session, row: Variation, who: Actor, today: date) -> Open:
    """Return what an actor may do with a change now."""
    if row.stage != "proposed":
        return Open()
    own = next((one for one in variations.parties(session, row) if one.organisation_id == who.organisation_id), None)
    is_asked = own is not None and may(who, "variation.consent")
    is_own = row.organisation_id == who.organisation_id
    return Open(
        is_asked and own is not None and own.consent is None and today < row.effective_on,
        is_asked and not is_own,
        is_own and may(who, "variation.propose"),
    )


def work_of(session: Session, who: Actor) -> Sequence[dict[str, Any]]:
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
        for one in variations.waiting(session, who)
    ]
