"""`python -m bench`: every job in turn, a table of the ratios, docs/performance.md.

It ends well whether goals are met or missed: both are told.

`./run bench --quick` does small sizes; names of jobs measure these alone and write no page. Each job runs in a process
of its own with a limit of time, so that one that fails or hangs is told as such and the others go on.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from bench import report
from bench.alone import Failed, alone, leave
from bench.table import Row, from_data, plain
from bench.telling import tell

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"

#: The jobs in their order: the module of each, its words for a row that says that it failed, and its limit in seconds.
JOBS = (
    ("settlement", "批量结算", 1_500),
    ("splitting", "分摊", 180),
    ("posting", "网页接口入账", 300),
    ("closing", "结账", 300),
    ("listing", "列表页", 300),
    ("annex", "PDF 明细", 420),
    ("workbook", "XLSX", 180),
    ("today", "今天的做法", 300),
    ("ledgers", "其他账簿", 240),
    ("verifying", "核验", 600),
)


def measured(name: str, words: str, limit_s: int, *, is_quick: bool) -> list[Row]:
    """Return a job's rows; where it failed or took too long, one that says so."""
    tell(f"· {words} {name}")
    start = time.monotonic()
    try:
        found = from_data(alone(f"bench.{name}:measure", is_quick, limit_s=limit_s).result)
    except Failed as failed:
        found = [Row(words, name, "", "", note=f"没有测成 not measured: {failed}")]
        tell(f"  {failed}")
    tell(f"  {time.monotonic() - start:.0f} s")
    return found


def main() -> None:
    """Measure what the command line asks for, print the table, and write the page where everything was measured."""
    parser = argparse.ArgumentParser(prog="./run bench", description="性能对比 measured ratios")
    parser.add_argument(
        "names", nargs="*", metavar="JOB", help="只测这些 these alone: " + ", ".join(x[0] for x in JOBS)
    )
    parser.add_argument("--quick", action="store_true", help="小规模，几分钟 small sizes, some minutes")
    parser.add_argument("--on", default="", metavar="DATE", help="写在页上的日期 the date on the page; omitted: none")
    parser.add_argument("--to", type=Path, metavar="FILE", help="写到哪里 where to; 默认 default: docs/performance.md")
    asked = parser.parse_args()
    if unknown := set(asked.names) - {name for name, _, _ in JOBS}:
        parser.error(f"没有这个对比 no such job: {', '.join(sorted(unknown))}")
    os.environ["PYTHONWARNINGS"] = "ignore"
    signal.signal(signal.SIGTERM, leave)
    load = os.getloadavg()[0]
    if load > 0.5:
        tell(f"机器不空闲，数字偏差大 this machine is not idle, figures will be noisy (load {load:.1f})")
    start = time.monotonic()
    rows: list[Row] = []
    for name, words, limit_s in JOBS:
        if not asked.names or name in asked.names:
            rows += measured(name, words, limit_s, is_quick=asked.quick)
    took_s = int(time.monotonic() - start)
    sys.stdout.write(plain(rows) + "\n\n" + report.verdict(rows) + "\n")
    page = asked.to or (None if asked.names else PAGE)
    if page:
        run = report.Run(is_quick=asked.quick, on=asked.on, took_s=took_s, load=load)
        page.write_text(report.page(rows, run), encoding="utf-8")
        tell(f"{page} · {took_s} s")


if __name__ == "__main__":
    main()
