"""`gongbao bordereau`: a list of premiums of any length sent, looked at, posted at once, or given up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import Finding, Invalid
from web.command_line import Commands, database, fail, finding_line, json_option, now, t, tell
from web.list_cli import FILE, ListCommand, mapping_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from core.settings import Settings
    from underwriting.models import Bordereau
    from underwriting.sent_lists import Sent
    from web.row_schema import RowSchema

ID = click.argument("bordereau_id", type=click.UUID)
#: So many faults are told by a command; all of them are in the books.
FAULTS_TOLD = 1000


def _fields() -> RowSchema:
    from web.bordereau_list import SCHEMA

    return SCHEMA


@click.group("bordereau", cls=Commands)
def bordereau() -> None:
    """保费清单：导入、核对、入账。 Lists of premiums: sent, checked, posted."""


@bordereau.command("send", cls=ListCommand, schema=_fields)
@click.argument("file", type=FILE)
@click.option("--pool", "pool_id", type=int, required=True, help="共保体编号 / the pool's number")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="记账日期 / booked on this day")
@click.option("--map", "maps", multiple=True, metavar="FIELD=HEADER,...", help="字段=表头 / field=header, by commas")
@json_option
def send(file: Path, pool_id: int, day: datetime, maps: tuple[str, ...]) -> None:
    """读取 CSV 或 XLSX 保费清单并逐行核对；有误的行全部列出，暂不入账。

    Read a CSV or XLSX list of premiums and check every row; every bad row is listed, nothing is booked yet.
    """
    from core.db import run_in_unit
    from core.permits import SYSTEM
    from underwriting import bordereaux, pools
    from web import bordereau_list

    with database() as (place, engine):
        sent = _kept(place.settings, file, mapping_of(maps))

        def begin(session: Session) -> Bordereau:
            pool = pools.get(session, pool_id, SYSTEM)
            return bordereaux.begin(session, pool, sent, on=day.date(), by=SYSTEM, at=now(session))

        row = run_in_unit(engine, SYSTEM, begin)
        with file.open("rb") as stream:
            bordereau_list.read_on(engine, row.id, stream)
        told, faults = run_in_unit(engine, SYSTEM, lambda session: _looked_at(session, row.id))
    _tell(told, faults)


def _kept(settings: Settings, file: Path, chosen: dict[str, str]) -> Sent:
    """Keep a file in the store and return how it was sent; refuses what is no table with these columns."""
    from web.bordereau_list import LOOKED_AT, SCHEMA
    from web.keeping import store_in
    from web.sent_work import keep_file

    with file.open("rb") as stream:
        return keep_file(store_in(settings), SCHEMA, LOOKED_AT, stream, file.name, chosen)


@bordereau.command("show")
@ID
@json_option
def show(bordereau_id: UUID) -> None:
    """一份清单的状态与有误的行。 How a list stands, and its bad rows."""
    from core.db import run_in_unit
    from core.permits import SYSTEM

    with database() as (_, engine):
        told, faults = run_in_unit(engine, SYSTEM, lambda session: _looked_at(session, bordereau_id))
    _tell(told, faults)


@bordereau.command("list")
@click.option("--pool", "pool_id", type=int, required=True, help="共保体编号 / the pool's number")
@json_option
def list_(pool_id: int) -> None:
    """共保体的清单，新的在前。 The lists of a pool, newest first."""
    from core.db import run_in_unit
    from core.permits import SYSTEM

    with database() as (_, engine):
        rows = run_in_unit(engine, SYSTEM, lambda session: _listed(session, pool_id))
    tell({"pool": pool_id, "bordereaux": rows}, "\n".join(_line(row) for row in rows))


@bordereau.command("post")
@ID
@json_option
def post(bordereau_id: UUID) -> None:
    """将核对无误的清单一次全部入账。 Post a list that was found in order, all of it at once."""
    from core.db import run_in_unit
    from core.permits import SYSTEM
    from underwriting import sent_lists
    from underwriting.models import Bordereau
    from web import bordereau_list

    def approve(session: Session) -> None:
        sent_lists.approve(session, sent_lists.lock(session, Bordereau, bordereau_id), by=SYSTEM, at=now(session))

    with database() as (_, engine):
        run_in_unit(engine, SYSTEM, approve)
        bordereau_list.post_now(engine, bordereau_id)
        told, faults = run_in_unit(engine, SYSTEM, lambda session: _looked_at(session, bordereau_id))
    _tell(told, faults)


@bordereau.command("discard")
@ID
@json_option
def discard(bordereau_id: UUID) -> None:
    """放弃一份尚未批准的清单。 Give up a list that is not approved."""
    from core.db import run_in_unit
    from core.permits import SYSTEM
    from underwriting import sent_lists
    from underwriting.models import Bordereau

    def work(session: Session) -> dict[str, Any]:
        row = sent_lists.lock(session, Bordereau, bordereau_id)
        sent_lists.discard(session, row, by=SYSTEM, at=now(session))
        return _told(row)

    with database() as (_, engine):
        told = run_in_unit(engine, SYSTEM, work)
    tell(told, _line(told))


def _listed(session: Session, pool_id: int) -> list[dict[str, Any]]:
    from core.permits import SYSTEM
    from underwriting import pools, sent_lists
    from underwriting.models import Bordereau

    pool = pools.get(session, pool_id, SYSTEM)
    query = sent_lists.visible_to(Bordereau, SYSTEM).where(Bordereau.pool_id == pool.id).order_by(Bordereau.id.desc())
    return [_told(row) for row in session.scalars(query)]


def _looked_at(session: Session, bordereau_id: UUID) -> tuple[dict[str, Any], list[Finding]]:
    """Return a bordereau as the commands tell it, with the first of its faults."""
    from core.permits import SYSTEM
    from underwriting import sent_lists
    from underwriting.models import Bordereau

    row = sent_lists.get(session, Bordereau, bordereau_id, SYSTEM)
    faults = [
        Finding(code, field, {**facts, "row": line, "column": facts.get("column", field)})
        for line, code, field, facts in session.execute(sent_lists.faults_of(row).limit(FAULTS_TOLD))
    ]
    return _told(row), faults


def _told(row: Bordereau) -> dict[str, Any]:
    return {
        "id": row.id,
        "pool": row.pool_id,
        "name": row.name,
        "sha256": row.digest,
        "on": row.on,
        "stage": row.stage,
        "lines": row.line_count,
        "rows": row.row_count,
        "faults": row.fault_count,
        "gross_fen": row.gross_fen,
        "batch": row.batch_id,
    }


def _line(told: dict[str, Any]) -> str:
    from ledger.money import format_fen
    from web.states import state_of

    state = state_of("bordereau", told["stage"])
    counts = t(
        f"{told['lines']} 行，可入账 {told['rows']} 行，{told['faults']} 处有误",
        f"{told['lines']} rows, {told['rows']} to be booked, {told['faults']} faults",
    )
    return f"{told['id']}  {told['name']}  {t(state.zh, state.en)}  {counts}  {format_fen(told['gross_fen'])}"


def _tell(told: dict[str, Any], faults: Sequence[Finding]) -> None:
    """Tell how a bordereau stands with its faults; ends with the code of invalid input where there are any."""
    from web.command_line import EXIT_CODES, said_of

    listed = [{"row": one.facts["row"], "code": one.code, "detail": said_of(one)} for one in faults]
    lines = [_line(told), *(f"  {finding_line(one)}" for one in faults)]
    if told["faults"] > len(faults):
        lines.append(t(f"  … 另有 {told['faults'] - len(faults)} 处", f"  … {told['faults'] - len(faults)} more"))
    tell({**told, "errors": listed}, "\n".join(lines))
    if told["stage"] == "faulty":
        fail(t("请更正文件后重新导入。", "Correct the file and send it again."), EXIT_CODES[Invalid])
