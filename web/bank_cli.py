"""`gongbao bank`: a statement taken in, lines that nothing pays, what may be matched, payees, the files of a batch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from web.command_line import Commands, database, json_option, now, t, tell
from web.list_cli import FILE, ListCommand, mapping_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from ledger.bank_models import BankReport
    from web.row_schema import RowSchema

POOL = click.option("--pool", "pool_id", type=int, required=True, help="共保体编号 / the pool's number")


def _fields() -> RowSchema:
    from web.bank_columns import BANK_LINES

    return BANK_LINES


@click.group("bank", cls=Commands)
def bank() -> None:
    """银行：读入流水、待核对、收款人、付款文件。 The bank: statements in, what is unmatched, payees, payment files."""


@bank.command("take", cls=ListCommand, schema=_fields)
@click.argument("file", type=FILE)
@POOL
@click.option("--opening", default="", help="期初余额（元），只用于表格 / opening balance, for lists only")
@click.option("--closing", default="", help="期末余额（元），只用于表格 / closing balance, for lists only")
@click.option("--map", "maps", multiple=True, metavar="FIELD=HEADER,...", help="字段=表头 / field=header, by commas")
@json_option
def take(file: Path, pool_id: int, opening: str, closing: str, maps: tuple[str, ...]) -> None:
    """读入首席收款账户的银行流水：camt.053（.xml），或 CSV、XLSX 表格；不对的地方全部列出，什么也不读入。

    Take in a statement of the lead's account: camt.053 (.xml), or a list; everything wrong is named, and nothing taken.
    """
    from core.db import run_in_unit
    from core.permits import SYSTEM

    def work(session: Session) -> dict[str, Any]:
        return _told(_taken(session, file, pool_id, opening, closing, mapping_of(maps)))

    with database() as (_, engine):
        told = run_in_unit(engine, SYSTEM, work)
    words = t(
        "已读入 {items} 笔，{from_on} 至 {until_on}，期末 {closing_cny} 元。",
        "{items} lines taken in, {from_on} to {until_on}, closing CNY {closing_cny}.",
    )
    tell(told, words.format(**told))


def _taken(
    session: Session, file: Path, pool_id: int, opening: str, closing: str, columns: dict[str, str]
) -> BankReport:
    from core import clock
    from core.permits import SYSTEM, require
    from ledger import bank_intake
    from ledger.bank_accounts import in_force
    from underwriting import pools
    from web.bank_files import ListTerms, columns_of, read_file

    require(SYSTEM, "bank_report.take")
    pool, at = pools.get(session, pool_id, SYSTEM), now(session)
    own = in_force(session, pool.id, clock.on(at)).get(pool.lead_id)
    known = columns_of(session, own) if own else {}
    terms = ListTerms(own.number if own else "", opening, closing, columns, known)
    with file.open("rb") as stream:
        read = read_file(stream, file.name, terms)
    return bank_intake.take(
        session,
        pool.id,
        read.report,
        name=read.name,
        digest=read.digest,
        columns=read.columns,
        by=SYSTEM,
        at=at,
    )


def _told(row: BankReport) -> dict[str, Any]:
    from ledger.money import plain_fen

    return {
        "id": row.id,
        "reference": row.reference,
        "from_on": row.from_on,
        "until_on": row.until_on,
        "opening_cny": plain_fen(row.opening_fen),
        "closing_cny": plain_fen(row.closing_fen),
        "items": row.items,
        "sha256": row.digest,
    }


@bank.command("payees")
@POOL
@json_option
def payees(pool_id: int) -> None:
    """收款人与收款账户，还不能付款的赔案各缺什么。 Payees and their accounts, and what unpaid claims lack."""
    from core.db import run_in_unit
    from core.permits import SYSTEM
    from web.payee_desk import ACCOUNT_WORDS

    with database() as (_, engine):
        told = run_in_unit(engine, SYSTEM, lambda session: _payees(session, pool_id))
    stands = {code: t(*words) for code, words in ACCOUNT_WORDS.items()}
    said = [f"{row['name']}  {row['account_number'] or '—'}  {stands[row['account']]}" for row in told["payees"]]
    said += [f"{row['claim']}  {row['amount_cny']:>18}  {row['why']}" for row in told["claims"]]
    tell({"pool": pool_id, **told}, "\n".join(said) or t("没有。", "None."))


def _payees(session: Session, pool_id: int) -> dict[str, Any]:
    from claims import payouts
    from core import clock
    from core.permits import SYSTEM, require
    from ledger import bank_payees
    from ledger.money import plain_fen
    from underwriting import pools
    from web.bank_words import WHY_NOT
    from web.payee_desk import payee_rows

    require(SYSTEM, "payee.read")
    pool, day = pools.get(session, pool_id, SYSTEM), clock.on(now(session))
    found = session.scalars(bank_payees.listed(SYSTEM, pool.id)).all()
    return {
        "payees": [
            {name: getattr(row, name) for name in ("name", "kind", "account", "account_number")}
            for row in payee_rows(session, found, pool.id, SYSTEM, day)
        ],
        "claims": [
            {
                "claim": one.number,
                "amount_cny": plain_fen(one.amount_fen),
                "why": t(*WHY_NOT[one.why]),
            }
            for one in session.execute(payouts.due(pool.id, day))
        ],
    }


@bank.command("lines")
@POOL
@json_option
def lines(pool_id: int) -> None:
    """没有核对的银行收支，旧的在前；待认领的标明。 Lines of the bank that nothing is matched with, oldest first."""
    from core.db import run_in_unit
    from core.permits import SYSTEM

    with database() as (_, engine):
        rows = run_in_unit(engine, SYSTEM, lambda session: _lines(session, pool_id))
    said = [
        f"{row['booked_on']}  {row['amount_cny']:>18}  {row['reference']}  {row['name']}"
        + (t("  待认领", "  unmatched receipt") if row["is_held"] else "")
        for row in rows
    ]
    tell({"pool": pool_id, "lines": rows}, "\n".join(said) or t("没有。", "None."))


def _lines(session: Session, pool_id: int) -> list[dict[str, Any]]:
    from core.permits import SYSTEM
    from ledger import bank_matches, bank_receipts
    from ledger.money import plain_fen
    from underwriting import pools

    pool = pools.get(session, pool_id, SYSTEM)
    held = {one.line.id for one in bank_receipts.held(session, pool.id, SYSTEM)}
    return [
        {
            "id": one.id,
            "booked_on": one.booked_on,
            "amount_cny": plain_fen(one.amount_fen),
            "reference": one.reference,
            "name": one.name,
            "about": one.about,
            "is_held": one.id in held,
        }
        for one in session.scalars(bank_matches.unmatched_lines(pool.id))
    ]


@bank.command("propose")
@POOL
@json_option
def propose(pool_id: int) -> None:
    """可以核对的：每一笔银行收支与结算单或付款；由人在页面上确认。 What may be matched; a person accepts it."""
    from core.db import run_in_unit
    from core.permits import SYSTEM

    with database() as (_, engine):
        rows = run_in_unit(engine, SYSTEM, lambda session: _proposed(session, pool_id))
    said = [
        f"{row['booked_on']}  {row['amount_cny']:>18}  {row['reference']}  {row['number']}  {row['difference_cny']}"
        for row in rows
    ]
    tell({"pool": pool_id, "proposals": rows}, "\n".join(said) or t("没有。", "None."))


def _proposed(session: Session, pool_id: int) -> list[dict[str, Any]]:
    from core.permits import SYSTEM
    from ledger import bank_matches
    from ledger.money import plain_fen
    from underwriting import pools

    pool = pools.get(session, pool_id, SYSTEM)
    return [
        {
            "line_id": one.line.id,
            "booked_on": one.line.booked_on,
            "amount_cny": plain_fen(one.line.amount_fen),
            "reference": one.line.reference,
            "number": one.target.number,
            "difference_cny": plain_fen(one.proposal.difference_fen),
        }
        for one in bank_matches.proposed(session, pool.id, SYSTEM)
    ]


@bank.command("file")
@click.argument("number")
@POOL
@click.option("--kind", type=click.Choice(["pain001", "csv"]), default="pain001", help="文件 / which file")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="文件夹 / folder")
@json_option
def file(number: str, pool_id: int, kind: str, folder: Path) -> None:
    """把已放行批次的付款文件按原样写到文件夹。 Write a file of a released batch to a folder, as it was kept."""
    from core.db import run_in_unit
    from core.permits import SYSTEM

    with database() as (_, engine):
        name, content, digest = run_in_unit(engine, SYSTEM, lambda session: _kept(session, pool_id, number, kind))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    tell({"batch": number, "file": str(path), "size": len(content), "sha256": digest}, str(path))


def _kept(session: Session, pool_id: int, number: str, kind: str) -> tuple[str, bytes, str]:
    from core.permits import SYSTEM
    from ledger import bank_payments
    from underwriting import pools

    pool = pools.get(session, pool_id, SYSTEM)
    kept = bank_payments.file(session, bank_payments.numbered(session, pool.id, number, SYSTEM), kind)
    return kept.name, kept.content, kept.digest
