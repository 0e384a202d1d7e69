"""The ageing of what is owed to and by members: a page of bands, what is behind them below, and the same as a file."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from core.permits import Role
from web import listing
from web.ageing import BAND_WORDS, BANDS, SIDE_WORDS, SIDES, AgeingRow, Narrowed, aged, items, totals
from web.formats import t
from web.listing import Asked
from web.money_desk import member_names, pools_seen, read_id, today
from web.overdue import overdue_words
from web.pages import MenuItem
from web.shell import actor, needs, unit

pages = Blueprint("ageing", __name__, url_prefix="/ageing")

_DESK = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.BUREAU_FINANCE})
MENU = [MenuItem(55, "账龄", "Ageing", "ageing.index", _DESK)]


@pages.get("")
@needs("statement.read")
def index() -> ResponseReturnValue:
    """Show what is owed on a day by pool, member and band; what is behind a figure below."""
    asked = Asked()
    on = asked.day("on") or today()
    found_pools = pools_seen(unit(), actor())
    names = member_names(unit(), [pool.id for pool in found_pools])
    pool = asked.choice("pool", [str(one.id) for one in found_pools])
    narrowed = Narrowed(
        pool_id=int(pool) if pool else None,
        member=read_id(asked.choice("member", [str(one) for one in names])),
        side=asked.choice("side", SIDES),
        band=asked.choice("band", BANDS),
    )
    rows = aged(unit(), actor(), on, Narrowed(pool_id=narrowed.pool_id))
    if listing.wants_csv():
        return listing.csv_of(f"ageing-{on.isoformat()}", _EXPORTED, rows)
    found = listing.listed(unit(), items(actor(), on, narrowed), sum_of="amount_fen")
    return render_template(
        "finance/ageing.html",
        on=on,
        bands=[(band, t(*BAND_WORDS[band])) for band in BANDS],
        sides=[_side(rows, side, on.isoformat()) for side in SIDES],
        items=[_item(row) for row in found.rows],
        found=found,
        narrowed_to=_narrowed_to(narrowed, names),
        whole_href=url_for(".index", on=on.isoformat(), pool=pool or None) + "#items",
        values={**asked.values, "on": asked.values["on"] or on.isoformat()},
        errors=asked.errors,
        exports=listing.csv_link(),
        has_pools=len(found_pools) > 1,
        pools=[("", t("全部共保体", "All pools")), *((str(one.id), one.name) for one in found_pools)],
    )


_EXPORTED = [
    ("pool", lambda row: row.pool),
    ("member", lambda row: row.member),
    ("side", lambda row: row.side),
    *((f"{band}_cny", lambda row, band=band: row.bands_fen[band]) for band in BANDS),
    ("total_cny", lambda row: row.total_fen),
    ("items", lambda row: row.count),
]


def _side(rows: list[AgeingRow], side: str, on: str) -> dict[str, Any]:
    """Return one side as its table takes it: a row a member, every figure with the address of what is behind it."""
    own = [row for row in rows if row.side == side]
    return {"name": t(*SIDE_WORDS[side]), "rows": [_row(row, on) for row in own], "total": totals(rows, side)}


def _row(row: AgeingRow, on: str) -> dict[str, Any]:
    told: dict[str, Any] = {"pool": row.pool, "member": row.member, "total": row.total_fen}
    where: dict[str, Any] = {"on": on, "pool": row.pool_id, "member": row.organisation_id, "side": row.side}
    told["total_href"] = url_for(".index", **where) + "#items"
    for band, fen in row.bands_fen.items():
        told[band] = fen or None
        told[f"{band}_href"] = url_for(".index", **where, band=band) + "#items" if fen else ""
    return told


def _item(row: Any) -> dict[str, Any]:
    """Return one statement, cash call or item settled on its own with the address of its page."""
    if row.kind == "statement":
        kind, href = t("结算单", "Statement"), url_for("statements.one", statement_id=row.id)
    elif row.kind == "cash_call":
        kind, href = t("摊回通知", "Cash call"), url_for("payments.claim", claim_id=row.href_id)
    else:
        kind, href = t("单项结算", "Settled on its own"), url_for("apart.index", pool_id=row.pool_id)
    return {
        **row._mapping,
        "kind": kind,
        "side": t(*SIDE_WORDS[row.side]),
        "late": overdue_words(max(0, row.days_late)),
        "href": href,
    }


def _narrowed_to(narrowed: Narrowed, names: dict[uuid.UUID, str]) -> str:
    """Return in words which figure the items below stand behind; empty where it is all of them."""
    parts = [names[narrowed.member]] if narrowed.member else []
    parts += [t(*SIDE_WORDS[narrowed.side])] if narrowed.side else []
    parts += [t(*BAND_WORDS[narrowed.band])] if narrowed.band else []
    return " · ".join(parts)
