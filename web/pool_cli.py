"""`gongbao pool`: how a pool stands, a new version of its agreement with other clauses, closing it for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from underwriting.terms import APART
from web.command_line import Commands, database, json_option, now, t, tell

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from underwriting.models import Pool

POOL = click.option("--pool", "pool_id", type=int, required=True, help="共保体编号 / the pool's number")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group("pool", cls=Commands)
def pool() -> None:
    """共保体：状态、协议条款、关闭。 Pools: how one stands, its clauses, closing it."""


@pool.command("show")
@POOL
@json_option
def show(pool_id: int) -> None:
    """协议版本及条款，是否了结中，还有什么没有了结。 Versions and clauses, whether in run-off, what is open."""
    _do(pool_id, lambda session, row: None)


@pool.command("amend")
@POOL
@click.option("--from", "first", type=_DAY, required=True, help="自何日起保的保单 / for policies from this day on")
@click.option("--to", "last", type=_DAY, required=True, help="至何日（零时止） / until this day")
@click.option("--apart", "apart", type=click.Choice(APART), multiple=True, help="单项结算的项目 / settled on its own")
@click.option("--step-up/--no-step-up", default=False, show_default=True, help="违约代担 / the others bear a shortfall")
@click.option(
    "--paper", required=True, help="各方签署的文件编号，记入日志 / reference of the signed paper, kept in the log"
)
@json_option
def amend(pool_id: int, first: datetime, last: datetime, apart: tuple[str, ...], step_up: bool, paper: str) -> None:
    """登记各方在平台之外签署的一版协议：份额与其他条款照上一版，单项结算与代担按此处所写。

    Enter a version that the parties signed elsewhere: shares and other terms as the last, these clauses as said here.
    """
    from core.permits import SYSTEM
    from underwriting import pools
    from underwriting.terms import Clauses

    def work(session: Session, row: Pool) -> None:
        clauses = Clauses(apart, step_up)
        pools.enter_signed(session, row, first.date(), last.date(), clauses, paper, by=SYSTEM, at=now(session))

    _do(pool_id, work)


@pool.command("close")
@POOL
@click.option("--on", "day", type=_DAY, required=True, help="关闭日期 / the day")
@json_option
def close(pool_id: int, day: datetime) -> None:
    """全部了结后关闭共保体；还有未了结的，逐项列出并拒绝。 Close a pool for good; refused while anything is open."""
    from claims import run_off
    from core.permits import SYSTEM

    _do(pool_id, lambda session, row: run_off.close_pool(session, row, on=day.date(), by=SYSTEM, at=now(session)))


def _do(pool_id: int, work: Any) -> None:
    """Do something with a pool in one unit of work, and tell how it stands after."""
    from core.db import run_in_unit
    from core.permits import SYSTEM

    def unit(session: Session) -> dict[str, Any]:
        from underwriting import pools

        row = pools.get(session, pool_id, SYSTEM)
        work(session, row)
        return _told(session, row)

    with database() as (_, engine):
        told = run_in_unit(engine, SYSTEM, unit)
    tell(told, _words(told))


def _told(session: Session, row: Pool) -> dict[str, Any]:
    """Return how a pool stands, as the commands tell it."""
    from claims import run_off
    from core import clock
    from underwriting import pools

    today: date = clock.on(now(session))
    versions = []
    for one in pools.agreements(session, row.id):
        clauses = pools.clauses_of(session, one)
        told = {"version": one.number, "effective_on": one.effective_on, "ends_on": one.ends_on}
        versions.append({**told, "settled_apart": list(clauses.settled_apart), "is_step_up": clauses.is_step_up})
    return {
        "pool": row.id,
        "name": row.name,
        "stage": run_off.stage_of(session, row, today),
        "versions": versions,
        "open": {one.kind: one.count for one in run_off.still_open(session, row, today)},
    }


def _words(told: dict[str, Any]) -> str:
    from web.documents import labels
    from web.kinds import kind_words
    from web.states import STATES

    state = STATES["pool"][told["stage"]]
    lines = [f"{told['pool']}  {told['name']}  {t(state.zh, state.en)}"]
    for one in told["versions"]:
        apart = t("、", ", ").join(t(*labels.LINES[kind]) for kind in one["settled_apart"]) or "—"
        step_up = t("代担", "step-up") if one["is_step_up"] else "—"
        lines.append(f"  {one['version']}  {one['effective_on']} – {one['ends_on']}  {apart}  {step_up}")
    lines += [f"  {t(*kind_words(kind))}: {count}" for kind, count in told["open"].items()]
    return "\n".join(lines)
