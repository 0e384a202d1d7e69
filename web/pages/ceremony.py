"""The key ceremony as the bureau holds it: custodians named, their keys collected, a dummy bid opened in rehearsal."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from core import parties
from core.clock import on
from core.errors import Conflict, Invalid, NotFound, Refusal
from core.parties import Mandate, Person
from core.permits import Role
from tender import custody
from tender.drafting import custodians_of
from tender.models import Rehearsal, RehearsalShare, Tender
from web.errors import field_errors, words
from web.formats import t
from web.pages.tenders import load
from web.shell import actor, at, needs, unit
from web.tender_frame import frame_of, sees_inside

pages = Blueprint("ceremony", __name__)


@pages.get("/tenders/<uuid:tender_id>/keys")
@needs("tender.read")
def one(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Show the key ceremony: who keeps a share, what each has done, the rehearsal."""
    tender = load(tender_id)
    if not sees_inside(actor()):
        raise NotFound("tender_not_found")
    return _page(tender)


def _page(tender: Tender, refused: Refusal | None = None, chosen: Sequence[str] | None = None) -> ResponseReturnValue:
    """Return the page, with what was refused beside its fields and what was chosen there still chosen."""
    session = unit()
    findings = refused.findings if isinstance(refused, Invalid) else ()
    named = custodians_of(session, tender)
    names = parties.names_of(session, [row.organisation_id for row in named])
    who = select(Person.id, Person.name).where(Person.id.in_([row.person_id for row in named]))
    people = {row.id: row.name for row in session.execute(who)}
    number = 0
    with suppress(Conflict):
        number = custody.latest_rehearsal(session, tender).number
    query = select(RehearsalShare.place).where(RehearsalShare.tender_id == tender.id, RehearsalShare.number == number)
    given = set(session.scalars(query))
    rows = [
        {
            "place": row.place + 1,
            "name": people.get(row.person_id, ""),
            "whose": names.get(row.organisation_id, ""),
            "fingerprint": row.fingerprint,
            "key": "done" if row.public_key else "todo",
            "proof": "error" if row.lost_at else "done" if row.proved_at else "todo",
            "share": "done" if row.place in given else "todo",
        }
        for row in named
    ]
    page = render_template(
        "custody/ceremony.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        rows=rows,
        rehearsal=number,
        is_voided=tender.stage == "draft" and not number and _was_rehearsed(tender),
        can_finish=bool(rows) and all(row["proof"] == "done" and row["share"] == "done" for row in rows),
        all_proved=bool(rows) and all(row["proof"] == "done" for row in rows),
        is_officer=actor().role is Role.OFFICER and tender.stage == "draft",
        choices=_choices() if actor().role is Role.OFFICER and tender.stage == "draft" else [],
        chosen=[str(row.person_id) for row in named] if chosen is None else chosen,
        values={"threshold": str(tender.threshold)} | request.form.to_dict(),
        refused=words(refused) if refused and not findings else "",
        wrong=[(one.where, words(one)) for one in findings],
        errors=field_errors(refused, "people", "threshold") if refused and findings else {},
    )
    return page, refused.status if refused else 200


def _was_rehearsed(tender: Tender) -> bool:
    """Say whether a dummy bid was sealed in an earlier ceremony, which counts no more."""
    return unit().scalar(select(Rehearsal.number).where(Rehearsal.tender_id == tender.id).limit(1)) is not None


def _choices() -> list[tuple[str, str]]:
    """Return the people who may keep a share: those with a custodian's mandate today."""
    query = (
        select(Mandate.person_id, Person.name, parties.Organisation.name.label("whose"))
        .join(Person, Person.id == Mandate.person_id)
        .join(parties.Organisation, parties.Organisation.id == Mandate.organisation_id)
        .where(Mandate.role == Role.CUSTODIAN.value, parties.in_force(on(at())))
        .order_by(parties.Organisation.sort_key, Person.id)
    )
    return [(str(row.person_id), f"{row.name}（{row.whose}）") for row in unit().execute(query)]


@pages.post("/tenders/<uuid:tender_id>/keys/custodians")
@needs("tender.key")
def name(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Name the custodians of a draft and how many of them open a bid."""
    tender = load(tender_id)
    chosen = set(request.form.getlist("people"))
    query = select(Mandate).where(Mandate.role == Role.CUSTODIAN.value, parties.in_force(on(at()))).order_by(Mandate.id)
    keepers = {
        row.person_id: custody.Keeper(row.person_id, row.organisation_id)
        for row in unit().scalars(query)
        if str(row.person_id) in chosen
    }
    typed = request.form.get("threshold", "").strip()
    threshold = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    try:
        custody.name_custodians(unit(), tender, list(keepers.values()), threshold, by=actor(), at=at())
    except Refusal as refusal:
        return _page(tender, refusal, chosen=sorted(chosen))
    flash(t("保管人已确定，请他们登记公钥。", "The custodians are named; they now give their keys."), "success")
    return redirect(url_for("ceremony.one", tender_id=tender.id), 303)


@pages.post("/tenders/<uuid:tender_id>/keys/rehearsal")
@needs("tender.key")
def begin_rehearsal(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Seal a dummy bid to the custodians' keys."""
    tender = load(tender_id)
    try:
        custody.rehearse(unit(), tender, by=actor(), at=at())
    except (Invalid, Conflict) as refusal:
        return _page(tender, refusal)
    flash(t("演练开始，请保管人交出份额。", "The rehearsal has begun; the custodians give their shares."), "success")
    return redirect(url_for("ceremony.one", tender_id=tender.id), 303)


@pages.post("/tenders/<uuid:tender_id>/keys/finish")
@needs("tender.key")
def finish(tender_id: uuid.UUID) -> ResponseReturnValue:
    """End the ceremony: the dummy bid opens with the shares."""
    tender = load(tender_id)
    try:
        custody.finish_ceremony(unit(), tender, by=actor(), at=at())
    except (Invalid, Conflict) as refusal:
        return _page(tender, refusal)
    flash(t("密钥仪式完成，可以送审。", "The ceremony is done; the tender can be approved."), "success")
    return redirect(url_for("ceremony.one", tender_id=tender.id), 303)
