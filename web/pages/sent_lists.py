"""The pages of every kind of list that is sent: a file chosen, its columns, the list read, approved, given up.

The routes are those of each kind (`bordereaux`, `claims_lists`); what they show and do is here.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Invalid
from core.papers import Paper
from core.permits import may
from underwriting import sent_lists
from underwriting.models import Pool
from underwriting.sent_models import SentList
from web import list_upload, listing, sent_desk
from web.errors import field_errors
from web.formats import number, t
from web.history import history
from web.list_walk import Walk, answers, column_errors
from web.money_desk import Step, booked_day, leads, led_pool, pool_of, step_page, today
from web.pages.pools import subnav
from web.sent_desk import Exported, ListKind
from web.shell import actor, at, unit

#: A kind of list, whatever its lists hold.
AnyKind = ListKind[Any]

_EXPORTED: Exported = [
    ("sent_at", lambda row: row.made_at),
    ("sent_by", lambda row: row.sender),
    ("approved_by", lambda row: row.approver),
    ("posted_at", lambda row: row.posted_at),
    ("sha256", lambda row: row.digest),
]
_FAULTS: Exported = [(name, lambda row, name=name: row[name]) for name in ("row", "field", "column", "what", "code")]  # type: ignore[misc]


def index(kind: AnyKind, pool_id: int) -> ResponseReturnValue:
    """List a pool's lists of a kind, newest first."""
    pool = pool_of(pool_id)
    query = sent_desk.listed_for(kind, actor(), pool.id)
    if listing.wants_csv():
        rows = unit().execute(query.limit(listing.EXPORT_MOST))
        return listing.csv_of(_file_name(kind.blueprint), [*kind.exported, *_EXPORTED], rows)
    found = listing.listed(unit(), query)
    return render_template(
        "sent_lists/index.html",
        kind=kind,
        said=kind.words.said(),
        pool=pool,
        places=subnav(pool),
        rows=[{**row._mapping, "href": kind.address("one", row)} for row in found.rows],
        found=found,
        exports=listing.csv_link(),
        may_send=leads(pool) and may(actor(), f"{kind.name}.send"),
    )


# Sent: the file and the day, then the columns


def _crumb(kind: AnyKind, pool_id: int) -> tuple[str, str]:
    return t(*kind.words.many), url_for(f"{kind.blueprint}.index", pool_id=pool_id)


def _walk(kind: AnyKind, pool: Pool) -> Walk:
    crumbs = [(pool.name, url_for("pools.one", pool_id=pool.id)), _crumb(kind, pool.id)]
    labels = (t("选择文件", "The file"), t("对应列", "Columns"), t("后台核对", "Checked"), t("批准入账", "Approved"))
    return Walk(kind.words.of_any("send"), crumbs, kind.blueprint, {"pool_id": pool.id}, labels=labels)


def upload(kind: AnyKind, pool_id: int) -> ResponseReturnValue:
    """Ask for the file and the day that what it holds is booked on, and keep it."""
    pool = led_pool(pool_id)
    walk, errors = _walk(kind, pool), {}
    if request.method == "POST":
        try:
            day = booked_day(request.form)
            paper = list_upload.keep_upload(unit(), kind.name, by=actor(), at=at(), limits=kind.looked_at)
        except Invalid as refusal:
            errors = field_errors(refusal, *_beside(refusal.code))
        else:
            return redirect(walk.address("columns", **{kind.upload_name: paper.id}, on=day.isoformat()), 303)
    values = {"on": today().isoformat(), **request.form.to_dict()}
    said = kind.words.said()
    page = render_template(
        "sent_lists/upload.html",
        **walk.frame(),
        said={**said, "command": said["command"].format(pool=pool.id, on=values["on"])},
        values=values,
        errors=errors,
        fields=[(t(one.label_zh, one.label_en), not one.is_required) for one in kind.schema.fields],
        back=walk.address("index"),
        file_hint=t(*kind.words.file_hint, n=kind.most_mib()),
    )
    return page, 422 if errors else 200


def _beside(code: str) -> tuple[str, ...]:
    return ("on", "file") if code in ("not_a_date", "day_to_come") else ("file", "on")


def _paper(kind: AnyKind, upload_id: uuid.UUID) -> Paper:
    return list_upload.upload_of(unit(), upload_id, kind.name, actor())


def columns(kind: AnyKind, pool_id: int, upload_id: uuid.UUID) -> ResponseReturnValue:
    """Ask which column is which, with what the headers suggest."""
    pool = led_pool(pool_id)
    booked_day(request.args.to_dict())
    return _columns(kind, pool, _paper(kind, upload_id), answers(), {})


def _columns(kind: AnyKind, pool: Pool, paper: Paper, chosen: Mapping[str, str], errors: Mapping[str, str]) -> str:
    walk = _walk(kind, pool)
    look = list_upload.look(paper, chosen.get("sheet") or None, limits=kind.looked_at)
    values = {**list_upload.suggested(kind.schema, look.headers, chosen), **chosen}
    posts = {
        "action": walk.address("begin", **{kind.upload_name: paper.id}),
        "kept": {"on": request.values.get("on", "")},
        "label": t("开始逐行核对", "Check every row"),
    }
    return walk.columns(kind.schema, paper, look, values, errors, zones=[], may_register=False, posts=posts)


def begin(kind: AnyKind, pool_id: int, upload_id: uuid.UUID) -> ResponseReturnValue:
    """Have a list read by the worker."""
    pool, paper = led_pool(pool_id), _paper(kind, upload_id)
    chosen = request.form.to_dict()
    day = booked_day(chosen)
    asked, sheet = list_upload.columns_sent(kind.schema, chosen), chosen.get("sheet") or None
    try:
        with list_upload.opened(paper) as stream:
            sent = sent_desk.keep_sent(kind, stream, paper.name, asked, sheet)
        row = sent_desk.begin(unit(), kind, pool, sent, on=day, by=actor(), at=at())
    except Invalid as refusal:
        return _columns(kind, pool, paper, chosen, column_errors(kind.schema, refusal)), 422
    except Conflict as refusal:
        return _columns(kind, pool, paper, chosen, field_errors(refusal)), refusal.status
    flash(kind.words.of_any("taken"), "success")
    return redirect(kind.address("one", row), 303)


# One list


def _row(kind: AnyKind, pool: Pool, list_id: uuid.UUID) -> SentList:
    row: SentList = sent_lists.of_pool(unit(), kind.model, pool.id, list_id, actor())
    return row


def one(kind: AnyKind, pool_id: int, list_id: uuid.UUID) -> ResponseReturnValue:
    """Show one list: how far it is, every bad row or every good one, what can be done now."""
    pool = pool_of(pool_id)
    row = _row(kind, pool, list_id)
    has_faults = row.stage == "faulty" or (row.stage == "discarded" and row.fault_count > 0)
    if listing.wants_csv():
        return _exported(kind, row, has_faults)
    found = _found(kind, row, has_faults)
    told = sent_desk.listed_for(kind, actor(), pool.id).where(kind.model.id == row.id)
    fields = sent_desk.field_words(kind)
    return render_template(
        "sent_lists/one.html",
        kind=kind,
        said=kind.words.said(),
        pool=pool,
        row=row,
        told=unit().execute(told).one(),
        has_faults=has_faults,
        rows=_shown(kind, row, found, has_faults),
        found=found,
        exports=listing.csv_link() if row.stage != "reading" else [],
        is_going=row.stage in ("reading", "approved"),
        going=_progress_words(kind, row),
        columns=[(t(*words), row.columns[name]) for name, words in fields.items() if name in row.columns],
        stopped=sent_desk.stopped_words(row),
        sum_fen=getattr(row, kind.sum_of),
        **_allowed(kind, pool, row),
        events=history(unit(), kind.name, row.id),
    )


def _found(kind: AnyKind, row: SentList, has_faults: bool) -> listing.Listed:
    """Return the asked page of what is wrong with a list, or of its good rows once it has been read."""
    if row.stage == "reading":
        return listing.of_rows([])
    if has_faults:
        return listing.counted(unit(), sent_lists.faults_of(row), row.fault_count)
    return listing.windowed(unit(), partial(kind.rows_of, row), getattr(row, kind.listed_of))


def _shown(kind: AnyKind, row: SentList, found: listing.Listed, has_faults: bool) -> list[dict[str, Any]]:
    if has_faults:
        return list(sent_desk.told_faults(kind, found.rows))
    return [{**one._mapping, "href": kind.href_of(row, one)} for one in found.rows]


def _allowed(kind: AnyKind, pool: Pool, row: SentList) -> dict[str, bool]:
    """Return what this reader may do with a list as it stands."""
    is_checker = leads(pool) and may(actor(), f"{kind.name}.approve") and row.stage == "checked"
    is_own = row.made_by is not None and row.made_by == actor().person_id
    is_maker = leads(pool) and may(actor(), f"{kind.name}.send")
    return {
        "may_approve": is_checker and not is_own,
        "waits_for_another": is_checker and is_own,
        "may_discard": is_maker and row.stage in ("reading", "faulty", "checked"),
    }


def _exported(kind: AnyKind, row: SentList, has_faults: bool) -> Response:
    """Return every fault, or every good row, as CSV."""
    if has_faults:
        found = unit().execute(sent_lists.faults_of(row), execution_options={"yield_per": 1000})
        return listing.csv_file_of(_file_name(f"{kind.name}-faults"), _FAULTS, sent_desk.told_faults(kind, found))
    rows = unit().execute(kind.rows_of(row), execution_options={"yield_per": 1000})
    return listing.csv_file_of(_file_name(f"{kind.name}-rows"), kind.exported_rows, rows)


def _file_name(name: str) -> str:
    return name.replace("_", "-")


def progress(kind: AnyKind, pool_id: int, list_id: uuid.UUID) -> ResponseReturnValue:
    """Tell the page of a list how far the worker is."""
    row = _row(kind, pool_of(pool_id), list_id)
    is_going = row.stage in ("reading", "approved")
    return {
        "value": None,
        "max": None,
        "state": "doing" if is_going else "succeeded",
        "href": "" if is_going else kind.address("one", row),
        "words": _progress_words(kind, row),
    }


def _progress_words(kind: AnyKind, row: SentList) -> str:
    """Return how far the reading of a list is, or its posting."""
    if row.stage == "approved":
        return t(*kind.words.doing)
    return t(*kind.words.reading, n=number(row.line_count), m=number(row.fault_count))


def approve_list(kind: AnyKind, pool_id: int, list_id: uuid.UUID) -> ResponseReturnValue:
    """Have a list posted, by another person than the one who sent it."""
    pool = led_pool(pool_id)
    row = _row(kind, pool, list_id)
    back, said = kind.address("one", row), kind.words

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        sent_desk.approve_list(unit(), kind, row.id, by=actor(), at=at())
        return t(*said.posted_soon), back

    step = Step(
        title=said.of_any("approve"),
        sentence=t(*said.sentence, n=kind.count(row), sum=kind.sum(row)),
        label=t("批准入账", "Approve and post"),
        back=back,
        facts=[
            (t("文件", "File"), row.name),
            (t("入账日期", "Booked on"), row.on.isoformat()),
            (t(*said.counted), kind.count(row)),
            (t(*said.summed), kind.sum(row)),
        ],
        crumbs=[_crumb(kind, pool.id)],
        closed="" if row.stage == "checked" else said.of_any("not_waiting"),
    )
    return step_page(step, work)


def discard(kind: AnyKind, pool_id: int, list_id: uuid.UUID) -> ResponseReturnValue:
    """Give up a list that is not approved."""
    pool = led_pool(pool_id)
    row = _row(kind, pool, list_id)
    said = kind.words

    def work(form: Mapping[str, str]) -> tuple[str, str]:
        sent_desk.discard(unit(), kind, row.id, by=actor(), at=at())
        return said.of_any("given_up"), url_for(f"{kind.blueprint}.index", pool_id=pool.id)

    step = Step(
        title=said.of_any("give_up"),
        sentence=t(
            "“{name}”不再入账。同一份文件以后可以重新导入。",
            "“{name}” will not be booked. The same file may be sent again.",
            name=row.name,
        ),
        label=said.of_any("give_it_up"),
        back=kind.address("one", row),
        crumbs=[_crumb(kind, pool.id)],
        is_danger=True,
        closed="" if row.stage in ("reading", "faulty", "checked") else said.of_any("no_longer"),
    )
    return step_page(step, work)
