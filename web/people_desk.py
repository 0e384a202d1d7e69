"""People, accounts and mandates as the administrator sees them: who there is, who can sign in, who acts for whom."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from core.errors import NotFound
from core.parties import Mandate, Organisation, Person, in_force
from web.accounts import User, UserSession
from web.listing import Query

#: What the list of people can be narrowed to.
STATES = ("active", "closed", "without_account", "without_mandate", "without_second_factor")

#: Letters and digits that nobody takes for one another when a password is read aloud.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def first_password() -> str:
    """Return a password to hand over: four groups of five, 99 random bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of the list of people; what is empty leaves everybody in."""

    word: str = ""
    role: str = ""
    state: str = ""


def people(wanted: Wanted, day: date) -> Query:
    """Return the query of (person, account or none), by name as it was entered last."""
    query = select(Person, User).outerjoin(User, User.person_id == Person.id).order_by(Person.id.desc())
    held = select(Mandate.id).where(Mandate.person_id == Person.id, in_force(day))
    if wanted.word:
        works = select(Mandate.id).join(Organisation, Organisation.id == Mandate.organisation_id)
        works = works.where(Mandate.person_id == Person.id, Organisation.name.icontains(wanted.word, autoescape=True))
        query = query.where(
            or_(
                Person.name.icontains(wanted.word, autoescape=True),
                User.email.icontains(wanted.word, autoescape=True),
                works.exists(),
            )
        )
    if wanted.role:
        query = query.where(exists(held.where(Mandate.role == wanted.role)))
    conditions = {
        "active": User.active,
        "closed": User.id.is_not(None) & ~User.active,
        "without_account": User.id.is_(None),
        "without_mandate": ~held.exists(),
        "without_second_factor": User.active & User.tf_primary_method.is_(None),
    }
    return query.where(conditions[wanted.state]) if wanted.state else query


def mandates_held(session: Session, ids: Sequence[uuid.UUID], day: date) -> dict[uuid.UUID, list[Mandate]]:
    """Return person -> mandates in force on a day, with their organisations, in one query."""
    query = select(Mandate).where(Mandate.person_id.in_(ids), in_force(day)).options(joinedload(Mandate.organisation))
    found: dict[uuid.UUID, list[Mandate]] = {}
    for mandate in session.scalars(query.order_by(Mandate.id)):
        found.setdefault(mandate.person_id, []).append(mandate)
    return found


def person(session: Session, person_id: uuid.UUID) -> Person:
    """Return a person; NotFound `person_not_found`."""
    row = session.get(Person, person_id)
    if row is None:
        raise NotFound("person_not_found")
    return row


def account_of(session: Session, person_id: uuid.UUID) -> User | None:
    """Return the account of a person, if there is one."""
    return session.scalar(select(User).where(User.person_id == person_id))


def all_mandates(session: Session, person_id: uuid.UUID) -> Sequence[Mandate]:
    """Return every mandate that a person ever had, newest first."""
    query = select(Mandate).where(Mandate.person_id == person_id).options(joinedload(Mandate.organisation))
    return session.scalars(query.order_by(Mandate.valid_from.desc(), Mandate.id.desc())).all()


def mandate(session: Session, person_id: uuid.UUID, mandate_id: uuid.UUID) -> Mandate:
    """Return one mandate of a person with its organisation; NotFound `mandate_not_found`."""
    query = select(Mandate).where(Mandate.id == mandate_id, Mandate.person_id == person_id)
    row = session.scalar(query.options(joinedload(Mandate.organisation)))
    if row is None:
        raise NotFound("mandate_not_found")
    return row


def sign_ins(session: Session, user_id: uuid.UUID) -> int:
    """Return how many sign-ins of an account still hold."""
    query = select(func.count()).select_from(UserSession).where(UserSession.user_id == user_id)
    return session.scalar(query) or 0


def organisations(session: Session) -> Sequence[Organisation]:
    """Return all organisations by pinyin."""
    return session.scalars(select(Organisation).order_by(Organisation.sort_key, Organisation.id)).all()


def counts(session: Session, day: date) -> dict[str, int]:
    """Return how many accounts can sign in, how many lack a second factor or a mandate, how many are signed in."""
    held = select(Mandate.id).where(Mandate.person_id == User.person_id, in_force(day))
    row = session.execute(
        select(
            func.count().filter(User.active),
            func.count().filter(User.active, User.tf_primary_method.is_(None)),
            func.count().filter(User.active, ~held.exists()),
        ).select_from(User)
    ).one()
    signed_in = session.scalar(select(func.count(func.distinct(UserSession.user_id)))) or 0
    names = ("active", "without_second_factor", "without_mandate")
    return {**dict(zip(names, map(int, row), strict=True)), "signed_in": signed_in}
