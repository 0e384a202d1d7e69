"""The custodians' pages: one's own key for a tender, its proof, its share in the rehearsal and at the opening.

Private keys are made, kept and used in the custodian's browser or by the offline command; what is posted here is a
public key, an answer to a challenge, or an opened share.
"""

from __future__ import annotations

import io
import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from core import parties
from core.errors import Conflict, Invalid, NotFound, Refusal
from core.permits import Role
from tender import custody, keys
from tender.envelope import ONE_ENVELOPE, SHARE_LENGTH, read_head
from tender.models import Custodian, CustodianShare, RehearsalShare, Tender
from tender.p256 import POINT_LENGTH
from tender.sharefiles import read_shares
from web.errors import field_errors, words
from web.formats import t
from web.forms import hex_field, may_show_again
from web.pages import MenuItem
from web.pages.tender_steps import Step, take
from web.pages.tenders import load, row_of
from web.sealing_words import sealing_words
from web.shell import actor, at, needs, unit
from web.tender_frame import frame_of

pages = Blueprint("custody", __name__)

MENU = [MenuItem(12, "密钥保管", "Custody", "custody.index", frozenset({Role.CUSTODIAN}))]

_PART = ONE_ENVELOPE[0]
_ANSWER_LENGTH = 32


@pages.get("/custody")
@needs("custody.prove")
def index() -> ResponseReturnValue:
    """List the tenders whose bids the reader keeps a share of, with what is asked of it now."""
    return render_template("custody/index.html", items=work_of())


def work_of() -> list[dict[str, Any]]:
    """Return the reader's custodies as a work list, what is asked now first."""
    query = select(Custodian, Tender).join(Tender, Tender.id == Custodian.tender_id)
    found = unit().execute(query.where(Custodian.person_id == actor().person_id).order_by(Tender.deadline_at.desc()))
    items = []
    for row, tender in found:
        asked = _asked(tender, row)
        items.append(
            {
                **row_of(tender),
                "href": url_for("custody.mine", tender_id=tender.id),
                "note": " · ".join(part for part in (tender.number, asked) if part),
                "is_asked": bool(asked),
                "due_at": tender.deadline_at if asked and tender.stage in ("published", "opening") else None,
                "kind": "tender",
            }
        )
    return sorted(items, key=lambda item: not item["is_asked"])


def _asked(tender: Tender, row: Custodian) -> str:
    """Return what is asked of a custodian now, in words; empty for nothing."""
    if row.lost_at is not None:
        return ""
    if tender.stage == "draft":
        if row.public_key is None:
            return t("生成密钥，登记公钥", "Make a key and give its public half")
        if row.proved_at is None:
            return t("证明持有私钥", "Prove that you hold the key")
        return t("演练：交出份额", "Rehearse: give your share") if _rehearsal_due(tender, row) else ""
    if (
        tender.stage == "opening"
        and tender.opening_confirmed_at is not None
        and unit().scalar(
            select(CustodianShare.place)
            .where(CustodianShare.tender_id == tender.id, CustodianShare.place == row.place)
            .limit(1)
        )
        is None
    ):
        return t("开标：交出份额", "Opening: give your shares")
    return ""


def _rehearsal_due(tender: Tender, row: Custodian) -> bool:
    try:
        rehearsal = custody.latest_rehearsal(unit(), tender)
    except Conflict:
        return False
    return unit().get(RehearsalShare, (tender.id, rehearsal.number, row.place)) is None


def _mine(tender_id: uuid.UUID) -> tuple[Tender, Custodian]:
    tender = load(tender_id)
    return tender, custody.own_custody(unit(), tender, by=actor())


@pages.get("/custody/<uuid:tender_id>")
@needs("custody.prove")
def mine(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Show a custodian's own key for one tender, and the one thing that is asked of it now."""
    tender, row = _mine(tender_id)
    return _page(tender, row)


def _page(tender: Tender, row: Custodian, refused: Refusal | None = None, field: str = "") -> ResponseReturnValue:
    errors = {} if refused is None else field_errors(refused, field)
    too_few = ""
    tasks: list[keys.ShareTask] = []
    if tender.stage == "opening" and refused is None:
        try:
            tasks = keys.share_tasks(unit(), tender, by=actor())
        except Conflict as refusal:
            too_few = words(refusal)
    rehearsal = row.proved_at is not None and tender.stage == "draft" and _rehearsal_due(tender, row)
    head = custody.rehearsal_head(custody.latest_rehearsal(unit(), tender)).to_bytes() if rehearsal else b""
    data = {
        "tender": str(tender.id),
        "number": tender.number,
        "point": row.public_key.hex() if row.public_key else "",
        "challenge": row.challenge.hex() if row.challenge else "",
        "rehearsal": head.hex(),
        "heads": [task.header.hex() for task in tasks],
        "part": _PART,
        "words": sealing_words(),
    }
    page = render_template(
        "custody/mine.html",
        frame=frame_of(tender, actor(), at()),
        tender=tender,
        row=row,
        is_rehearsing=rehearsal,
        tasks=tasks,
        too_few=too_few,
        data=data,
        errors=errors,
        values=request.form,
        has_given=tender.stage == "opening" and not tasks and not too_few,
    )
    return page, refused.status if refused is not None else 200


@pages.post("/custody/<uuid:tender_id>/key")
@needs("custody.prove")
def give_key(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Take a custodian's public key."""
    tender, row = _mine(tender_id)
    try:
        custody.give_key(unit(), tender, hex_field(request.form, "public_key", POINT_LENGTH), by=actor(), at=at())
    except (Invalid, Conflict) as refusal:
        return _page(tender, row, refusal, "public_key")
    flash(
        t("公钥已登记。请接着证明您持有私钥。", "The key is registered. Now prove that you hold its private half."),
        "success",
    )
    return redirect(url_for("custody.mine", tender_id=tender.id), 303)


@pages.post("/custody/<uuid:tender_id>/again")
@needs("custody.prove")
def ask_again(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Ask a custodian anew to prove that it holds its key."""
    tender, _ = _mine(tender_id)
    custody.ask_again(unit(), tender, by=actor(), at=at())
    flash(t("新的验证题已出。", "There is a new challenge."), "success")
    return redirect(url_for("custody.mine", tender_id=tender.id), 303)


@pages.post("/custody/<uuid:tender_id>/proof")
@needs("custody.prove")
def prove(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Take the answer to a challenge."""
    tender, row = _mine(tender_id)
    try:
        custody.prove(unit(), tender, hex_field(request.form, "answer", _ANSWER_LENGTH), by=actor(), at=at())
    except (Invalid, Conflict) as refusal:
        return _page(tender, row, refusal, "answer")
    flash(t("已证明您持有私钥。", "It is proved that you hold the key."), "success")
    return redirect(url_for("custody.mine", tender_id=tender.id), 303)


@pages.post("/custody/<uuid:tender_id>/rehearsal")
@needs("custody.share")
def rehearse(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Take a custodian's share of the dummy bid."""
    tender, row = _mine(tender_id)
    try:
        share = _rehearsal_share(tender)
        custody.give_rehearsal_share(unit(), tender, share, by=actor(), at=at())
    except (Invalid, Conflict) as refusal:
        return _page(tender, row, refusal, "share")
    flash(t("演练份额已接收。", "Your share of the rehearsal is taken."), "success")
    return redirect(url_for("custody.mine", tender_id=tender.id), 303)


def _rehearsal_share(tender: Tender) -> bytes:
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return hex_field(request.form, "share", SHARE_LENGTH)
    opened = read_shares(upload.stream.read(1 << 20))
    digest = custody.rehearsal_head(custody.latest_rehearsal(unit(), tender)).sha256
    if opened.tender != str(tender.id) or digest not in opened.shares:
        raise Invalid("share_file_foreign")
    return opened.shares[digest]


@pages.get("/custody/<uuid:tender_id>/rehearsal.gbe")
@needs("custody.share")
def rehearsal_head(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Return the head of the dummy bid, for the offline command."""
    tender, _ = _mine(tender_id)
    head = custody.rehearsal_head(custody.latest_rehearsal(unit(), tender)).to_bytes()
    return _gbe(head, f"{tender.number}-rehearsal.gbe")


@pages.get("/custody/<uuid:tender_id>/heads/<int:place>.gbe")
@needs("custody.share")
def head(tender_id: uuid.UUID, place: int) -> ResponseReturnValue:
    """Return the head of one bid that is still to be opened, for the offline command."""
    tender, _ = _mine(tender_id)
    tasks = keys.share_tasks(unit(), tender, by=actor())
    if not 1 <= place <= len(tasks):
        raise NotFound("bid_not_found")
    return _gbe(tasks[place - 1].header, f"{tender.number}-{place}.gbe")


def _gbe(body: bytes, name: str) -> Response:
    answer = Response(body, mimetype="application/octet-stream")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


@pages.post("/custody/<uuid:tender_id>/shares")
@needs("custody.share")
def give(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Take a custodian's shares of all bids, as the share file that page or command made."""
    tender, row = _mine(tender_id)
    try:
        found = keys.give_shares(unit(), tender, _shares(tender), by=actor(), at=at())
    except (Invalid, Conflict) as refusal:
        may_show_again(refusal)
        return _page(tender, row, refusal, "shares")
    if found:
        names = parties.names_of(unit(), [uuid.UUID(finding.where) for finding in found])
        for finding in found:
            flash(f"{names.get(uuid.UUID(finding.where), '')}{t('：', ': ')}{words(finding)}", "stop")
    else:
        flash(t("份额已全部接收。", "All your shares are taken."), "success")
    return redirect(url_for("custody.mine", tender_id=tender.id), 303)


def _shares(tender: Tender) -> list[keys.GivenShare]:
    upload = request.files.get("file")
    raw = upload.stream.read((1 << 20) + 1) if upload is not None and upload.filename else b""
    raw = raw or request.form.get("shares", "").strip().encode()
    if not raw:
        raise Invalid("share_file_missing")
    opened = read_shares(raw)
    if opened.tender != str(tender.id):
        raise Invalid("share_file_foreign")
    given = []
    for task in keys.share_tasks(unit(), tender, by=actor()):
        share = opened.shares.get(read_head(io.BytesIO(task.header)).sha256)
        if share is not None and task.part == opened.part:
            given.append(keys.GivenShare(task.organisation_id, task.number, task.part, share))
    return given


@pages.route("/custody/<uuid:tender_id>/lost", methods=["GET", "POST"])
@needs("custody.prove")
def lost(tender_id: uuid.UUID) -> ResponseReturnValue:
    """Report a key lost."""
    tender, _ = _mine(tender_id)
    step = Step(
        t(
            "报告密钥遗失。已封存的投标仍由其余份额开启；公布前遗失的，重新举行密钥仪式即可。",
            "Report your key lost. Sealed bids still open by the shares that remain; before publication the ceremony "
            "is simply held again.",
        ),
        t("报告遗失", "Report it lost"),
        t("已记录密钥遗失。", "The loss is on record."),
        is_danger=True,
    )
    to = url_for("custody.index")
    return take(tender, step, lambda _: custody.report_lost(unit(), tender, by=actor(), at=at()), to=to)
