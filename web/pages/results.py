"""What each underwriting year came to for each member: earned premium, losses, fee, result, loss ratio."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from ledger import statements
from web.documents.extract_columns import LAYOUTS
from web.formats import money, percent, t
from web.listing import Asked
from web.money_desk import member_names, pool_of, short_names, view_of
from web.pages.pools import subnav
from web.shell import actor, at, needs, unit
from web.year_results import AMOUNTS, Year, years_of

pages = Blueprint("results", __name__, url_prefix="/pools/<int:pool_id>/results")


@pages.get("")
@needs("ledger.read")
def index(pool_id: int) -> ResponseReturnValue:
    """Show every underwriting year of a pool as it stood at the end of a period, members side by side."""
    pool = pool_of(pool_id)
    every = statements.periods(unit(), pool.id)
    asked = Asked()
    label = asked.choice("period", [one.label for one in every])
    period = next((one for one in every if one.label == label), every[0] if every else None)
    only = view_of(pool.id, actor())
    on, years = None, list[Year]()
    if period is not None:
        on, years = years_of(unit(), period, only=only, at=at())
        asked.values["period"] = period.label
    return render_template(
        "finance/results.html",
        pool=pool,
        places=subnav(pool),
        values=asked.values,
        periods=[(one.label, one.label) for one in every],
        period=period,
        on=on,
        years=[{"year": one, "rows": _rows(one)} for one in years],
        names=_short_by_name(pool.id),
        is_own=only is not None,
        files_href=url_for("extracts.new", book=f"{pool.id}:{period.label}", kind="results") if period else "",
    )


def _short_by_name(pool_id: int) -> dict[str, str]:
    """Return the short name of each member by its name."""
    names, short = member_names(unit(), [pool_id]), short_names(unit(), [pool_id])
    return {name: short[member] for member, name in names.items()}


def _rows(year: Year) -> list[dict[str, object]]:
    """Return the lines of a year: a row an amount, a cell (`m0`, `m1`, ...) a member, `all` for all; the ratio last."""
    words = {column.key: t(column.zh, column.en) for column in LAYOUTS["results"].columns}
    sums = year.totals_fen
    rows: list[dict[str, object]] = [
        {
            "line": words[name],
            **{f"m{place}": money(getattr(one, name)) for place, one in enumerate(year.members)},
            "all": money(sums[name]),
        }
        for name in AMOUNTS
    ]
    ratios = {f"m{place}": _ratio(one.loss_ratio_bp) for place, one in enumerate(year.members)}
    return [*rows, {"line": t("赔付率", "Loss ratio"), **ratios, "all": _ratio(year.loss_ratio_bp)}]


def _ratio(basis_points: int | None) -> str | None:
    return None if basis_points is None else percent(basis_points)
