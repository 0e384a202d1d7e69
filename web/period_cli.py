"""`gongbao period`: open a period of a pool's book, list those it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from web.command_line import Commands, database, json_option, now, tell

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from ledger.models import Period

POOL = click.option("--pool", "pool_id", type=int, required=True, help="共保体编号 / the pool's number")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group("period", cls=Commands)
def period() -> None:
    """账期：开立、一览。 Periods: open one, list them."""


@period.command("open")
@POOL
@click.option("--period", "label", required=True, help="名称，例如 2026Q2 / its name, for example 2026Q2")
@click.option("--from", "first", type=_DAY, required=True, help="首日 / its first day")
@click.option("--to", "last", type=_DAY, required=True, help="末日 / its last day")
@json_option
def open_(pool_id: int, label: str, first: datetime, last: datetime) -> None:
    """开立账期，其日期内的业务才能入账。 Open a period, so that business of its days can be booked."""
    from core.db import run_in_unit
    from core.permits import SYSTEM

    with database() as (_, engine):
        told = run_in_unit(engine, SYSTEM, lambda session: _opened(session, pool_id, label, first.date(), last.date()))
    tell(told, _line(told))


def _opened(session: Session, pool_id: int, label: str, starts_on: date, ends_on: date) -> dict[str, Any]:
    from core.permits import SYSTEM
    from ledger import statements
    from underwriting import pools

    pool = pools.get(session, pool_id, SYSTEM)
    return _told(statements.open_period(session, pool.id, label, starts_on, ends_on, by=SYSTEM, at=now(session)))


@period.command("list")
@POOL
@json_option
def list_(pool_id: int) -> None:
    """共保体的账期，新的在前。 The periods of a pool, newest first."""
    from core.db import run_in_unit
    from core.permits import SYSTEM

    with database() as (_, engine):
        rows = run_in_unit(engine, SYSTEM, lambda session: _listed(session, pool_id))
    tell({"pool": pool_id, "periods": rows}, "\n".join(_line(row) for row in rows))


def _listed(session: Session, pool_id: int) -> list[dict[str, Any]]:
    from core.permits import SYSTEM
    from ledger import statements
    from underwriting import pools

    return [_told(row) for row in statements.periods(session, pools.get(session, pool_id, SYSTEM).id)]


def _told(row: Period) -> dict[str, Any]:
    """Return a period as the commands tell it."""
    return {"period": row.label, "starts_on": row.starts_on, "ends_on": row.ends_on, "stage": row.stage}


def _line(told: dict[str, Any]) -> str:
    return f"{told['period']:<20}  {told['starts_on']} – {told['ends_on']}  {told['stage']}"
