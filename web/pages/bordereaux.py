"""Premium bordereaux: a list of any length sent, its columns chosen, read by the worker, approved and posted."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid
from core.papers import Paper
from core.permits import may
from underwriting import sent_lists
from underwriting.models import Bordereau, Pool
from web import bordereau_desk as desk
from web import list_upload, listing
from web.bordereau_list import LOOKED_AT, SCHEMA
from web.errors import field_errors
from web.formats import number, t, yuan
from web.history import history
from web.list_walk import Walk, answers, column_errors
from web.money_desk import Step, booked_day, leads, led_pool, pool_of, step_page, today
from web.pages.pools import subnav
from web.shell import actor, at, needs, unit

pages = Blueprint("bordereaux", __name__, url_prefix="/pools/<int:pool_id>/bordereaux")

PURPOSE = "bordereau"


@pages.get("")
@needs("bordereau.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List a pool's bordereaux, newest first."""
    pool = pool_of(pool_id)
    query = desk.listed_for(actor(), pool.id)
    if listing.wants_csv():
        return listing.csv_of("bordereaux", _EXPORTED, unit().execute(query.limit(listing.EXPORT_MOST)))
    found = listing.listed(unit(), query)
    return render_template(
        "bordereaux/index.html",
        pool=pool,
        places=subnav(pool),
        rows=[{**row._mapping, "href": url_for(".one", pool_id=pool.id, bordereau_id=row.id)} for row in found.rows],
        found=found,
        exports=listing.csv_link(),
        may_send=leads(pool) and may(actor(), "bordereau.send"),
    )


_EXPORTED = [
    ("bordereau", lambda row: row.id),
    ("file", lambda row: row.name),
    ("booked_on", lambda row: row.on),
    ("stage", lambda row: row.stage),
    ("rows_read", lambda row: row.line_count),
    ("rows_in_order", lambda row: row.row_count),
    ("faults", lambda row: row.fault_count),
    ("premium_cny", lambda row: row.gross_fen),
    ("sent_at", lambda row: row.made_at),
    ("sent_by", lambda row: row.sender),
    ("approved_by", lambda row: row.approver),
    ("posted_at", lambda row: row.posted_at),
    ("sha256", lambda row: row.digest),
]


# Sent: the file and the day, then the columns


def _walk(pool: Pool) -> Walk:
    crumbs = [
        (pool.name, url_for("pools.one", pool_id=pool.id)),
        (t("保费清单", "Premium bordereaux"), url_for(".index", pool_id=pool.id)),
    ]
    labels = (t("选择文件", "The file"), t("对应列", "Columns"), t("后台核对", "Checked"), t("批准入账", "Approved"))
    return Walk(
        t("导入保费清单", "Send a premium bordereau"), crumbs, "bordereaux", {"pool_id": pool.id}, labels=labels
    )


@pages.route("/new", methods=["GET", "POST"])
@needs("bordereau.send")
def upload(pool_id: int) -> ResponseReturnValue:
    """Ask for the file and the day that its premiums are booked on, and keep it."""
    pool = led_pool(pool_id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            day = booked_day(request.form)
            paper = list_upload.keep_upload(unit(), PURPOSE, by=actor(), at=at(), limits=LOOKED_AT)
        except Invalid as refusal:
            errors = field_errors(refusal, *_beside(refusal.code))
        else:
            there = url_for(".columns", pool_id=pool.id, upload_id=paper.id, on=day.isoformat())
            return redirect(there, 303)
    page = render_template(
        "bordereaux/upload.html",
        **_walk(pool).frame(),
        values={"on": today().isoformat(), **request.form.to_dict()},
        errors=errors,
        fields=[(t(one.label_zh, one.label_en), not one.is_required) for one in SCHEMA.fields],
        back=url_for(".index", pool_id=pool.id),
        most_mib=desk.upload_most_mib(),
    )
    return page, 422 if errors else 200


def _beside(code: str) -> tuple[str, ...]:
    return ("on", "file") if code in ("not_a_date", "day_to_come") else ("file", "on")


def _paper(upload_id: uuid.UUID) -> Paper:
    return list_upload.upload_of(unit(), upload_id, PURPOSE, actor())


@pages.get("/new/<uuid:upload_id>/columns")
@needs("bordereau.send")
def columns(pool_id: int, upload_id: uuid.UUID) -> ResponseReturnValue:
    """Ask which column is which, with what the headers suggest."""
    pool = led_pool(pool_id)
    values = request.args.to_dict()
    booked_day(values)
    return _columns(pool, _paper(upload_id), answers(), {})


def _columns(pool: Pool, paper: Paper, chosen: Mapping[str, str], errors: Mapping[str, str]) -> str:
    sheet = chosen.get("sheet") or None
    look = list_upload.look(paper, sheet, limits=LOOKED_AT)
    values = {**list_upload.suggested(SCHEMA, look.headers, chosen), **chosen}
    kept = {"on": request.values.get("on", "")}
    label = t("开始逐行核对", "Check every row")
    posts = {"action": url_for(".begin", pool_id=pool.id, upload_id=paper.id), "kept": kept, "label": label}
    return _walk(pool).columns(SCHEMA, paper, look, values, errors, zones=[], may_register=False, posts=posts)


@pages.post("/new/<uuid:upload_id>")
@needs("bordereau.send")
def begin(pool_id: int, upload_id: uuid.UUID) -> ResponseReturnValue:
    """Have a list read by the worker."""
    pool, paper = led_pool(pool_id), _paper(upload_id)
    chosen = request.form.to_dict()
    day = booked_day(chosen)
    asked, sheet = list_upload.columns_sent(SCHEMA, chosen), chosen.get("sheet") or None
    try:
        with list_upload.opened(paper) as stream:
            sent = desk.keep_sent(stream, paper.name, asked, sheet)
        row = desk.begin(unit(), pool, sent, on=day, by=actor(), at=at())
    except Invalid as refusal:
        return _columns(pool, paper, chosen, column_errors(SCHEMA, refusal)), 422
    except Conflict as refusal:
        return _columns(pool, paper, chosen, field_errors(refusal)), refusal.status
    flash(
        t(
            "清单已交后台逐行核对，可以离开此页；结果在首页提示。",
            "The list is being checked in the background; you may leave, your first page will tell the outcome.",
        ),
        "success",
    )
    return redirect(url_for(".one", pool_id=pool.id, bordereau_id=row.id), 303)


# One bordereau


def _row(pool: Pool, bordereau_id: uuid.UUID) -> Bordereau:
    return desk.of_pool(unit(), pool.id, bordereau_id, actor())


@pages.get("/<uuid:bordereau_id>")
@needs("bordereau.read")
def one(pool_id: int, bordereau_id: uuid.UUID) -> ResponseReturnValue:
    """Show one bordereau: how far it is, every bad row or every premium, what can be done now."""
    pool = pool_of(pool_id)
    row = _row(pool, bordereau_id)
    has_faults = row.stage == "faulty" or (row.stage == "discarded" and row.fault_count > 0)
    if listing.wants_csv():
        return _exported(row, has_faults)
    if row.stage == "reading":
        found = listing.of_rows([])
    elif has_faults:
        found = listing.counted(unit(), sent_lists.faults_of(row), row.fault_count)
    else:
        found = listing.windowed(unit(), partial(desk.rows_of, row), row.row_count)
    told = unit().execute(desk.listed_for(actor(), pool.id).where(Bordereau.id == row.id)).one()
    return render_template(
        "bordereaux/one.html",
        pool=pool,
        row=row,
        told=told,
        has_faults=has_faults,
        rows=list(desk.told_faults(found.rows)) if has_faults else [_shown(row, one) for one in found.rows],
        found=found,
        exports=listing.csv_link() if row.stage != "reading" else [],
        is_going=row.stage in ("reading", "approved"),
        going=progress_words(row),
        columns=[(t(*told), row.columns[name]) for name, told in desk.FIELDS.items() if name in row.columns],
        stopped=desk.stopped_words(row.stopped_code) if row.stopped_code else "",
        **_allowed(pool, row),
        events=history(unit(), "bordereau", row.id),
    )


def _shown(row: Bordereau, one: Any) -> dict[str, object]:
    href = url_for("premiums.one", policy_id=one.policy_id) if row.stage == "posted" else ""
    return {**one._mapping, "href": href}


def _allowed(pool: Pool, row: Bordereau) -> dict[str, bool]:
    """Return what this reader may do with a bordereau as it stands."""
    is_checker = leads(pool) and may(actor(), "bordereau.approve") and row.stage == "checked"
    is_own = row.made_by is not None and row.made_by == actor().person_id
    is_maker = leads(pool) and may(actor(), "bordereau.send")
    return {
        "may_approve": is_checker and not is_own,
        "waits_for_another": is_checker and is_own,
        "may_discard": is_maker and row.stage in ("reading", "faulty", "checked"),
    }


def _exported(row: Bordereau, has_faults: bool) -> Response:
    """Return every fault, or every premium, as CSV."""
    if has_faults:
        found = unit().execute(sent_lists.faults_of(row), execution_options={"yield_per": 1000})
        return listing.csv_file_of("bordereau-faults", _FAULTS, desk.told_faults(found))
    rows = unit().execute(desk.rows_of(row), execution_options={"yield_per": 1000})
    return listing.csv_file_of("bordereau-rows", _ROWS, rows)


_FAULTS = [(name, lambda row, name=name: row[name]) for name in ("row", "field", "column", "what", "code")]
_ROWS = [
    ("row", lambda row: row.line),
    ("policy", lambda row: row.number),
    ("begins_on", lambda row: row.inception_on),
    ("ends_on", lambda row: row.expires_on),
    ("lifts", lambda row: row.lift_count),
    ("premium_cny", lambda row: row.gross_fen),
    ("community", lambda row: row.community),
]


@pages.get("/<uuid:bordereau_id>/progress")
@needs("bordereau.read")
def progress(pool_id: int, bordereau_id: uuid.UUID) -> ResponseReturnValue:
    """Tell the page of a bordereau how far the worker is."""
    row = _row(pool_of(pool_id), bordereau_id)
    is_going = row.stage in ("reading", "approved")
    return {
        "value": None,
        "max": None,
        "state": "doing" if is_going else "succeeded",
        "href": "" if is_going else url_for(".one", pool_id=pool_id, bordereau_id=row.id),
        "words": progress_words(row),
    }


def progress_words(row: Bordereau) -> str:
    """Return how far the reading of a bordereau is, or its posting."""
    if row.stage == "approved":
        return t("正在入账", "Being posted")
    return t(
        "已读 {n} 行，{m} 处有误",
        "{n} rows read, {m} faults so far",
        n=number(row.line_count),
        m=number(row.fault_count),
    )


@pages.route("/<uuid:bordereau_id>/approve", methods=["GET", "POST"])
@needs("bordereau.approve")
def approve(pool_id: int, bordereau_id: uuid.UUID) -> ResponseReturnValue:
    """Have a bordereau posted, by another person than the one who sent it."""
    pool = led_pool(pool_id)
    row = _row(pool, bordereau_id)
    back = url_for(".one", pool_id=pool.id, bordereau_id=row.id)

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        desk.approve_bordereau(unit(), row.id, by=actor(), at=at())
        return t("已批准，后台随即入账。", "Approved; it is being posted in the background."), back

    sentence = t(
        "{n} 张保单、保费 {sum} 将一次全部入账，按各自起保日的份额分到各家；有一张不能入账，就一张都不入账。",
        "{n} policies with premiums of {sum} are posted at once, each shared as on its first day; all of them or none.",
        n=number(row.row_count),
        sum=yuan(row.gross_fen),
    )
    closed = "" if row.stage == "checked" else t("这份清单现在不等待批准。", "This list does not wait for approval.")
    step = Step(
        title=t("批准保费清单入账", "Approve a premium bordereau"),
        sentence=sentence,
        label=t("批准入账", "Approve and post"),
        back=back,
        facts=[
            (t("文件", "File"), row.name),
            (t("入账日期", "Booked on"), row.on.isoformat()),
            (t("保单", "Policies"), number(row.row_count)),
            (t("保费合计", "Premiums"), yuan(row.gross_fen)),
        ],
        crumbs=[(t("保费清单", "Premium bordereaux"), url_for(".index", pool_id=pool.id))],
        closed=closed,
    )
    return step_page(step, work)


@pages.route("/<uuid:bordereau_id>/discard", methods=["GET", "POST"])
@needs("bordereau.send")
def discard(pool_id: int, bordereau_id: uuid.UUID) -> ResponseReturnValue:
    """Give up a bordereau that is not approved."""
    pool = led_pool(pool_id)
    row = _row(pool, bordereau_id)
    back = url_for(".one", pool_id=pool.id, bordereau_id=row.id)

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        sent_lists.discard(unit(), sent_lists.lock(unit(), Bordereau, row.id), by=actor(), at=at())
        return t("清单已放弃，没有入账。", "The list is given up; nothing was booked."), url_for(
            ".index", pool_id=pool.id
        )

    may_still = row.stage in ("reading", "faulty", "checked")
    step = Step(
        title=t("放弃保费清单", "Give up a premium bordereau"),
        sentence=t(
            "“{name}”不再入账。同一份文件以后可以重新导入。",
            "“{name}” will not be booked. The same file may be sent again.",
            name=row.name,
        ),
        label=t("放弃这份清单", "Give it up"),
        back=back,
        crumbs=[(t("保费清单", "Premium bordereaux"), url_for(".index", pool_id=pool.id))],
        is_danger=True,
        closed="" if may_still else t("这份清单不能再放弃。", "This list can no longer be given up."),
    )
    return step_page(step, work)
