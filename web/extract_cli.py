"""`gongbao extract`: write a list of a pool's book to a file, list the extracts that were asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.extracts import FORMS, Kind
from web.command_line import Commands, database, json_option, now, tell

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

POOL = click.option("--pool", "pool_id", type=int, required=True, help="共保体编号 / the pool's number")
PERIOD = click.option("--period", "label", required=True, help="账期，例如 2026Q1 / the period, for example 2026Q1")


@click.group("extract", cls=Commands)
def extract() -> None:
    """报表：写出、一览。 Extracts of a book: write one, list them."""


@extract.command("write")
@POOL
@PERIOD
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), required=True, help="报表 / which list")
@click.option("--form", type=click.Choice(list(FORMS)), default="xlsx", show_default=True, help="格式 / file format")
@click.option("--to", "target", type=click.Path(dir_okay=False, path_type=Path), required=True, help="文件 / file")
@json_option
def write(pool_id: int, label: str, kind: str, form: str, target: Path) -> None:
    """把一个账期的一张报表写成文件，含全体成员；逐行写出，不占内存。

    Write a list of a period with every member's share to a file, row by row in little memory.
    """
    with database() as (_, engine):
        told = _written(engine, pool_id, label, Kind(kind), form, target)
    tell(told, f"{told['rows']} {told['sha256']}  {target}")


def _written(engine: Engine, pool_id: int, label: str, kind: Kind, form: str, target: Path) -> dict[str, Any]:
    """Write the file; return what was written."""
    from hashlib import file_digest

    from core.db import run_in_unit, unit_of_work
    from core.permits import SYSTEM
    from ledger import extracts, statements
    from underwriting import pools
    from web import extracts as making

    def last(session: Session) -> int:
        period = statements.period(session, pools.get(session, pool_id, SYSTEM).id, label)
        return extracts.last_entry(session, period)

    until = run_in_unit(engine, SYSTEM, last)
    calm = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    draft = target.with_name(f".{target.name}.part")
    try:
        with unit_of_work(calm, SYSTEM) as session, draft.open("wb") as out:
            period = statements.period(session, pool_id, label)
            is_final = period.stage == "closed"
            scope = making.scope_of(
                session, period, only=None, at=now(session), until_entry_id=None if is_final else until
            )
            found = making.listed(session, scope, kind)
            expected = making.expected(session, found)
            making.write(session, period, found, form, out, expected, lambda rows: None)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    with target.open("rb") as written:
        digest = file_digest(written, "sha256").hexdigest()
    return {
        "pool": pool_id,
        "period": label,
        "kind": kind.value,
        "is_final": is_final,
        "until_entry": until,
        "rows": expected.rows,
        "totals_fen": expected.totals_fen,
        "sha256": digest,
    }


@extract.command("list")
@click.option("--pool", "pool_id", type=int, help="共保体编号 / the pool's number")
@json_option
def list_(pool_id: int | None) -> None:
    """申请过的报表，新的在前。 The extracts that were asked for, newest first."""
    from core.db import run_in_unit
    from core.permits import SYSTEM
    from web.extract_desk import Narrowed, listed_for

    def work(session: Session) -> list[dict[str, Any]]:
        found = session.execute(listed_for(SYSTEM, Narrowed(pool_id)).limit(500))
        return [
            {
                "id": str(row.id),
                "pool": row.pool_id,
                "period": row.period,
                "kind": row.kind,
                "form": row.form,
                "organisation": row.organisation,
                "stage": row.stage,
                "rows": row.rows_total,
                "sha256": row.digest,
            }
            for row in found
        ]

    with database() as (_, engine):
        rows = run_in_unit(engine, SYSTEM, work)
    widths = {"stage": 8, "pool": 5, "period": 12, "kind": 14, "form": 5}
    lines = [
        " ".join([*(f"{row[name]!s:<{width}}" for name, width in widths.items()), row["sha256"] or "—"]) for row in rows
    ]
    tell({"extracts": rows}, "\n".join(lines))
