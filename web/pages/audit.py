"""The log of who did what: its list, one event and its proof, the signed heads; the auditor's first page."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import Blueprint, Response, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from core import audit
from core.audit import AuditEvent, AuditHead
from core.clock import CITY, on, written
from core.errors import NotFound
from core.permits import Role
from web import audit_log, charts, extract_desk
from web.audit_log import CheckedHead, Wanted
from web.code_words import ORGANISATIONS
from web.fact_words import fact_rows
from web.formats import instant_plain, number, t
from web.history_words import ACTIONS
from web.kinds import KINDS
from web.listing import EXPORT_MOST, Asked, csv_link, csv_of, listed, wants_csv
from web.pages import MenuItem
from web.shell import actor, at, needs, unit

pages = Blueprint("audit", __name__, url_prefix="/audit")

_READERS = frozenset({Role.AUDITOR, Role.SUPERVISOR, Role.ADMINISTRATOR})
MENU = [MenuItem(90, "操作日志", "Log", "audit.index", _READERS)]

#: What the areas of the log are called, beside the kinds of record.
_AREAS = {
    "account": ("账号", "accounts"),
    "agreement": ("共保协议", "agreements"),
    "allocation": ("份额", "allocation"),
    "award": ("中标", "award"),
    "calendar": ("日历", "calendar"),
    "entry": ("记账", "entries"),
    "estate": ("电梯名单", "lists of lifts"),
    "evaluation": ("评标", "evaluation"),
    "expert": ("评委", "committee"),
    "key": ("密钥", "keys"),
    "mandate": ("授权", "mandates"),
    "objection": ("异议", "objections"),
    "opening": ("开标", "opening"),
    "organisation": ("单位", "organisations"),
    "person": ("人员", "people"),
    "publicity": ("公示", "publicity"),
    "recovery": ("追偿", "recoveries"),
    "report": ("评标报告", "reports"),
    "score": ("评分", "marks"),
    "signing_key": ("投标密钥", "signing keys"),
    "token": ("接口令牌", "tokens"),
    "sealed_bid": ("投标文件", "sealed bid"),
    "demo": ("演示", "demo"),
    "estate_list": ("电梯名单", "list of lifts"),
    "fault_list": ("故障名单", "list of faults"),
    "lift": ("电梯", "lift"),
    "paper": ("文件", "paper"),
    "batch": ("批次", "batches"),
    "bank_report": ("银行流水", "bank statements"),
    "bank_line": ("银行收支", "line of a bank statement"),
    "bank_match": ("核对到账", "matches"),
    "held_receipt": ("待认领收款", "unmatched receipts"),
    "bank_month": ("月度对账", "months' reconciliations"),
    "payee": ("收款人", "payees"),
    "payment_line": ("付款", "payments"),
}

#: Kind of record -> the page where it stands, for those who may read it.
_PAGES = {
    "tender": ("tenders.one", "tender_id"),
    "pool": ("pools.one", "pool_id"),
    "policy": ("policies.one", "policy_id"),
    "claim": ("claims.one", "claim_id"),
    "fault": ("faults.one", "fault_id"),
    "statement": ("statements.one", "statement_id"),
}


def record_kind(kind: str) -> tuple[str, str] | None:
    """Return the pair of words for an area of actions or a kind of record; None where there is none."""
    return _AREAS.get(kind) or KINDS.get(kind) or ORGANISATIONS.get(kind)


def area_words(area: str) -> str:
    """Return what an area of actions, or a kind of record, is called; its code where it has no words."""
    return t(*(record_kind(area) or (area, area)))


def _wanted() -> tuple[Asked, Wanted]:
    asked = Asked()
    wanted = Wanted(
        area=asked.choice("area", audit_log.areas_of(unit(), actor())),
        action=asked.text("action"),
        kind=asked.text("kind"),
        object_id=asked.text("object"),
        who=asked.text("who"),
        first=asked.day("from"),
        last=asked.day("to"),
    )
    return asked, wanted


@pages.get("")
@needs("audit.read")
def index() -> ResponseReturnValue:
    """List what the log tells this reader, newest first."""
    asked, wanted = _wanted()
    query = audit_log.events_visible_to(actor(), wanted)
    most = audit_log.told_size(unit(), actor())
    if wants_csv():
        return _csv(unit().execute(query.limit(EXPORT_MOST)).all(), most)
    found = listed(unit(), query)
    return render_template(
        "audit/index.html",
        rows=[_row(row, most) for row in found.rows],
        found=found,
        asked=asked,
        exports=csv_link(),
        areas=[(area, area_words(area)) for area in audit_log.areas_of(unit(), actor())],
        hides_places=most is not None and most < audit.tree_size(unit()),
    )


def _row(row: Any, most: int | None) -> dict[str, Any]:
    """Return an event as one row of the list."""
    event, place, person, whose = row
    known = ACTIONS.get(event.action)
    return {
        "id": str(event.id),
        "place": place if place is not None and (most is None or place < most) else None,
        "at": event.at,
        "action": event.action,
        "what": t(*known) if known else event.action,
        "who": " · ".join(name for name in (whose, person) if name) or _nobody(event),
        "role": event.role,
        "is_by_token": "by_token" in event.facts,
        "kind": event.object_kind,
        "kind_words": area_words(event.object_kind),
        "object_id": event.object_id,
        "href": url_for("audit.one", event_id=event.id),
    }


def _nobody(event: AuditEvent) -> str:
    """Return who is behind an event without a person: a visitor who was not signed in, or the machinery."""
    is_visitor = event.role == Role.PUBLIC.value
    return t("未登录的人", "somebody not signed in") if is_visitor else t("系统", "the machinery")


def _csv(rows: Any, most: int | None) -> Response:
    def of(name: str) -> Any:
        return lambda row: _row(row, most)[name]

    columns = [
        ("place", of("place")),
        ("at", lambda row: row[0].at),
        ("action", lambda row: row[0].action),
        ("role", lambda row: row[0].role),
        ("person", lambda row: row[2]),
        ("organisation", lambda row: row[3]),
        ("object_kind", lambda row: row[0].object_kind),
        ("object_id", lambda row: row[0].object_id),
        ("facts", lambda row: json.dumps(row[0].facts, ensure_ascii=False, sort_keys=True)),
        ("event_id", lambda row: str(row[0].id)),
    ]
    return csv_of("audit", columns, rows)


@pages.get("/<uuid:event_id>")
@needs("audit.read")
def one(event_id: uuid.UUID) -> ResponseReturnValue:
    """Show one event: what, who, when, its facts, its place in the log."""
    row = audit_log.event_of(unit(), event_id, actor())
    event: AuditEvent = row[0]
    most = audit_log.told_size(unit(), actor())
    shown = _row(row, most)
    return render_template(
        "audit/one.html",
        row=shown,
        event=event,
        facts=fact_rows(event.object_kind, event.facts),
        object_href=_object_href(event),
        leaf=audit.leaf_bytes(event).decode(),
        proof_href=url_for("audit.proof", event_id=event.id) if shown["place"] is not None else "",
    )


def _object_href(event: AuditEvent) -> str:
    """Return where the record of an event stands, for those who read records."""
    page = _PAGES.get(event.object_kind)
    if page is None or actor().role is Role.ADMINISTRATOR:
        return ""
    place: dict[str, Any] = {page[1]: event.object_id}
    return url_for(page[0], **place)


@pages.get("/<uuid:event_id>/proof.json")
@needs("audit.read")
def proof(event_id: uuid.UUID) -> ResponseReturnValue:
    """Return the proof that an event stands in the log; anyone checks it with SHA-256 alone."""
    return _file(audit_log.proof_of(unit(), event_id, actor()), f"proof-{event_id}.json")


def _file(document: Any, name: str) -> Response:
    text = json.dumps(document, ensure_ascii=False, indent=2, default=written) + "\n"
    answer = Response(text, mimetype="application/json")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _heads() -> Any:
    return audit_log.heads_visible_to(audit_log.told_size(unit(), actor())).order_by(AuditHead.size.desc())


@pages.get("/heads")
@needs("audit.read")
def heads() -> ResponseReturnValue:
    """List the signed heads, each checked against its signature and the log as it stands."""
    found = listed(unit(), _heads())
    rows = [_head_row(one) for one in audit_log.checked(unit(), [row[0] for row in found.rows])]
    return render_template("audit/heads.html", rows=rows, found=found, size=_told())


def _told() -> int:
    most = audit_log.told_size(unit(), actor())
    return audit.tree_size(unit()) if most is None else most


def _head_row(one: CheckedHead) -> dict[str, Any]:
    return {
        "size": one.head.size,
        "signed_at": one.head.signed_at,
        "root": one.head.root.hex(),
        "key": one.head.public_key.hex()[:16],
        "stage": one.stage,
        "href": url_for("audit.head", size=one.head.size),
    }


@pages.get("/heads.json")
@needs("audit.read")
def heads_file() -> ResponseReturnValue:
    """Return all signed heads as one file, to be kept elsewhere."""
    rows = unit().scalars(_heads().limit(EXPORT_MOST))
    name = f"heads-{on(at()).isoformat()}.json"
    return _file({"log": "gongbao-1", "heads": [audit_log.head_document(row) for row in rows]}, name)


@pages.get("/heads/<int:size>.json")
@needs("audit.read")
def head(size: int) -> ResponseReturnValue:
    """Return one signed head."""
    row = unit().scalar(_heads().where(AuditHead.size == size)) if size < 1 << 62 else None
    if row is None:
        raise NotFound("head_not_found")
    return _file(audit_log.head_document(row), f"head-{size}.json")


def _home() -> ResponseReturnValue:
    """Show the auditor how the log stands, what to take away, what happened last."""
    size = audit.tree_size(unit())
    newest = unit().scalars(select(AuditHead).order_by(AuditHead.size.desc()).limit(2)).all()
    found = audit_log.checked(unit(), newest)
    days = audit_log.by_day(unit(), actor(), on(at()))
    signed = found[0].head.size if found else 0
    tiles = [
        {"label": t("日志条数", "Entries"), "value": number(size), "href": url_for("audit.index")},
        {
            "label": t("最新树头", "Newest head"),
            "value": number(signed) if found else "—",
            "change": instant_plain(found[0].head.signed_at) if found else t("还没有签名", "none is signed yet"),
            "href": url_for("audit.heads"),
        },
        {"label": t("尚未签入树头", "Not under a head yet"), "value": number(size - signed)},
        {"label": t("今天", "Today"), "value": number(days[-1][1])},
    ]
    drawn = charts.columns([(day.strftime("%m-%d"), count) for day, count in days], t("每天的条数", "Entries a day"))
    recent = unit().execute(audit_log.events_visible_to(actor()).limit(12))
    return render_template(
        "audit/home.html",
        tiles=tiles,
        checked=found,
        drawn=drawn,
        days=[{"day": day, "count": count} for day, count in reversed(days) if count],
        recent=[_row(row, None) for row in recent],
        ready=extract_desk.ready_links(unit(), actor()),
        zone=CITY.key,
    )


HOMES = {Role.AUDITOR: _home}
