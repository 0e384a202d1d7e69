"""A statement's PDF with its annex of every movement, against one WeasyPrint table, Typst and ReportLab.

Each in a process of its own, so that its memory is its own; the rows and the library are there before the clock starts.
"""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from statistics import median

from bench.alone import alone
from bench.lines import movements, statement
from bench.table import Row, as_data
from bench.telling import say, seconds
from ledger.money import format_fen
from web.documents.rows import Movement

FULL, QUICK = 10_000, 300
ROUNDS = 3
HEADS = ("日期", "分录", "事由", "保单/案件", "说明", "金额（元）")


def _cells(one: Movement) -> tuple[str, ...]:
    """Return a movement's cells under `HEADS`."""
    on, number = one.on.isoformat(), str(one.entry_number)
    return (on, number, one.reason_zh, one.subject, one.description, format_fen(one.amount_fen))


def ours(count: int, rounds: int) -> list[float]:
    """Return how long our statement with its annex takes to make, each time."""
    from web.documents.pdf import statement_pdf

    rows = statement(count)
    statement_pdf(statement(10))
    return [seconds(lambda: statement_pdf(rows)) for _ in range(rounds)]


def weasyprint_table(count: int, rounds: int) -> list[float]:
    """Return how long one plain table takes WeasyPrint."""
    with contextlib.redirect_stdout(io.StringIO()):
        import weasyprint

    lines = [_cells(one) for one in movements(count)]
    style = "@page { size: A4; margin: 15mm } table { width: 100% } td { font-size: 8pt }"

    def make() -> None:
        heads = "".join(f"<th>{head}</th>" for head in HEADS)
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in lines)
        page = f"<style>{style}</style><table><thead><tr>{heads}</tr></thead>{body}</table>"
        weasyprint.HTML(string=page).write_pdf()

    return [seconds(make) for _ in range(rounds)]


_TYPST = """
#set page(paper: "a4", margin: 15mm, numbering: "1 / 1")
#set text(font: "Noto Sans CJK SC", size: 8pt)
#let rows = json("lines.json")
#table(columns: (auto, auto, auto, auto, 1fr, auto), stroke: none, ..rows.flatten())
"""


def typst(count: int, rounds: int) -> list[float]:
    """Return how long the same table takes Typst; of several in one process the later ones are remembered."""
    import typst as compiler

    with tempfile.TemporaryDirectory() as name:
        lines = [HEADS, *(_cells(one) for one in movements(count))]
        (Path(name) / "lines.json").write_text(json.dumps(lines), encoding="utf-8")
        paper = Path(name) / "table.typ"
        paper.write_text(_TYPST, encoding="utf-8")
        return [seconds(lambda: compiler.compile(str(paper))) for _ in range(rounds)]


def reportlab(count: int, rounds: int) -> list[float]:
    """Return how long the same table takes ReportLab, as the long table that it breaks over pages."""
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import LongTable, SimpleDocTemplate

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    lines = [HEADS, *(_cells(one) for one in movements(count))]
    style = [("FONT", (0, 0), (-1, -1), "STSong-Light", 8), ("ALIGN", (5, 0), (5, -1), "RIGHT")]

    def make() -> None:
        table = LongTable(lines, colWidths=(55, 40, 60, 80, 170, 70), repeatRows=1, style=style)
        SimpleDocTemplate(io.BytesIO(), pagesize=A4).build([table])

    return [seconds(make) for _ in range(rounds)]


def measure(is_quick: bool) -> list[dict[str, object]]:
    """Return the rows of the annex."""
    count = QUICK if is_quick else FULL
    found = {}
    # So many processes, and the rounds in each: Typst would answer a second round from its memory of the first.
    for name, processes, rounds in (
        ("ours", 1, ROUNDS),
        ("typst", ROUNDS, 1),
        ("reportlab", 1, ROUNDS),
        ("weasyprint_table", 1, 1),
    ):
        outcomes = [alone(f"bench.annex:{name}", count, rounds) for _ in range(processes)]
        took = [took_s for outcome in outcomes for took_s in outcome.result]
        found[name] = median(took), max(outcome.memory_mib for outcome in outcomes)
        say(f"{name}: {found[name][0]:.2f} s, {found[name][1]} MiB")
    job = (f"PDF 明细，{count:,} 行", "annex")
    took_s, held = found["ours"]

    def against(name: str, words: str, english: str, goal: str) -> Row:
        theirs = found[name][0]
        is_faster = goal.startswith(">=")
        return Row(*job, words, english, took_s, theirs, "s", theirs / took_s if is_faster else took_s / theirs, goal)

    memory = Row(*job, "内存", "memory", held, None, "MiB", None, "< 250")
    others = [
        Row(*job, f"{words} 内存", "memory", held, found[name][1], "MiB", held / found[name][1])
        for name, words in (("weasyprint_table", "WeasyPrint"), ("typst", "Typst"), ("reportlab", "ReportLab"))
    ]
    return as_data(
        [
            against("weasyprint_table", "WeasyPrint 一张表", "one plain table", ">= 10"),
            against("typst", "Typst", "its table", "<= 2.5"),
            against("reportlab", "ReportLab", "its long table", ""),
            memory,
            *others,
        ]
    )
