"""Extracts of a pool's book: each list as a page, the form that asks for a file, and the files that were made."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from core.errors import Forbidden, Invalid
from core.permits import Role
from ledger import extracts, statements
from ledger.extracts import Kind
from ledger.models import Period
from underwriting.models import Pool
from web import extract_desk, listing
from web import extracts as making
from web.documents.extract_columns import LAYOUTS, Column
from web.extract_desk import Narrowed, failure_words, kind_words, standing_words
from web.formats import number, t
from web.history import history
from web.listing import Asked
from web.money_desk import Field, Step, pool_of, pools_seen, short_names, step_page, view_of
from web.pages import MenuItem
from web.pages.pools import subnav
from web.shell import actor, at, needs, unit
from web.states import STATES

pages = Blueprint("extracts", __name__)

_DESK = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.BUREAU_FINANCE, Role.SUPERVISOR, Role.AUDITOR})
MENU = [MenuItem(62, "下载中心", "Downloads", "extracts.index", _DESK)]

#: After so many seconds an extract that is not made may be queued once more: its maker may have been stopped.
_STALE_S = 300


@pages.get("/extracts")
@needs("extract.read")
def index() -> ResponseReturnValue:
    """List the extracts that were asked for, with who asked, when, rows, size and digest, newest first."""
    asked = Asked()
    found_pools = pools_seen(unit(), actor())
    pool = asked.choice("pool", [str(one.id) for one in found_pools])
    narrowed = Narrowed(
        int(pool) if pool else None,
        asked.choice("kind", LAYOUTS),
        asked.choice("stage", STATES["book_extract"]),
    )
    query = extract_desk.listed_for(actor(), narrowed)
    if listing.wants_csv():
        return listing.csv_of("extracts", _EXPORTED, unit().execute(query.limit(listing.EXPORT_MOST)))
    found = listing.listed(unit(), query)
    rows = [
        {
            **row._mapping,
            "title": kind_words(row.kind),
            "href": url_for(".one", extract_id=row.id),
            "standing": standing_words(row),
            "file_href": url_for(".file", extract_id=row.id) if row.stage == "ready" else "",
        }
        for row in found.rows
    ]
    return render_template(
        "extracts/index.html",
        rows=rows,
        found=found,
        values=asked.values,
        exports=listing.csv_link(),
        pools=[("", t("全部共保体", "All pools")), *((str(one.id), one.name) for one in found_pools)],
        kinds=[("", t("全部报表", "All extracts")), *((kind, kind_words(kind)) for kind in LAYOUTS)],
        stages=list(STATES["book_extract"]),
        sees_others=actor().sees_all,
    )


_EXPORTED = [
    ("extract", lambda row: row.id),
    ("pool", lambda row: row.pool),
    ("period", lambda row: row.period),
    ("kind", lambda row: row.kind),
    ("form", lambda row: row.form),
    ("closed", lambda row: row.is_final),
    ("until_entry", lambda row: row.until_entry_id),
    ("organisation", lambda row: row.organisation),
    ("asked_by", lambda row: row.person),
    ("asked_at", lambda row: row.asked_at),
    ("stage", lambda row: row.stage),
    ("rows", lambda row: row.rows_total),
    ("size", lambda row: row.size),
    ("sha256", lambda row: row.digest),
]


@pages.route("/extracts/new", methods=["GET", "POST"])
@needs("extract.ask")
def new() -> ResponseReturnValue:
    """Ask for an extract of a pool's period as a file; one that was asked for before is shown, not made again."""
    found_pools = pools_seen(unit(), actor())
    offered = [(pool, period) for pool in found_pools for period in statements.periods(unit(), pool.id)]

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        chosen = next((one for one in offered if _place(*one) == values.get("book")), None)
        if chosen is None:
            raise Invalid("nothing_chosen")
        pool, period = chosen
        wish = extract_desk.wish_of(
            unit(), pool.id, period.label, values.get("kind", ""), values.get("form", ""), actor()
        )
        row = making.ask(unit(), wish, by=actor(), at=at())
        said = (
            t("这张报表已经制成，就在这里。", "This extract is made already; here it is.")
            if row.stage == "ready"
            else t(
                "报表已排队制作，制成后首页会提示。",
                "The extract is queued; your first page will tell when it is ready.",
            )
        )
        return said, url_for(".one", extract_id=row.id)

    return step_page(_asking(offered), work)


def _place(pool: Pool, period: Period) -> str:
    return f"{pool.id}:{period.label}"


def _asking(offered: list[tuple[Pool, Period]]) -> Step:
    """Return the form that asks for an extract."""
    books = [(_place(pool, period), f"{pool.name} · {period.label}") for pool, period in offered]
    return Step(
        title=t("制作报表", "Ask for an extract"),
        sentence=t(
            "文件由后台制作并保留，可反复下载。已结账的账期只制作一次；未结账的注明截至哪一笔分录。",
            "The file is made in the background and kept. Of a closed period it is made once; of an open one it says "
            "after which entry it was taken.",
        ),
        label=t("制作文件", "Make the file"),
        back=url_for(".index"),
        fields=[
            Field("book", t("共保体与账期", "Pool and period"), "select", options=books),
            Field("kind", t("报表", "Extract"), "select", options=[(kind, kind_words(kind)) for kind in LAYOUTS]),
            Field("form", t("文件格式", "File format"), "select", options=[("xlsx", "XLSX"), ("csv", "CSV")]),
        ],
        values={"book": books[0][0] if books else ""},
        closed="" if books else t("还没有账期，没有可制作的报表。", "There is no period yet, so nothing to make."),
        places={
            "nothing_chosen": "book",
            "extract_kind_unknown": "kind",
            "extract_form_unknown": "form",
            "period_not_found": "book",
        },
    )


@pages.get("/extracts/<uuid:extract_id>")
@needs("extract.read")
def one(extract_id: uuid.UUID) -> ResponseReturnValue:
    """Show one extract: how far it is, its file and digest once it is made, what happened to it."""
    row = extract_desk.one_of(unit(), extract_id, actor())
    is_going = row.stage in ("waiting", "making")
    return render_template(
        "extracts/one.html",
        row=row,
        title=kind_words(row.kind),
        standing=standing_words(row),
        is_going=is_going,
        failure=failure_words(row.refused_code) if row.refused_code else "",
        may_ask_again=row.organisation_id == actor().organisation_id
        and (row.stage == "failed" or (is_going and (at() - row.asked_at).total_seconds() > _STALE_S)),
        list_href=url_for(".listed", pool_id=row.pool_id, kind=row.kind, period=row.period),
        events=history(unit(), "book_extract", row.id),
    )


@pages.get("/extracts/<uuid:extract_id>/progress")
@needs("extract.read")
def progress(extract_id: uuid.UUID) -> ResponseReturnValue:
    """Tell the page of an extract how far its file is."""
    row = extract_desk.one_of(unit(), extract_id, actor())
    state = {"ready": "succeeded", "failed": "failed"}.get(row.stage, "doing")
    href = url_for(".one", extract_id=extract_id) if row.stage == "ready" else ""
    return {
        "value": row.rows_done,
        "max": max(row.rows_total or 1, 1),
        "state": state,
        "href": href,
        "words": f"{number(row.rows_done)} / {number(row.rows_total)}" if row.rows_total is not None else "",
    }


@pages.post("/extracts/<uuid:extract_id>/again")
@needs("extract.ask")
def again(extract_id: uuid.UUID) -> ResponseReturnValue:
    """Queue the making of one's own extract once more."""
    row = extracts.get(unit(), extract_id, actor())
    if row.organisation_id != actor().organisation_id:
        raise Forbidden("not_your_extract")
    making.ask_again(unit(), row, by=actor(), at=at())
    flash(t("已重新排队。", "It is queued again."), "success")
    return redirect(url_for(".one", extract_id=row.id), 303)


@pages.get("/extracts/<uuid:extract_id>/file")
@needs("extract.read", writes=True)
def file(extract_id: uuid.UUID) -> ResponseReturnValue:
    """Send the file of an extract exactly as it was kept; Conflict `extract_not_ready` before it is made."""
    return extract_desk.file_of(unit(), extract_id, by=actor(), at=at())


@pages.get("/pools/<int:pool_id>/extracts")
@needs("ledger.read")
def listed(pool_id: int) -> ResponseReturnValue:
    """Show one list of a pool's book and period: the rows that its files hold, page by page, with their totals."""
    pool = pool_of(pool_id)
    every = statements.periods(unit(), pool.id)
    asked = Asked()
    kind = Kind(asked.choice("kind", LAYOUTS) or Kind.TRIAL_BALANCE.value)
    label = asked.choice("period", [one.label for one in every])
    asked.values["kind"] = kind.value
    period = next((one for one in every if one.label == label), every[0] if every else None)
    shown = _shown(pool, period, kind) if period else {"rows": [], "columns": [], "totals": {}, "count": 0, "page": 1}
    asked.values["period"] = period.label if period else ""
    return render_template(
        "extracts/list.html",
        pool=pool,
        places=subnav(pool),
        title=kind_words(kind.value),
        period=period,
        values=asked.values,
        kinds=[(one, kind_words(one)) for one in LAYOUTS],
        periods=[(one.label, one.label) for one in every],
        is_own=view_of(pool.id, actor()) is not None,
        files_href=url_for(".new", book=_place(pool, period), kind=kind.value) if period else "",
        **shown,
    )


def _shown(pool: Pool, period: Period, kind: Kind) -> dict[str, object]:
    """Return the asked page of a list: its columns in the reader's language, its rows, count and totals."""
    scope = making.scope_of(unit(), period, only=view_of(pool.id, actor()), at=at())
    found = making.listed(unit(), scope, kind)
    told = making.expected(unit(), found)
    pages_in_all = max(1, -(-told.rows // listing.PAGE_ROWS))
    page = min(listing.page_asked(), pages_in_all)
    columns = [column for column in found.columns if not column.key.endswith(t("_en", "_zh"))]
    short = short_names(unit(), [pool.id])
    rows = [_cells(columns, row) for row in making.page_of(unit(), found, page, listing.PAGE_ROWS)]
    return {
        "columns": _shown_columns(columns, [short.get(member, "") for member in scope.members]),
        "rows": rows,
        "totals": told.totals_fen,
        "count": told.rows,
        "page": page,
        "pages": pages_in_all,
    }


#: How a page shows what an extract's column holds; a reference is never broken over lines.
_KINDS: Mapping[str, str] = {"text": "code", "day": "date", "whole": "code", "money": "money"}


def _shown_columns(columns: list[Column], members: list[str]) -> list[tuple[str, str, str]]:
    """Return (key, heading, kind) of each column, the members by their short names."""
    shown = []
    for column in columns:
        of, _, place = column.key.partition("_")
        label = t(column.zh, column.en.removesuffix(", English"))
        if of in ("share", "stock"):
            name = members[int(place)]
            label = name if of == "share" else t("期末未决：{who}", "Outstanding: {who}", who=name)
        shown.append((column.key, label, "number" if column.key == "lifts" else _KINDS[column.kind]))
    return shown


def _cells(columns: list[Column], row: object) -> dict[str, object]:
    return {column.key: column.value(row) for column in columns}
