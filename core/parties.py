"""Who there is: organisations, people, and the mandates by which a person acts for an organisation in a role."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from pypinyin import lazy_pinyin
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, UniqueConstraint, and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship
from stdnum.cn import uscc as credit_code
from stdnum.exceptions import ValidationError

from core import audit
from core.db import Model, new_id
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import Actor, Role, kind_of

ORGANISATION_KINDS = ("bureau", "insurer", "community", "repairer", "platform")


class Organisation(Model):
    """A bureau, an insurer, a community or a repairer. `sort_key` orders names by pinyin.

    `group_id` is the organisation that stands for the group this one belongs to (one head, holding or management).
    """

    __tablename__ = "organisation"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(unique=True)
    short_name: Mapped[str]
    sort_key: Mapped[str]
    uscc: Mapped[str | None] = mapped_column(unique=True)
    group_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    __table_args__ = (
        CheckConstraint("group_id <> id", name="group"),
        CheckConstraint("kind IN ('bureau', 'insurer', 'community', 'repairer', 'platform')", name="kind"),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name_length"),
    )


class Person(Model):
    """A human being who can act here; the account that logs in as it belongs to the edge."""

    __tablename__ = "person"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]


class Mandate(Model):
    """A person may act for an organisation in a role from one date up to, not including, another.

    One that was ended on its first day held at no time.
    """

    __tablename__ = "mandate"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    role: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    person: Mapped[Person] = relationship(lazy="raise")
    organisation: Mapped[Organisation] = relationship(lazy="raise")
    __table_args__ = (
        UniqueConstraint("person_id", "organisation_id", "role", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="term"),
    )


def sort_key_of(name: str) -> str:
    """Return the pinyin by which a name is sorted.

    >>> sort_key_of("株洲 A")
    'zhu zhou a'
    """
    return " ".join(" ".join(lazy_pinyin(name)).lower().split())


def add_organisation(
    session: Session,
    kind: str,
    name: str,
    *,
    short_name: str = "",
    uscc: str | None = None,
    by: Actor,
    at: datetime,
) -> Organisation:
    """Return a new organisation. Refuses `organisation_kind_unknown`, `invalid_credit_code`, `organisation_exists`."""
    if kind not in ORGANISATION_KINDS:
        raise Invalid("organisation_kind_unknown", kind=kind, kinds=list(ORGANISATION_KINDS))
    if uscc is not None:
        try:
            uscc = str(credit_code.validate(uscc))
        except ValidationError:
            raise Invalid("invalid_credit_code", uscc=uscc) from None
    taken = select(Organisation.id).where(
        (Organisation.name == name) | ((Organisation.uscc == uscc) & (Organisation.uscc.is_not(None)))
    )
    if session.scalar(taken):
        raise Conflict("organisation_exists", name=name)
    row = Organisation(kind=kind, name=name, short_name=short_name or name, sort_key=sort_key_of(name), uscc=uscc)
    session.add(row)
    session.flush()
    audit.record(session, "organisation.added", by=by, at=at, of=("organisation", row.id), facts={"kind": kind})
    return row


def set_group(
    session: Session, organisation: Organisation, head: Organisation | None, *, by: Actor, at: datetime
) -> None:
    """Put an organisation into the group that `head` stands for, or take it out of its group (none).

    A group has one head and no levels: Conflict `group_has_levels` where the head belongs to another's group, or the
    organisation is itself a head; Invalid `group_of_itself`.
    """
    if head is not None:
        if head.id == organisation.id:
            raise Invalid("group_of_itself")
        heads = session.scalar(select(Organisation.id).where(Organisation.group_id == organisation.id).limit(1))
        if head.group_id is not None or heads is not None:
            raise Conflict("group_has_levels")
    organisation.group_id = head.id if head else None
    session.flush()
    facts = {"group": str(head.id) if head else ""}
    audit.record(session, "organisation.grouped", by=by, at=at, of=("organisation", organisation.id), facts=facts)


def add_person(session: Session, name: str, *, by: Actor, at: datetime) -> Person:
    """Return a new person. The log keeps the person's number, never the name."""
    row = Person(name=name)
    session.add(row)
    session.flush()
    audit.record(session, "person.added", by=by, at=at, of=("person", row.id))
    return row


def give_mandate(
    session: Session,
    person: Person,
    organisation: Organisation,
    role: Role,
    valid_from: date,
    *,
    by: Actor,
    at: datetime,
) -> Mandate:
    """Return a new mandate. Refuses `role_not_for_organisation` where this kind of organisation has no such role.

    Nobody gives one to themselves: Forbidden `mandate_for_oneself`.
    """
    _not_oneself(person.id, by)
    if organisation.kind not in kind_of(role):
        raise Invalid("role_not_for_organisation", role=role.value, kind=organisation.kind)
    row = Mandate(person_id=person.id, organisation_id=organisation.id, role=role.value, valid_from=valid_from)
    session.add(row)
    session.flush()
    facts = {
        "role": role.value,
        "person": str(person.id),
        "organisation": str(organisation.id),
        "from": valid_from.isoformat(),
    }
    audit.record(session, "mandate.given", by=by, at=at, of=("mandate", row.id), facts=facts)
    return row


def end_mandate(session: Session, mandate: Mandate, on: date, *, by: Actor, at: datetime) -> None:
    """End a mandate: from `on` (the first day without it) nobody acts under it; at the earliest from its own first day.

    Refuses Conflict `mandate_ended` where it has ended by then, Forbidden `mandate_for_oneself`.
    """
    _not_oneself(mandate.person_id, by)
    locked = select(Mandate).where(Mandate.id == mandate.id).with_for_update()
    mandate = session.scalars(locked.execution_options(populate_existing=True)).one()
    last = max(on, mandate.valid_from)
    if mandate.valid_to is not None and mandate.valid_to <= last:
        raise Conflict("mandate_ended", on=mandate.valid_to)
    mandate.valid_to = last
    session.flush()
    facts = {"role": mandate.role, "on": last.isoformat()}
    audit.record(session, "mandate.ended", by=by, at=at, of=("mandate", mandate.id), facts=facts)


def _not_oneself(person_id: uuid.UUID, by: Actor) -> None:
    if by.person_id == person_id:
        raise Forbidden("mandate_for_oneself")


def mandates_of(session: Session, person_id: uuid.UUID, day: date) -> list[Mandate]:
    """Return the mandates a person holds on a day, with their organisations, oldest first."""
    from sqlalchemy.orm import joinedload

    query = (
        select(Mandate)
        .where(Mandate.person_id == person_id, in_force(day))
        .options(joinedload(Mandate.organisation))
        .order_by(Mandate.id)
    )
    return list(session.scalars(query))


def actor_of(mandate: Mandate, led_pools: frozenset[int] = frozenset()) -> Actor:
    """Return the actor that a mandate makes of its person; needs the mandate's organisation loaded."""
    return Actor(
        person_id=mandate.person_id,
        organisation_id=mandate.organisation_id,
        organisation_kind=mandate.organisation.kind,
        role=Role(mandate.role),
        led_pools=led_pools,
    )


def organisation(session: Session, organisation_id: uuid.UUID) -> Organisation:
    """Return an organisation; NotFound `organisation_not_found` otherwise."""
    row = session.get(Organisation, organisation_id)
    if row is None:
        raise NotFound("organisation_not_found")
    return row


def in_force(day: date) -> ColumnElement[bool]:
    """Return the condition that a mandate is in force on a day; `valid_to` is the first day that it is not."""
    return and_(Mandate.valid_from <= day, or_(Mandate.valid_to.is_(None), Mandate.valid_to > day))


def people_of(session: Session, ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return id -> name of people, in one query."""
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {row.id: row.name for row in rows}


def names_of(session: Session, ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return id -> name of organisations, in one query."""
    rows = session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids)))
    return {row.id: row.name for row in rows}
