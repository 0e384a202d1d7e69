"""`gongbao tender`: what an operator asks of the tenders before and at an opening; it changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from core import clock
from web.command_line import Commands, database, json_option, now, t, tell

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from tender.models import Tender


@click.group("tender", cls=Commands)
def tender() -> None:
    """招标：一览、状态。 Tenders: the list, how one stands."""


@tender.command("list")
@click.option("--all", "is_all", is_flag=True, help="也列出已结束的 / the ended ones too")
@json_option
def listing(is_all: bool) -> None:
    """列出招标及其截止时间和状态。 List the tenders with deadline and state."""
    from core.db import run_in_unit
    from core.permits import SYSTEM

    with database() as (_, engine):
        rows = run_in_unit(engine, SYSTEM, lambda session: _listed(session, is_all))
    lines = [f"{row['number']:<20} {row['deadline_at']}  {_stage_words(row['stage'])}  {row['title']}" for row in rows]
    tell({"tenders": rows}, "\n".join(lines) or t("没有招标。", "No tenders."))


def _listed(session: Session, is_all: bool) -> list[dict[str, Any]]:
    from core.permits import SYSTEM
    from tender import tenders
    from tender.models import Tender

    over = () if is_all else ("complete", "cancelled", "failed", "annulled")
    query = tenders.visible_to(SYSTEM).where(Tender.stage.not_in(over)).order_by(Tender.deadline_at, Tender.number)
    at = now(session)
    return [_head(row, at) for row in session.scalars(query)]


def _stage_words(stage: str) -> str:
    from web.states import state_of

    state = state_of("tender", stage)
    return t(state.zh, state.en)


def _head(row: Tender, at: datetime) -> dict[str, Any]:
    """Return what a list says of a tender."""
    from core.clock import CITY
    from tender.stages import shown_stage

    return {
        "number": row.number,
        "id": str(row.id),
        "title": row.title,
        "stage": shown_stage(row.stage, row.deadline_at, at),
        "deadline_at": row.deadline_at.astimezone(CITY).isoformat(timespec="seconds"),
    }


@tender.command("status")
@click.argument("number")
@json_option
def status(number: str) -> None:
    """一个招标的状态：保管人、演练、份额收集情况；开箱前不说有几家投标。

    How one tender stands: custodians, rehearsal, shares collected. How many bids there are is said only once the box
    is closed.
    """
    from core.db import run_in_unit
    from core.permits import SYSTEM

    with database() as (_, engine):
        found = run_in_unit(engine, SYSTEM, lambda session: _status(session, number))
    lines = [f"{found['number']} {found['title']}", f"{t('状态', 'state')}: {_stage_words(found['stage'])}"]
    lines.append(f"{t('截止', 'deadline')}: {found['deadline_at']}")
    for row in found["custodians"]:
        shares = "" if row["shares"] is None else f"  {t('份额', 'shares')} {row['shares']}/{found['bids']}"
        proved = t("已证明", "proved") if row["is_proved"] else t("未证明", "not proved")
        lines.append(f"  {row['place']}. {row['organisation']}  {proved}{shares}")
    lines.append(t("需 {n} 位保管人", "{n} custodians needed").format(n=found["threshold"]))
    tell(found, "\n".join(lines))


def _status(session: Session, number: str) -> dict[str, Any]:
    from sqlalchemy import func, select

    from core import parties
    from core.permits import SYSTEM
    from tender import keys, tenders
    from tender.drafting import custodians_of
    from tender.models import CustodianShare

    row = tenders.by_number(session, number, by=SYSTEM)
    is_closed = row.box_closed_at is not None
    named = custodians_of(session, row)
    names = parties.names_of(session, [one.organisation_id for one in named])
    counted = select(CustodianShare.place, func.count()).where(CustodianShare.tender_id == row.id)
    shares = {int(place): int(count) for place, count in session.execute(counted.group_by(CustodianShare.place))}
    return {
        **_head(row, now(session)),
        "rehearsed_at": clock.written(row.rehearsed_at) if row.rehearsed_at else None,
        "threshold": row.threshold,
        "lock": row.lock,
        "bids": len(keys.standing_bids(session, row)) if is_closed and row.opened_at is None else None,
        "custodians": [
            {
                "place": one.place + 1,
                "organisation": names[one.organisation_id],
                "fingerprint": one.fingerprint,
                "is_proved": one.proved_at is not None,
                "is_lost": one.lost_at is not None,
                "shares": shares.get(one.place, 0) if is_closed and row.opened_at is None else None,
            }
            for one in named
        ],
    }
