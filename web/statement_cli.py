"""`gongbao statement`: close a period and issue its statements; write the kept files of a period to a folder."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from web.command_line import Commands, database, fail, json_option, now, t, tell

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from ledger.models import Statement

POOL = click.option("--pool", "pool_id", type=int, required=True, help="共保体编号 / the pool's number")
PERIOD = click.option("--period", "label", required=True, help="账期，例如 2026Q1 / the period, for example 2026Q1")


@click.group("statement", cls=Commands)
def statement() -> None:
    """结算单：结账、签发、导出。 Statements: close, issue, export."""


@statement.command("run")
@POOL
@PERIOD
@click.option("--on", "closed_on", type=click.DateTime(["%Y-%m-%d"]), help="结账日，默认为期末 / default: its last day")
@click.option("--issue", "is_issuing", is_flag=True, help="随即签发并制作文件 / issue at once and make the files")
@json_option
def run(pool_id: int, label: str, closed_on: datetime | None, is_issuing: bool) -> None:
    """结账并出具结算单；已结账的直接列出。 Close a period and draw its statements up; a closed one is listed."""
    from core.db import run_in_unit
    from core.permits import SYSTEM

    with database() as (found, engine):
        on = closed_on.date() if closed_on else None
        made = run_in_unit(engine, SYSTEM, lambda session: _closed(session, pool_id, label, on))
        if is_issuing:
            made = run_in_unit(engine, SYSTEM, lambda session: _issued(session, pool_id, label))
            for one in made:
                run_in_unit(engine, SYSTEM, lambda session, one=one: _keep(session, found.settings, one))  # type: ignore[misc]
        rows = run_in_unit(engine, SYSTEM, lambda session: _told(session, made))
    lines = [f"{row['number']}  {row['balance_cny']:>18}  {row['stage']}  {row['member']}" for row in rows]
    tell({"pool": pool_id, "period": label, "statements": rows}, "\n".join(lines))


def _closed(session: Session, pool_id: int, label: str, on: date | None) -> list[Statement]:
    """Return the statements of a period, closed now where it is open."""
    from claims.closing import close_period
    from core import clock
    from core.errors import Invalid
    from core.permits import SYSTEM, require
    from ledger import statements

    period = statements.period(session, pool_id, label)
    if period.stage == "open":
        require(SYSTEM, "period.close")
        at, day = now(session), on or period.ends_on
        if day > clock.on(at):
            raise Invalid("day_to_come", day=day)
        return close_period(session, pool_id, label, on=day, by=SYSTEM, at=at)
    return list(statements.of_period(session, period))


def _issued(session: Session, pool_id: int, label: str) -> list[Statement]:
    """Return the statements of a closed period, the drafts among them issued now."""
    from core.permits import SYSTEM, require
    from ledger import statements
    from web.statement_issue import issue_all

    require(SYSTEM, "statement.issue")
    made = list(statements.of_period(session, statements.period(session, pool_id, label)))
    issue_all(session, [one for one in made if one.stage == "draft"], by=SYSTEM, at=now(session))
    return made


def _keep(session: Session, settings: Any, one: Statement) -> None:
    from core.permits import SYSTEM
    from ledger.models import Statement
    from web.statement_paper import keep_files

    keep_files(session, session.get_one(Statement, one.id), settings, by=SYSTEM, at=now(session))


def _told(session: Session, made: list[Statement]) -> list[dict[str, Any]]:
    """Return the statements as the command tells them."""
    from core.parties import names_of
    from ledger.money import plain_fen

    names = names_of(session, [one.organisation_id for one in made])
    return [
        {
            "id": str(one.id),
            "number": one.number,
            "member": names[one.organisation_id],
            "stage": one.stage,
            "balance_fen": one.balance_fen,
            "balance_cny": plain_fen(one.balance_fen),
        }
        for one in made
    ]


@statement.command("export")
@POOL
@PERIOD
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="目录 / folder")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["pdf", "xlsx", "summary.csv", "items.csv", "json"]),
    help="可重复；默认全部 / repeatable; all by default",
)
@json_option
def export(pool_id: int, label: str, folder: Path, kinds: tuple[str, ...]) -> None:
    """把已签发结算单的文件原样写出。 Write the kept files of issued statements as they were kept."""
    from core.db import run_in_unit
    from core.permits import SYSTEM
    from web.keeping import store_in

    with database() as (found, engine):
        kept = run_in_unit(engine, SYSTEM, lambda session: _files(session, found.settings, pool_id, label))
        store = store_in(found.settings)
        chosen = [paper for paper in kept if not kinds or paper["kind"] in kinds]
        if not chosen:
            fail(t("该账期没有已签发的结算单。", "No statement of that period is issued."), 4)
        folder.mkdir(parents=True, exist_ok=True)
        for paper in chosen:
            with store.open(paper["sha256"]) as source:
                (folder / Path(paper["name"]).name).write_bytes(source.read())
    tell({"folder": str(folder), "files": chosen}, "\n".join(f"{one['sha256']}  {one['name']}" for one in chosen))


def _files(session: Session, settings: Any, pool_id: int, label: str) -> list[dict[str, Any]]:
    """Return the kept files of a period's issued statements, made now where they are not yet."""
    from core.permits import SYSTEM
    from ledger import statements
    from web.statement_paper import keep_files

    period = statements.period(session, pool_id, label)
    found = []
    for one in statements.of_period(session, period):
        if one.stage != "draft":
            kept = keep_files(session, one, settings, by=SYSTEM, at=now(session))
            found += [
                {"kind": kind, "name": paper.name, "sha256": paper.digest, "size": paper.size}
                for kind, paper in kept.items()
            ]
    return found


@statement.command("ageing")
@click.option("--pool", "pool_id", type=int, help="共保体编号，默认全部 / the pool's number; all by default")
@click.option("--on", "aged_on", type=click.DateTime(["%Y-%m-%d"]), help="日期，默认今天 / the day; today by default")
@json_option
def ageing(pool_id: int | None, aged_on: datetime | None) -> None:
    """账龄：未结清的结算单、摊回通知与单项结算，按逾期天数分档。 What is owed, by days overdue."""
    from core import clock
    from core.db import run_in_unit
    from core.permits import SYSTEM

    with database() as (_, engine):
        on = aged_on.date() if aged_on else run_in_unit(engine, SYSTEM, lambda session: clock.on(now(session)))
        found = run_in_unit(engine, SYSTEM, lambda session: _aged(session, on, pool_id))
    lines = [t("没有未结清的款项。", "Nothing stands open.")] if not found["rows"] else _ageing_lines(found)
    tell(found, "\n".join(lines))


def _aged(session: Session, on: date, pool_id: int | None) -> dict[str, Any]:
    """Return the ageing of a day as the command tells it to machines."""
    from core.permits import SYSTEM, require
    from web.ageing import SIDES, Narrowed, aged, behind, key_of, totals

    require(SYSTEM, "statement.read")
    narrowed = Narrowed(pool_id=pool_id)
    rows, under = aged(session, SYSTEM, on, narrowed), behind(session, SYSTEM, on, narrowed)
    return {
        "on": on.isoformat(),
        "rows": [
            {
                "pool": row.pool_id,
                "member": row.member,
                "side": row.side,
                "bands_fen": dict(row.bands_fen),
                "total_fen": row.total_fen,
                "items": [
                    {
                        "kind": one.kind,
                        "id": str(one.id),
                        "number": one.number,
                        "due_on": one.due_on.isoformat(),
                        "days_late": one.days_late,
                        "band": one.band,
                        "amount_fen": one.amount_fen,
                    }
                    for one in under[key_of(row)]
                ],
            }
            for row in rows
        ],
        "totals_fen": {side: totals(rows, side) for side in SIDES},
    }


def _ageing_lines(found: dict[str, Any]) -> list[str]:
    """Return the ageing as lines for people, each side with its total."""
    from ledger.money import plain_fen
    from web.ageing import BAND_WORDS, BANDS, SIDE_WORDS

    bands = [t(*BAND_WORDS[band]) for band in BANDS]
    lines = [found["on"]]
    for side, sums in found["totals_fen"].items():
        own = [row for row in found["rows"] if row["side"] == side]
        if own:
            lines += ["", t(*SIDE_WORDS[side]), "\t".join([t("共保体", "pool"), t("成员", "member"), *bands])]
            for row in own:
                figures = [plain_fen(row["bands_fen"][band]) for band in BANDS]
                lines.append("\t".join([str(row["pool"]), row["member"], *figures]))
            lines.append("\t".join([t("合计", "total"), "", *(plain_fen(sums[band]) for band in BANDS)]))
    return lines
