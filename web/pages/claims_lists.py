"""Lists of claims: sent, their columns chosen, read by the worker, approved by another person and filed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from claims.list_models import ClaimsList
from core.errors import Conflict, Invalid
from core.papers import Paper
from core.permits import may
from underwriting import sent_lists
from underwriting.models import Pool
from web import claims_list_desk as desk
from web import list_upload, listing
from web.claims_list import LIMITS, SCHEMA
from web.errors import field_errors
from web.formats import number, t, yuan
from web.history import history
from web.list_walk import Walk, answers, column_errors
from web.money_desk import Step, booked_day, leads, led_pool, pool_of, step_page, today
from web.pages.pools import subnav
from web.shell import actor, at, needs, unit

pages = Blueprint("claims_lists", __name__, url_prefix="/pools/<int:pool_id>/claims-lists")

PURPOSE = "claims_list"


@pages.get("")
@needs("claims_list.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List a pool's lists of claims, newest first."""
    pool = pool_of(pool_id)
    query = desk.listed_for(actor(), pool.id)
    if listing.wants_csv():
        return listing.csv_of("claims-lists", _EXPORTED, unit().execute(query.limit(listing.EXPORT_MOST)))
    found = listing.listed(unit(), query)
    return render_template(
        "claims_lists/index.html",
        pool=pool,
        places=subnav(pool),
        rows=[{**row._mapping, "href": url_for(".one", pool_id=pool.id, list_id=row.id)} for row in found.rows],
        found=found,
        exports=listing.csv_link(),
        may_send=leads(pool) and may(actor(), "claims_list.send"),
    )


_EXPORTED = [
    ("list", lambda row: row.id),
    ("file", lambda row: row.name),
    ("booked_on", lambda row: row.on),
    ("stage", lambda row: row.stage),
    ("rows_read", lambda row: row.line_count),
    ("claims", lambda row: row.claim_count),
    ("faults", lambda row: row.fault_count),
    ("asked_cny", lambda row: row.asked_fen),
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
        (t("赔案名单", "Lists of claims"), url_for(".index", pool_id=pool.id)),
    ]
    labels = (t("选择文件", "The file"), t("对应列", "Columns"), t("后台核对", "Checked"), t("批准入账", "Approved"))
    return Walk(t("导入赔案名单", "Send a list of claims"), crumbs, "claims_lists", {"pool_id": pool.id}, labels=labels)


@pages.route("/new", methods=["GET", "POST"])
@needs("claims_list.send")
def upload(pool_id: int) -> ResponseReturnValue:
    """Ask for the file and the day that its claims are booked on, and keep it."""
    pool = led_pool(pool_id)
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            day = booked_day(request.form)
            paper = list_upload.keep_upload(unit(), PURPOSE, by=actor(), at=at(), limits=LIMITS)
        except Invalid as refusal:
            errors = field_errors(refusal, *_beside(refusal.code))
        else:
            there = url_for(".columns", pool_id=pool.id, claims_upload_id=paper.id, on=day.isoformat())
            return redirect(there, 303)
    page = render_template(
        "claims_lists/upload.html",
        **_walk(pool).frame(),
        values={"on": today().isoformat(), **request.form.to_dict()},
        errors=errors,
        fields=[(t(one.label_zh, one.label_en), not one.is_required) for one in SCHEMA.fields],
        back=url_for(".index", pool_id=pool.id),
        most_mib=LIMITS.file_bytes >> 20,
    )
    return page, 422 if errors else 200


def _beside(code: str) -> tuple[str, ...]:
    return ("on", "file") if code in ("not_a_date", "day_to_come") else ("file", "on")


def _paper(claims_upload_id: uuid.UUID) -> Paper:
    return list_upload.upload_of(unit(), claims_upload_id, PURPOSE, actor())


@pages.get("/new/<uuid:claims_upload_id>/columns")
@needs("claims_list.send")
def columns(pool_id: int, claims_upload_id: uuid.UUID) -> ResponseReturnValue:
    """Ask which column is which, with what the headers suggest."""
    pool = led_pool(pool_id)
    values = request.args.to_dict()
    booked_day(values)
    return _columns(pool, _paper(claims_upload_id), answers(), {})


def _columns(pool: Pool, paper: Paper, chosen: Mapping[str, str], errors: Mapping[str, str]) -> str:
    sheet = chosen.get("sheet") or None
    look = list_upload.look(paper, sheet, limits=LIMITS)
    values = {**list_upload.suggested(SCHEMA, look.headers, chosen), **chosen}
    kept = {"on": request.values.get("on", "")}
    label = t("开始逐行核对", "Check every row")
    posts = {"action": url_for(".begin", pool_id=pool.id, claims_upload_id=paper.id), "kept": kept, "label": label}
    return _walk(pool).columns(SCHEMA, paper, look, values, errors, zones=[], may_register=False, posts=posts)


@pages.post("/new/<uuid:claims_upload_id>")
@needs("claims_list.send")
def begin(pool_id: int, claims_upload_id: uuid.UUID) -> ResponseReturnValue:
    """Have a list read by the worker."""
    pool, paper = led_pool(pool_id), _paper(claims_upload_id)
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
            "名单已交后台逐行核对，可以离开此页；结果在首页提示。",
            "The list is being checked in the background; you may leave, your first page will tell the outcome.",
        ),
        "success",
    )
    return redirect(url_for(".one", pool_id=pool.id, list_id=row.id), 303)


# One list


def _row(pool: Pool, list_id: uuid.UUID) -> ClaimsList:
    return desk.of_pool(unit(), pool.id, list_id, actor())


@pages.get("/<uuid:list_id>")
@needs("claims_list.read")
def one(pool_id: int, list_id: uuid.UUID) -> ResponseReturnValue:
    """Show one list: how far it is, every bad row or every claim, what can be done now."""
    pool = pool_of(pool_id)
    row = _row(pool, list_id)
    has_faults = row.stage == "faulty" or (row.stage == "discarded" and row.fault_count > 0)
    if listing.wants_csv():
        return _exported(row, has_faults)
    query, count = (sent_lists.faults_of(row), row.fault_count) if has_faults else (desk.rows_of(row), row.line_count)
    found = listing.counted(unit(), query, count) if row.stage != "reading" else listing.of_rows([])
    told = unit().execute(desk.listed_for(actor(), pool.id).where(ClaimsList.id == row.id)).one()
    return render_template(
        "claims_lists/one.html",
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
        events=history(unit(), "claims_list", row.id),
    )


def _shown(row: ClaimsList, one: Any) -> dict[str, object]:
    href = url_for("claims.one", claim_id=one.claim_id) if one.claim_id else ""
    return {**one._mapping, "href": href}


def _allowed(pool: Pool, row: ClaimsList) -> dict[str, bool]:
    """Return what this reader may do with a list as it stands."""
    is_checker = leads(pool) and may(actor(), "claims_list.approve") and row.stage == "checked"
    is_own = row.made_by is not None and row.made_by == actor().person_id
    is_maker = leads(pool) and may(actor(), "claims_list.send")
    return {
        "may_approve": is_checker and not is_own,
        "may_discard": is_maker and row.stage in ("reading", "faulty", "checked"),
    }


def _exported(row: ClaimsList, has_faults: bool) -> Response:
    """Return every fault, or every row, as CSV."""
    if has_faults:
        found = unit().execute(sent_lists.faults_of(row), execution_options={"yield_per": 1000})
        return listing.csv_file_of("claims-list-faults", _FAULTS, desk.told_faults(found))
    rows = unit().execute(desk.rows_of(row), execution_options={"yield_per": 1000})
    return listing.csv_file_of("claims-list-rows", _ROWS, rows)


_FAULTS = [(name, lambda row, name=name: row[name]) for name in ("row", "field", "column", "what", "code")]
_ROWS = [
    ("row", lambda row: row.line),
    ("claim", lambda row: row.number),
    ("policy", lambda row: row.policy),
    ("fault", lambda row: row.fault),
    ("item", lambda row: row.what),
    ("asked_cny", lambda row: row.asked_fen),
    ("allowed_cny", lambda row: row.allowed_fen),
    ("reason", lambda row: row.reason),
    ("stage", lambda row: row.claim_stage),
]


@pages.get("/<uuid:list_id>/progress")
@needs("claims_list.read")
def progress(pool_id: int, list_id: uuid.UUID) -> ResponseReturnValue:
    """Tell the page of a list how far the worker is."""
    row = _row(pool_of(pool_id), list_id)
    is_going = row.stage in ("reading", "approved")
    return {
        "value": None,
        "max": None,
        "state": "doing" if is_going else "succeeded",
        "href": "" if is_going else url_for(".one", pool_id=pool_id, list_id=row.id),
        "words": progress_words(row),
    }


def progress_words(row: ClaimsList) -> str:
    """Return how far the reading of a list is, or its posting."""
    if row.stage == "approved":
        return t("正在立案入账", "Being filed")
    return t("正在逐行核对", "Being checked")


@pages.route("/<uuid:list_id>/approve", methods=["GET", "POST"])
@needs("claims_list.approve")
def approve(pool_id: int, list_id: uuid.UUID) -> ResponseReturnValue:
    """Have a list posted, by another person than the one who sent it."""
    pool = led_pool(pool_id)
    row = _row(pool, list_id)
    back = url_for(".one", pool_id=pool.id, list_id=row.id)

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        desk.approve_claims_list(unit(), row.id, by=actor(), at=at())
        return t("已批准，后台随即立案入账。", "Approved; its claims are being filed in the background."), back

    sentence = t(
        "{n} 个赔案、报损 {sum} 将一次全部立案并提请同意；首席限额之内的随即由您核准入账，其余等待各成员同意。"
        "有一个不能立案，就一个都不立。",
        "{n} claims asking for {sum} are made and put before the members at once. Those within the lead’s limit are "
        "approved by you and booked; the others wait for the members. All of them or none.",
        n=number(row.claim_count),
        sum=yuan(row.asked_fen),
    )
    closed = "" if row.stage == "checked" else t("这份名单现在不等待批准。", "This list does not wait for approval.")
    step = Step(
        title=t("批准赔案名单入账", "Approve a list of claims"),
        sentence=sentence,
        label=t("批准入账", "Approve and book"),
        back=back,
        facts=[
            (t("文件", "File"), row.name),
            (t("入账日期", "Booked on"), row.on.isoformat()),
            (t("赔案", "Claims"), number(row.claim_count)),
            (t("报损合计", "Asked for"), yuan(row.asked_fen)),
        ],
        crumbs=[(t("赔案名单", "Lists of claims"), url_for(".index", pool_id=pool.id))],
        closed=closed,
    )
    return step_page(step, work)


@pages.route("/<uuid:list_id>/discard", methods=["GET", "POST"])
@needs("claims_list.send")
def discard(pool_id: int, list_id: uuid.UUID) -> ResponseReturnValue:
    """Give up a list that is not approved."""
    pool = led_pool(pool_id)
    row = _row(pool, list_id)
    back = url_for(".one", pool_id=pool.id, list_id=row.id)

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        sent_lists.discard(unit(), sent_lists.lock(unit(), ClaimsList, row.id), by=actor(), at=at())
        return t("名单已放弃，没有入账。", "The list is given up; nothing was booked."), url_for(
            ".index", pool_id=pool.id
        )

    may_still = row.stage in ("reading", "faulty", "checked")
    step = Step(
        title=t("放弃赔案名单", "Give up a list of claims"),
        sentence=t(
            "“{name}”不再入账。同一份文件以后可以重新导入。",
            "“{name}” will not be booked. The same file may be sent again.",
            name=row.name,
        ),
        label=t("放弃这份名单", "Give it up"),
        back=back,
        crumbs=[(t("赔案名单", "Lists of claims"), url_for(".index", pool_id=pool.id))],
        is_danger=True,
        closed="" if may_still else t("这份名单不能再放弃。", "This list can no longer be given up."),
    )
    return step_page(step, work)
