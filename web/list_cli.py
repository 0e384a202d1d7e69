"""`gongbao fault import` and `gongbao estate import`: lists from files into the books, every odd row named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import Conflict, Finding, Invalid
from web.command_line import (
    Commands,
    database,
    exit_code,
    fail,
    finding_line,
    json_option,
    now,
    said_of,
    t,
    tell,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from web.fault_list import FaultList, Wanted
    from web.row_schema import RowSchema

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_MAP_HELP = (
    "字段=表头，逗号分开；没有提到的字段按表头认，“字段=”表示没有这一列"
    " / field=header, by commas; the fields not named are known by their headers, `field=` is for none"
)


class ListCommand(click.Command):
    """A command that reads a list; its help ends with the fields that `--map` knows, from `schema()`."""

    def __init__(self, *args: Any, schema: Callable[[], RowSchema], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.schema = schema

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write every field with its words, the required ones marked."""
        super().format_epilog(ctx, formatter)
        needed = t("，必填", ", required")
        fields = self.schema().fields
        with formatter.section(t("字段", "Fields")):
            formatter.write_dl(
                [(one.name, t(one.label_zh, one.label_en) + (needed if one.is_required else "")) for one in fields]
            )


def _fault_fields() -> RowSchema:
    from web.fault_columns import fault_schema

    return fault_schema()


def _estate_fields() -> RowSchema:
    from web.estate_columns import ESTATE_SCHEMA

    return ESTATE_SCHEMA


@click.group("fault", cls=Commands)
def fault() -> None:
    """故障：从名单导入。 Faults: taken from a list."""


@click.group("estate", cls=Commands)
def estate() -> None:
    """小区、楼栋、电梯：从名单登记。 The register of lifts: taken from a list."""


def mapping_of(texts: tuple[str, ...]) -> dict[str, str]:
    """Return field -> header of `--map` options, "" for none; Invalid `mapping_wrong` for what is not `field=header`.

    >>> mapping_of(("lift_number=elevator,reported_at=out_of_service", "description=reason"))["description"]
    'reason'
    """
    found: dict[str, str] = {}
    for text in (one for given in texts for one in given.split(",") if one.strip()):
        name, equals, header = text.partition("=")
        if not equals or not name.strip():
            raise Invalid("mapping_wrong", text=text.strip()[:60])
        found[name.strip()] = header.strip()
    return found


@fault.command("import", cls=ListCommand, schema=_fault_fields)
@click.argument("file", type=FILE)
@click.option("--map", "maps", multiple=True, metavar="FIELD=HEADER,...", help=_MAP_HELP)
@click.option("--zone", default="Asia/Shanghai", show_default=True, help="没有写时区的时间 / zone of times without one")
@click.option("--sheet", help="工作表 / sheet of a workbook")
@click.option("--dry-run", is_flag=True, help="只看，不写入 / look only, write nothing")
@click.option(
    "--register-lifts", is_flag=True, help="登记名单里没有登记过的电梯 / register the lifts that only the list names"
)
@click.option("--brief", is_flag=True, help="不逐行列出 / without the list of odd rows")
@json_option
def import_faults(
    file: Path, maps: tuple[str, ...], zone: str, sheet: str | None, dry_run: bool, register_lifts: bool, brief: bool
) -> None:
    """从 CSV 或 XLSX 导入故障；逐行列出异常，给出修复用时。

    Take faults from a CSV or XLSX file: every odd row named, with count, mean, median and longest repair.
    """
    from core.db import run_in_unit
    from core.permits import SYSTEM
    from web import fault_list
    from web.fault_list import Wanted

    wanted = Wanted(mapping_of(maps), fault_list.zone_of(zone), sheet, register_lifts)
    with database() as (_, engine):

        def work(session: Session) -> tuple[FaultList, int]:
            at = now(session)
            told = _read(session, file, wanted, at)
            if dry_run:
                return told, 0
            return told, fault_list.take(session, told, f"list:{file.name}"[:100], by=SYSTEM, at=at)

        told, written = run_in_unit(engine, SYSTEM, work)
    document = {"file": file.name, "written": written, "is_dry_run": dry_run, **fault_list.summary(told)}
    document["odd_rows"] = [finding_row(one) for one in told.findings]
    tell(document, _words(document, told, brief=brief))
    if dry_run and not told.report.taken:
        # A look ends as the import itself would.
        refusal = Conflict("no_row_to_take", read=told.rows_read)
        fail(said_of(refusal), exit_code(refusal))


def _read(session: Session, file: Path, wanted: Wanted, at: datetime) -> FaultList:
    from web import fault_list

    with file.open("rb") as stream:
        return fault_list.read(session, stream, file.name, wanted, at=at)


def finding_row(finding: Finding) -> dict[str, Any]:
    """Return an odd row for machines: its row, the code, the words."""
    return {"row": finding.facts.get("row"), "code": finding.code, "detail": said_of(finding)}


def _words(document: Mapping[str, Any], told: FaultList, *, brief: bool) -> str:
    """Return the outcome for people: the odd rows, then counts, then the repairs."""
    from web.finding_names import FINDING_NAMES

    lines = [] if brief else [f"  {finding_line(one)}" for one in told.findings]
    lines.append("")
    for code, count in told.counts.items():
        lines.append(f"{count:>7,}  {t(*FINDING_NAMES.get(code, (code, code)))}")
    lines.append("")
    pairs = [
        (t("读到的行", "rows read"), f"{document['rows']:,}"),
        (t("可导入", "can be taken"), f"{document['taken']:,}"),
        (t("未导入", "kept out"), f"{document['refused']:,}"),
        (t("可导入但有疑点", "taken, but odd"), f"{document['odd']:,}"),
        (t("尚未修复", "not repaired yet"), f"{document['open']:,}"),
        (t("电梯", "lifts"), f"{document['lifts']:,}"),
        (t("其中新登记", "of them new in the register"), f"{document['lifts_to_register']:,}"),
    ]
    repair = document["repair"]
    times = told.report.repair_times
    if repair and times is not None:
        where = t("第 {row} 行，{lift}", "row {row}, {lift}").format(
            row=repair["longest_row"], lift=repair["longest_lift"]
        )
        longest = f"{_length(times.longest)}{t('（{}）', ' ({})').format(where)}"
        pairs += [
            (t("修复用时，平均", "repair, mean"), f"{repair['mean']} (n = {repair['n']:,})"),
            (t("修复用时，中位", "repair, median"), repair["median"]),
            (t("修复用时，最长", "repair, longest"), longest),
        ]
    lines += [f"{label}: {value}" for label, value in pairs]
    done = t("只是试看，没有写入。", "Looked only; nothing was written.")
    if not document["is_dry_run"]:
        done = t("已写入 {n} 次故障。", "{n} faults were written.").format(n=document["written"])
    return "\n".join([*lines, "", done])


def _length(length: timedelta) -> str:
    """Return a length in the reader's words: days where there are any, then hours, minutes, seconds."""
    from claims.fault_rows import duration_text

    rest = duration_text(Fraction(length.seconds))
    return t(f"{length.days} 天 {rest}", f"{length.days} d {rest}") if length.days else rest


@estate.command("import", cls=ListCommand, schema=_estate_fields)
@click.argument("file", type=FILE)
@click.option("--map", "maps", multiple=True, metavar="FIELD=HEADER,...", help=_MAP_HELP)
@click.option("--sheet", help="工作表 / sheet of a workbook")
@click.option("--dry-run", is_flag=True, help="只看，不写入 / look only, write nothing")
@json_option
def import_estates(file: Path, maps: tuple[str, ...], sheet: str | None, dry_run: bool) -> None:
    """从 CSV 或 XLSX 登记电梯；有一行不对就全部不写，并逐行列出。

    Register lifts from a CSV or XLSX file: all of them, or none and every bad row named.
    """
    from core.db import run_in_unit
    from core.permits import SYSTEM
    from web import estate_list

    with database() as (_, engine):

        def work(session: Session) -> tuple[estate_list.EstateList, Any]:
            at = now(session)
            with file.open("rb") as stream:
                told = estate_list.read(session, stream, file.name, mapping_of(maps), sheet=sheet, at=at)
            return told, None if dry_run else estate_list.take(session, told, by=SYSTEM, at=at)

        told, taken = run_in_unit(engine, SYSTEM, work)
    document = {"file": file.name, "is_dry_run": dry_run, **estate_list.summary(told)}
    document["odd_rows"] = [finding_row(one) for one in told.findings]
    lines = [f"  {finding_line(one)}" for one in told.findings]
    lines.append(t("读到 {n} 行。", "{n} rows read.").format(n=told.rows_read))
    if taken is None:
        lines.append(t("只是试看，没有写入。", "Looked only; nothing was written."))
    else:
        document["written"] = {"communities": taken.communities, "buildings": taken.buildings, "lifts": taken.lifts}
        words = t("已登记 {c} 个小区、{b} 栋、{n} 台电梯。", "Registered {c} communities, {b} buildings, {n} lifts.")
        lines.append(words.format(c=taken.communities, b=taken.buildings, n=taken.lifts))
    tell(document, "\n".join(lines))
    if dry_run and not told.is_good:
        words = t(
            "有 {n} 处需要更正，改正前不能登记。", "{n} places must be corrected; nothing can be registered before."
        )
        fail(words.format(n=document["findings"]), exit_code(Invalid("estate_rows_refused")))


@estate.command("repairer")
@click.argument("name", required=False)
@click.option("--community", help="小区名称 / the community")
@click.option("--district", help="区县，同名小区不止一个时 / its district, where several have that name")
@click.option("--lift", help="只这一台电梯 / this lift alone")
@click.option("--none", "is_none", is_flag=True, help="不设维保单位 / no repairer any more")
@json_option
def set_repairer(
    name: str | None, community: str | None, district: str | None, lift: str | None, is_none: bool
) -> None:
    """设定一个小区或一台电梯的维保单位；不带参数时列出各维保单位。

    Say who maintains the lifts of a community, or one lift; without arguments the repairers are listed.
    """
    from core.db import run_in_unit
    from core.permits import SYSTEM
    from web import repairer_desk

    asked = repairer_desk.Asked(name or "", community or "", district or "", lift or "", is_none)
    with database() as (_, engine):
        if asked.is_empty:
            names = run_in_unit(engine, SYSTEM, repairer_desk.names)
            tell({"repairers": names}, "\n".join(names) or t("还没有维保单位。", "There is no repairer yet."))
            return
        count = run_in_unit(engine, SYSTEM, lambda session: repairer_desk.appoint(session, asked, at=now(session)))
    words = t("{n} 台电梯的维保单位已设定。", "The repairer of {n} lifts is set.").format(n=count)
    tell({"lifts": count, "repairer": None if is_none else name}, words)
