"""Papers as PDF: the answer first, nothing clipped, the same bytes from the same rows, every fen read back."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from documents_makers import (
    MEMBERS,
    amounts,
    amounts_after,
    csv_rows,
    make_agreement,
    make_opening_record,
    make_receipt,
    make_statement,
    movements_in,
    pdf_text,
    xlsx_cells,
)
from hypothesis import HealthCheck, given, settings

import web.documents
from core.errors import Conflict, Invalid
from ledger.money import format_fen, parse_fen
from tests.depth import DEPTH
from web.documents import pdf
from web.documents.articles import articles_of
from web.documents.rows import StatementRows, net_due, rows_digest
from web.documents.sheets import itemised_csv, statement_xlsx, summary_csv

ROOT = Path(__file__).resolve().parents[2]
LONG = tuple(f"{name}示例分公司与中心支公司" * 4 for name in MEMBERS)
LONG_NAMES = tuple(name[:40] for name in LONG)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The engine complains in its log only: a style it does not know, a font it has to replace."""
    caplog.set_level(logging.WARNING, logger="weasyprint")
    yield
    assert [record.getMessage() for record in caplog.records if record.name == "weasyprint"] == []


def check_agreement_of(rows: StatementRows) -> str:
    """Read the amounts back from PDF text, XLSX and CSV, compare with the rows to the fen; return the text."""
    text = pdf_text(pdf.statement_pdf(rows))
    due = net_due(rows)
    assert amounts_after(text, due.label_zh) == [due.amount_fen]
    assert due.words in text and rows_digest(rows) in re.sub(r"\s", "", text)
    assert due.pay_zh in text.replace("\n", "")
    assert amounts_after(text, "净额") == [rows.balance_fen]
    for line in rows.lines:
        assert amounts_after(text, line.label_zh) == [line.amount_fen]
    entries = [(movement.entry_number, movement.amount_fen) for movement in rows.movements]
    assert movements_in(text) == entries
    assert [(int(x["entry"]), parse_fen(x["amount_cny"])) for x in csv_rows(itemised_csv(rows))] == entries
    assert parse_fen(csv_rows(summary_csv(rows))[-1]["amount_cny"]) == rows.balance_fen
    cells = xlsx_cells(statement_xlsx(rows), 2)
    assert parse_fen(cells[f"G{len(entries) + 2}"][1]) == rows.balance_fen
    return text


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts)
def test_pdf_sheet_and_csv_say_the_same_fen(amounts_fen: list[int]) -> None:
    """Read back from PDF text, XLSX and CSV, every amount of a statement equals the rows to the fen."""
    check_agreement_of(make_statement(amounts_fen))


@pytest.mark.slow
@settings(max_examples=30 * DEPTH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts)
def test_many_statements_say_the_same_fen_everywhere(amounts_fen: list[int]) -> None:
    """The same over many statements."""
    check_agreement_of(make_statement(amounts_fen))


@pytest.mark.parametrize("count", [250, pytest.param(3000, marks=pytest.mark.slow)])
def test_a_long_annex_says_the_same_fen(count: int) -> None:
    """Hundreds of movements: every one is in the PDF once, each page has its sum, and the last the net."""
    amounts_fen = [(-1) ** n * (n * n * 37 + n) for n in range(count)]
    rows = make_statement(
        amounts_fen, description="更换门机皮带，示例花园 5 栋，经首席承保人核定后由示例公司施工并验收"
    )
    text = check_agreement_of(rows)
    sums = [parse_fen(found) for found in re.findall(r"累计 So far ([−\d,.]+)", text)]
    assert sums[-1] == rows.balance_fen and len(sums) > count // 63


def make_in_own_process(environment: dict[str, str]) -> bytes:
    """Return a statement made by a fresh interpreter with its own hash seed, time zone and language."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]; from documents_makers import make_statement;"
        "from web.documents.pdf import statement_pdf; rows = make_statement([n * 7 - 900 for n in range(210)]);"
        "sys.stdout.buffer.write(statement_pdf(rows))"
    )
    command = [sys.executable, "-c", code, str(ROOT), str(Path(__file__).parent)]
    return subprocess.run(command, capture_output=True, check=True, env={**os.environ, **environment}).stdout


def test_the_same_rows_give_the_same_bytes_in_every_process() -> None:
    """Two processes with other hash seeds, zones, languages and years make the same file, byte for byte."""
    one = make_in_own_process({"PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai", "LC_ALL": "C"})
    two = make_in_own_process(
        {"PYTHONHASHSEED": "2", "TZ": "America/Lima", "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "9"}
    )
    assert one == two and one.startswith(b"%PDF-1.7")


def boxes(body: bytes) -> list[tuple[int, list[float]]]:
    """Return page number and the edges of every word, in points."""
    found: list[tuple[int, list[float]]] = []
    page = 0
    for line in pdf_text(body, "-bbox").splitlines():
        page += "<page " in line
        if "<word " in line:
            found.append((page, [float(edge) for edge in re.findall(r'(?:xMin|yMin|xMax|yMax)="([-\d.]+)"', line)]))
    return found


A4 = (595.3, 841.9)
MARGIN = 20 / 25.4 * 72


@pytest.mark.parametrize("count", [3, 250])
def test_nothing_is_clipped_with_names_of_forty_characters(count: int) -> None:
    """Names of 40 characters stand whole on the paper, and no word leaves the margins."""
    rows = make_statement([-5] * count, names=LONG_NAMES, description="示" * 90)
    body = pdf.statement_pdf(rows)
    squeezed = re.sub(r"\s", "", pdf_text(body, "-raw"))
    assert all(name in squeezed for name in LONG_NAMES[:2])
    for _, (left, top, right, bottom) in boxes(body):
        assert MARGIN - 1 <= left <= right <= A4[0] - MARGIN + 1
        assert 30 <= top <= bottom <= A4[1] - 30


def test_page_one_holds_the_answer_and_the_seals() -> None:
    """What is signed stands on one page: answer, short table, both seals, the code to verify; then the annex."""
    rows = make_statement(names=LONG_NAMES)
    body = pdf.statement_pdf(rows)
    first = pdf_text(body, "-layout", "-l", "1")
    for words in (
        net_due(rows).words,
        net_due(rows).pay_zh[:12],
        "净额",
        "首席承保人盖章",
        "成员确认盖章",
        rows.verification.code,
        rows.head.number,
    ):
        assert words in first
    assert "附表一" not in first and "附表三" in pdf_text(body)


def test_every_page_has_its_number_and_the_documents() -> None:
    """Each foot says page x of y and the document's number, so that no page can be lost or swapped."""
    body = pdf.statement_pdf(make_statement([1] * 300))
    pages = pdf_text(body).split("\f")[:-1]
    for number, page in enumerate(pages, start=1):
        assert f"第 {number} 页，共 {len(pages)} 页" in page and f"Page {number} of {len(pages)}" in page
        assert "SA-2026Q1-02" in page


def test_a_statement_of_an_empty_period_says_so() -> None:
    """With no movements the paper says that nothing is due, in figures and in words."""
    text = pdf_text(pdf.statement_pdf(make_statement([])))
    assert "本期两不相欠" in text and "人民币零元整" in text and "附表三" not in text
    assert "付款期限" not in text


def test_a_member_that_owes_sees_no_negative_answer() -> None:
    """The one number of a debtor's statement has no sign; the direction stands in words."""
    text = pdf_text(pdf.statement_pdf(make_statement([-2_651_624])))
    assert amounts_after(text, "贵公司应付共保体") == [2_651_624]
    assert "贰万陆仟伍佰壹拾陆元贰角肆分" in text


def test_text_of_people_is_text_in_the_paper() -> None:
    """Markup in a name is printed as it was written, not obeyed."""
    name = "<b>甲</b><img src=file:///etc/passwd>&amp;{{ 7*7 }}"
    squeezed = re.sub(r"\s", "", pdf_text(pdf.statement_pdf(make_statement(names=(MEMBERS[0], name, *MEMBERS[2:])))))
    assert re.sub(r"\s", "", name) in squeezed


def test_an_annex_too_long_for_paper_points_to_the_sheet() -> None:
    """Beyond 20,000 movements the paper says where they stand; what is due and the digest are of all of them."""
    rows = make_statement([1] * 20_001)
    text = pdf_text(pdf.statement_pdf(rows))
    assert "共 20001 笔，载于本单的 XLSX 与 CSV" in text and movements_in(text) == []
    assert amounts_after(text, "净额") == [20_001] and rows_digest(rows) in re.sub(r"\s", "", text)


class NoPango:
    """Fails as the import of the engine does where Pango is not installed."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name == "weasyprint":
            print("banner")  # noqa: T201 - the engine prints one
            raise OSError("cannot load library 'libpango-1.0-0'")
        return None


def test_without_pango_the_packages_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the layout libraries are missing the refusal names what to install, and no banner is printed."""
    for name in [name for name in sys.modules if name.split(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "web.documents.engine", raising=False)
    monkeypatch.delattr(web.documents, "engine", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])
    with pytest.raises(Conflict, match="print_engine_missing") as refused:
        pdf.statement_pdf(make_statement([]))
    assert "libpango-1.0-0" in str(refused.value.facts["packages"])
    assert capsys.readouterr() == ("", "")


def test_the_agreement_carries_the_awarded_numbers() -> None:
    """Shares, fee, limits and interest of the agreement stand in its articles as the books use them."""
    rows = make_agreement(LONG_NAMES)
    text = re.sub(r"\s", "", pdf_text(pdf.agreement_pdf(rows), "-raw"))
    for name in LONG_NAMES:
        assert name in text
    for words in ("45.00%", "25.00%", "20.00%", "10.00%", "100.00%", "5.00%", "6.00%", "互不连带", "30分钟内应答"):
        assert words in text
    for fen in (rows.terms.lead_alone_limit_fen, rows.terms.cash_call_from_fen):
        assert f"{format_fen(fen)}元" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"collection": "each"}, "各方各自收取本方份额的保险费"),
        ({"remittance": "net"}, "扣除首席管理费及其增值税后"),
        ({"has_step_up": True}, "由其余各方按份额比例补足"),
        ({"deductible_fen": 50_000, "deductible_bp": 500}, "免赔额 500.00 元，或损失的 5.00%，以高者为准"),
        ({"limit_fen": 50_000_000, "aggregate_limit_fen": 200_000_000}, "每张保单累计赔偿限额 2,000,000.00 元"),
    ],
)
def test_the_articles_follow_the_terms(changes: dict[str, object], words: str) -> None:
    """Another way of collecting, remitting or standing in reads differently in the agreement."""
    rows = make_agreement()
    other = replace(rows, terms=replace(rows.terms, **changes))  # type: ignore[arg-type]
    before, after = ("".join(article.text_zh for article in articles_of(each)) for each in (rows, other))
    assert words in after and words not in before


@pytest.mark.parametrize("wrong", ["parties", "leads", "collection"])
def test_an_incomplete_agreement_is_not_printed(wrong: str) -> None:
    """Every party has its share, one leads, and the ways of collecting are known."""
    rows = make_agreement()
    changes: dict[str, object] = {
        "parties": {"parties": rows.parties[:3]},
        "leads": {"shares": tuple(replace(share, is_lead=True) for share in rows.shares)},
        "collection": {"terms": replace(rows.terms, collection="all")},
    }
    with pytest.raises(Invalid, match="agreement_not_complete"):
        make_agreement(**changes[wrong])  # type: ignore[arg-type]


def test_the_receipt_shows_the_millisecond_and_the_proof() -> None:
    """A bid that arrived a microsecond before the deadline is not shown at the deadline; every digest stands whole."""
    rows = make_receipt()
    text = re.sub(r"\s", "", pdf_text(pdf.receipt_pdf(rows), "-raw"))
    assert "2026-01-0314:29:59.999" in text and "2026-01-0314:30:00.000" in text
    for hexed in (rows.header_digest, rows.proof.root, *rows.proof.path, rows.files[0].digest):
        assert hexed in text
    assert "HZ-2026-007-0001" in text


def test_the_opening_record_reads_out_every_bid() -> None:
    """Each bid stands in the record with its price, share, time, outcome and digest; what failed says why."""
    rows = make_opening_record()
    text = re.sub(r"\s", "", pdf_text(pdf.opening_record_pdf(rows), "-raw"))
    for bid in rows.bids:
        assert bid.bidder_name in text and bid.header_digest in text
    assert "128,600.00" in text and "30.00%" in text and "未能解密" in text and "有异议" in text
    assert re.search(r"截止前收到投标.*5.*其中已解密开启.*4", text)
