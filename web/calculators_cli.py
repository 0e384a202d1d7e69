"""The calculators as commands: the same pure functions as the pages, nothing asked of a database but a rehearsal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from core.errors import Invalid
from ledger.apportion import Weights, apportion_stream
from web import calculating
from web.command_line import json_option, tell, wants_json

FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


@click.command("apportion")
@click.option(
    "--shares", help="百分比，合计 100，首席在前 / percentages that add up to 100, the lead first: 45,25,20,10"
)
@click.option("--weights", help="整数权重 / whole weights with any sum: 333334,251000,215666,200000")
@json_option
def apportion(shares: str | None, weights: str | None) -> None:
    """把标准输入的每笔金额（分，每行一个整数）按份额分摊，余数结转到下一笔。

    Split each amount on standard input (whole fen, one a line) by shares, the residue carried to the next.

    A line out: the amount, the parts in member order, and the carry after it in units of 1/whole fen.
    """
    if (shares is None) == (weights is None):
        raise click.UsageError("--shares 或 --weights，二者取一 / one of --shares and --weights")
    split = calculating.weights_of_shares(shares) if shares else calculating.weights_of_numbers(weights or "")
    amounts = list(calculating.read_fen_lines(sys.stdin))
    if wants_json():
        _write_json(amounts, split)
        return
    for amount_fen, found in zip(amounts, apportion_stream(amounts, split), strict=True):
        parts = " ".join(map(str, found.parts_fen))
        click.echo(f"{amount_fen}\t{parts}\t{' '.join(map(str, found.carry_after))}")


def _write_json(amounts: list[int], weights: Weights) -> None:
    """Write the document row by row: a million amounts are not held as text."""
    totals = [0] * len(weights.weights)
    carry = tuple(totals)
    out = sys.stdout
    out.write(f'{{"weights": {json.dumps(list(weights.weights))}, "whole": {weights.whole}, "rows": [')
    for number, (amount_fen, split) in enumerate(zip(amounts, apportion_stream(amounts, weights), strict=True)):
        row = calculating.split_row(amount_fen, split)
        out.write(("," if number else "") + "\n  " + json.dumps(row))
        totals = [total + part for total, part in zip(totals, split.parts_fen, strict=True)]
        carry = split.carry_after
    figures = {"total_fen": sum(amounts), "totals_fen": totals, "carry": list(carry)}
    out.write("],\n " + json.dumps(figures)[1:] + "\n")


@click.command("score")
@click.argument("file", type=FILE)
@json_option
def score(file: Path) -> None:
    """按专家评分和报价计算得分与排名，列出每一步。 Points and ranking from marks and prices, each step shown."""
    from tender.scoring import score_file

    tell(score_file(_read(file)))


@click.command("allocate")
@click.argument("file", type=FILE)
@json_option
def allocate(file: Path) -> None:
    """按权重在上下限内分配份额；不成立时说明缺口。 Shares by weight between floors and caps, or why there are none."""
    from tender.allocation import allocate_file

    tell(allocate_file(_read(file)))


@click.command("clock", context_settings={"ignore_unknown_options": True})
@click.argument("start")
@click.argument("minutes", type=int)
@json_option
def clock(start: str, minutes: int) -> None:
    """START 之后 MINUTES 个工作分钟到几时（已公布的 2004 至 2026 年日历）。

    When MINUTES working minutes after START are over, by the published calendar, 2004 to 2026.
    """
    from core.working_time import clock_working

    found = clock_working(calculating.published(), start, minutes)
    tell(found, "\n".join(_clock_lines(found)))


def _clock_lines(found: dict[str, Any]) -> Iterator[str]:
    yield str(found["due"])
    for segment in found["segments"]:
        yield f"  {segment['from']} – {segment['until']}  {segment['minutes']} min"
    for first, last in _runs(found["skipped_days"]):
        yield f"  — {first}" + (f" … {last}" if first != last else "")


def _runs(days: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the first and the last of each run of days that follow each other."""
    from datetime import date

    if not days:
        return
    first = days[0]
    for before, after in pairwise(days):
        if (date.fromisoformat(after) - date.fromisoformat(before)).days != 1:
            yield first, before
            first = after
    yield first, days[-1]


@click.command("rehearse")
@click.argument("file", type=FILE)
@json_option
def rehearse(file: Path) -> None:
    """用真实的记账规则走一遍协议和事件，结果打印为 JSON，随后全部撤销。

    Play an agreement and its events through the real verbs, print what they lead to as JSON, and undo it all.
    """
    from web.command_line import database

    data = _read(file)
    with database() as (_, engine):
        tell(calculating.rehearse(engine, data))


def _read(file: Path) -> object:
    """Return what a JSON file says, decimals as they are written; `-` is standard input. Refuses `not_utf8`."""
    from tender.exact import read_json

    content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    try:
        return read_json(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Invalid("not_utf8") from None
