"""`gongbao claim`: a list of claims checked row by row; to file one takes two people, by their names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import Finding, Invalid
from web.command_line import Commands, database, fail, finding_line, json_option, said_of, t, tell
from web.list_cli import FILE, ListCommand, mapping_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from underwriting.models import Pool
    from web.claims_list import Read
    from web.row_schema import RowSchema


def _fields() -> RowSchema:
    from web.claims_list import SCHEMA

    return SCHEMA


@click.group("claim", cls=Commands)
def claim() -> None:
    """赔案名单：核对，查看。 Lists of claims: checked, looked at."""


@claim.command("check", cls=ListCommand, schema=_fields)
@click.argument("file", type=FILE)
@click.option("--pool", "pool_id", type=int, required=True, help="共保体编号 / the pool's number")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="入账日期 / booked on this day")
@click.option("--map", "maps", multiple=True, metavar="FIELD=HEADER,...", help="字段=表头 / field=header, by commas")
@click.option("--sheet", help="工作表 / sheet of a workbook")
@json_option
def check(file: Path, pool_id: int, day: datetime, maps: tuple[str, ...], sheet: str | None) -> None:
    """按单个赔案的规则逐行核对 CSV 或 XLSX；有误的行全部列出，什么也不留下。

    Check a CSV or XLSX file row by row by the rules of a single claim; every bad row is listed and nothing is kept.
    """
    from core.db import run_in_unit
    from core.permits import SYSTEM
    from underwriting import pools
    from web import claims_list as reading

    with database() as (_, engine):

        def look(session: Session) -> tuple[Pool, Read]:
            pool = pools.get(session, pool_id, SYSTEM)
            with file.open("rb") as stream:
                return pool, reading.read(session, pool, stream, file.name, mapping_of(maps), sheet, day.date())

        pool, found = run_in_unit(engine, SYSTEM, look)
        told = reading.checked(engine, pool, found, None)
    facts = [Finding(one.code, one.where, {**one.facts, "row": row}) for row, one in told.faults]
    listed = [{"row": one.facts["row"], "code": one.code, "detail": said_of(one)} for one in facts]
    counts = {"rows": told.lines, "claims": len(told.claims), "faults": len(facts)}
    line = t(
        f"{told.lines} 行，{len(told.claims)} 个赔案，{len(facts)} 处有误",
        f"{told.lines} rows, {len(told.claims)} claims, {len(facts)} faults",
    )
    tell({**counts, "errors": listed}, "\n".join([line, *(f"  {finding_line(one)}" for one in facts)]))
    if facts:
        from web.command_line import EXIT_CODES

        fail(t("请更正文件。", "Correct the file."), EXIT_CODES[Invalid])


@claim.command("lists")
@click.option("--pool", "pool_id", type=int, required=True, help="共保体编号 / the pool's number")
@json_option
def lists_(pool_id: int) -> None:
    """共保体的名单，新的在前。 The lists of a pool, newest first."""
    from claims.list_models import ClaimsList
    from core.db import run_in_unit
    from core.permits import SYSTEM
    from underwriting import pools, sent_lists
    from web.states import state_of

    def work(session: Session) -> list[dict[str, Any]]:
        pool = pools.get(session, pool_id, SYSTEM)
        query = sent_lists.visible_to(ClaimsList, SYSTEM).where(ClaimsList.pool_id == pool.id)
        query = query.order_by(ClaimsList.id.desc())
        names = ("id", "name", "on", "stage", "line_count", "claim_count", "fault_count", "asked_fen")
        return [{name: getattr(row, name) for name in names} for row in session.scalars(query)]

    with database() as (_, engine):
        rows = run_in_unit(engine, SYSTEM, work)
    lines = []
    for row in rows:
        state = state_of("claims_list", row["stage"])
        counts = t(f"{row['claim_count']} 个赔案", f"{row['claim_count']} claims")
        lines.append(f"{row['id']}  {row['name']}  {t(state.zh, state.en)}  {counts}")
    tell({"pool": pool_id, "lists": rows}, "\n".join(lines))
