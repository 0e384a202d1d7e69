"""The public's pages: notices, results, pools and their members, coverage and service, each as open data too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core import clock
from core.errors import NotFound
from core.permits import SYSTEM, Role
from ledger.money import plain_fen
from web import public_figures, public_losses
from web.formats import t
from web.listing import csv_of
from web.service_figures import figures
from web.shell import at, needs, unit

pages = Blueprint("public", __name__, url_prefix="/public")

#: The service figures of the first page look back so many days.
LOOKED_BACK = 90


@pages.get("")
@needs("public.read")
def index() -> ResponseReturnValue:
    """Show the public's first page."""
    return _home()


#: So many pools that are over are told of on the first page; the open data tell of all.
_OVER_MOST = 5


def _pools(session: Session) -> list[dict[str, Any]]:
    """Return the pools in force, then the newest of those that are over and have a loss ratio, each with its years."""
    years: dict[int, list[dict[str, Any]]] = {}
    for row in public_losses.loss_ratios(session, at()):
        years.setdefault(row["pool_number"], []).append(row)
    now = [{**pool, "years": years.pop(pool["number"], [])} for pool in public_figures.pools_now(session, at())]
    over = [{"number": number, "name": rows[0]["pool"], "years": rows} for number, rows in years.items()]
    return [*now, *over[:_OVER_MOST]]


def _home() -> ResponseReturnValue:
    session = unit()
    today = clock.on(at())
    every = public_figures.notices(session, at())
    service = figures(session, SYSTEM, today - dt.timedelta(days=LOOKED_BACK - 1), today, at=at())
    return render_template(
        "public/home.html",
        open_now=[row for row in every if row["stage"] == "published"],
        publicity=[row for row in every if row["stage"] == "standstill"],
        notices=every[:10],
        count=len(every),
        pools=_pools(session),
        coverage=public_figures.coverage(session, at()),
        service=service,
        looked_back=LOOKED_BACK,
    )


@pages.get("/data")
@needs("public.read", has_unit=False)
def data() -> ResponseReturnValue:
    """Show what there is of open data, with addresses that stay."""
    sets = [
        {
            "label": t("招标公告", "Notices"),
            "note": t("全部已发布的招标及其阶段", "every published tender and its stage"),
            "name": "notices",
        },
        {
            "label": t("中标结果", "Results"),
            "note": t("各中标项目的成员、份额和统一费率", "members, shares and price of every award"),
            "name": "results",
        },
        {
            "label": t("共保体成员", "Pools and members"),
            "note": t("现行共保体及其份额", "the pools in force and their shares"),
            "name": "pools",
        },
        {
            "label": t("承保覆盖", "Coverage"),
            "note": t("登记与在保的小区、电梯", "communities and lifts registered and insured"),
            "name": "coverage",
        },
        {
            "label": t("赔付率", "Loss ratios"),
            "note": t("各共保体各承保年度，截至最近一次结账", "every underwriting year at the newest closed period"),
            "name": "losses",
        },
    ]
    return render_template("public/data.html", sets=sets)


@pages.get("/<name>.json")
@needs("public.read")
def as_json(name: str) -> ResponseReturnValue:
    """Return one set of open data as JSON."""
    return jsonify({"set": name, "at": at(), "data": [_plain(row) for row in _rows(name)]})


@pages.get("/<name>.csv")
@needs("public.read")
def as_csv(name: str) -> ResponseReturnValue:
    """Return one set of open data as CSV."""
    rows = _rows(name)
    columns = list(rows[0]) if rows else ["nothing"]

    def cell_of(column: str) -> Any:
        return lambda row: row.get(column)

    found: Response = csv_of(name, [(_heading(column), cell_of(column)) for column in columns], rows)
    return found


def _heading(column: str) -> str:
    """Return a column's heading: money columns say that a file has yuan."""
    return f"{column.removesuffix('_fen')}_cny" if column.endswith("_fen") else column


def _rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of one set. NotFound `file_not_found` for a name that is none."""
    session = unit()
    if name == "notices":
        return _without_links(public_figures.notices(session, at()))
    if name == "results":
        return _without_links(public_figures.results(session))
    if name == "pools":
        return [
            {
                "pool_number": pool["number"],
                "pool": pool["name"],
                "starts_on": pool["starts_on"],
                "ends_on": pool["ends_on"],
                "lift_premium_fen": pool["lift_premium_fen"],
                "member": member["name"],
                "is_lead": member["is_lead"],
                "weight": member["weight"],
                "whole": pool["whole"],
            }
            for pool in public_figures.pools_now(session, at())
            for member in pool["members"]
        ]
    if name == "coverage":
        return [{"on": clock.on(at()), **public_figures.coverage(session, at())}]
    if name == "losses":
        return public_losses.loss_ratios(session, at())
    raise NotFound("file_not_found")


def _without_links(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if "href" not in key} for row in rows]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON holds it: money twice, in fen and in yuan."""
    shown: dict[str, Any] = {}
    for key, value in row.items():
        if key.endswith("_fen") and isinstance(value, int):
            shown[key.removesuffix("_fen")] = {"fen": value, "yuan": plain_fen(value)}
        else:
            shown[key] = value
    return shown


HOMES = {Role.PUBLIC: _home}
