"""The oracle quarter's statements, added up again from page, CSV, XLSX, PDF text and JSON: equal to the fen."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from core.db import unit_of_work
from core.errors import Conflict
from core.parties import Organisation
from core.permits import SYSTEM, Role
from ledger import statements
from ledger.models import Statement
from ledger.money import parse_fen
from tests.makers_bank import confirm_all, details
from tests.makers_money import CLOSED_AT, Quarter, play_quarter
from tests.scenarios import oracle_quarter as oracle
from tests.visitors import Browser, Visitors, settings_for
from tests.web.documents_makers import amounts_after, csv_rows, movements_in, pdf_text, xlsx_cells
from web.documents import labels
from web.documents.rows import Verification
from web.documents.signing import verify
from web.keeping import store_in
from web.paper_desk import signer_of, verification_of
from web.statement_paper import FILES, keep_files, kept_files, statement_rows

#: Lines that the oracle's table names; the lead's own dealings show in its balance alone.
NAMED = [kind for kind in oracle.STATEMENT if kind != "balance"]


def _quarter(engine: Engine, *, is_issued: bool = True) -> Quarter:
    with unit_of_work(engine, SYSTEM) as session:
        return play_quarter(session, is_issued=is_issued)


def _expected(member: int) -> dict[str, int]:
    """Return a follower's lines of the oracle by their Chinese words, those at zero left out."""
    figures = {kind: oracle.STATEMENT[kind][member] or 0 for kind in NAMED}
    return {labels.LINES[kind][0]: fen for kind, fen in figures.items() if fen}


def _checker(visitors: Visitors, quarter: Quarter, member: int) -> Browser:
    organisation: Organisation = quarter.made.members[member]
    return visitors.login_as(Role.FINANCE_CHECKER, organisation)


@pytest.mark.parametrize("member", [1, 2, 3])
def test_a_followers_statement_is_the_same_everywhere(
    member: int, engine: Engine, visitors: Visitors, state_dir: Path
) -> None:
    """Lines, movements and net read back from HTML, CSV, XLSX, PDF and JSON are the oracle's, to the fen."""
    quarter = _quarter(engine)
    browser = _checker(visitors, quarter, member)
    statement = quarter.of(member)
    balance = oracle.STATEMENT["balance"][member] or 0
    page = browser.get(f"/statements/{statement.id}")
    assert page.status_code == 200
    assert _lines_of_page(page.text) == _expected(member)
    assert _net_of_page(page.text) == balance

    files = {name: _download(browser, f"/statements/{statement.id}/files/{name}") for name in FILES}
    summary = csv_rows(files["summary.csv"])
    assert {row["项目"]: parse_fen(row["amount_cny"]) for row in summary if row["kind"] in NAMED} == {
        labels.LINES[kind][0]: oracle.STATEMENT[kind][member] or 0
        for kind in NAMED
        if kind in {row["kind"] for row in summary}
    }
    assert sum(parse_fen(row["amount_cny"]) for row in summary if row["kind"] != "net") == balance
    items = csv_rows(files["items.csv"])
    assert sum(parse_fen(row["amount_cny"]) for row in items) == balance

    sheet = xlsx_cells(files["xlsx"], 2)
    column = [text for place, (_, text, formula) in sheet.items() if re.fullmatch(r"G\d+", place) and not formula][1:]
    assert sum(parse_fen(text) for text in column) == balance
    assert len(column) == len(items)

    text = pdf_text(files["pdf"])
    for words, fen in _expected(member).items():
        assert amounts_after(text, words)[-1] == fen, words
    assert [(int(row["entry"]), parse_fen(row["amount_cny"])) for row in items] == movements_in(text)
    data = json.loads(files["json"])
    assert data["balance_fen"] == balance == sum(one["amount_fen"] for one in data["movements"])
    settings = settings_for(state_dir)
    own = [signer_of(settings, CLOSED_AT).certificate]
    assert verify(files["pdf"], own, at=CLOSED_AT.replace(year=2027)).is_signed


def _download(browser: Browser, address: str) -> bytes:
    """Return a file that is sent, the connection closed behind it."""
    with browser.get(address) as answer:
        assert answer.status_code == 200, answer.text
        return answer.data


def _lines_of_page(text: str) -> dict[str, int]:
    """Return words -> fen of the lines on a statement's page, those at zero left out."""
    found = re.findall(
        r'<a href="[^"]*line=(\w+)#movements">([^<]+)</a>.*?data-label="金额（元）"[^>]*>([^<]+)<', text, re.S
    )
    return {words: parse_fen(amount) for kind, words, amount in found if kind in NAMED and parse_fen(amount)}


def _net_of_page(text: str) -> int:
    found = re.search(r'data-net="(-?\d+)">([\d,.]+)', text)
    assert found is not None
    assert abs(int(found.group(1))) == parse_fen(found.group(2))
    return int(found.group(1))


def test_the_leads_statement_and_the_sum_of_all(engine: Engine, state_dir: Path) -> None:
    """The lead's balance is the oracle's, and the four balances add up to nothing."""
    quarter = _quarter(engine)
    with unit_of_work(engine, SYSTEM) as session:
        rows = [
            statement_rows(session, session.get_one(Statement, one.id), verification_of(settings_for(state_dir), ""))
            for one in quarter.statements
        ]
    assert [one.balance_fen for one in rows] == oracle.STATEMENT["balance"]
    assert sum(one.balance_fen for one in rows) == 0
    # Every stream's parts add up to what it split, and the carries of a stream to nothing.
    for streams in zip(*(one.streams for one in rows), strict=True):
        assert sum(one.part_fen for one in streams) == streams[0].total_fen
        assert [one.carry for one in streams] == oracle.CARRIES[streams[0].stream]


def test_files_are_made_once_and_served_as_kept(engine: Engine, visitors: Visitors, state_dir: Path) -> None:
    """The second download has the same bytes, which hash to what the page and the row say."""
    quarter = _quarter(engine)
    browser = _checker(visitors, quarter, 1)
    address = f"/statements/{quarter.of(1).id}/files/pdf"
    first, second = _download(browser, address), _download(browser, address)
    assert first == second
    assert first.startswith(b"%PDF")
    with unit_of_work(engine, SYSTEM) as session:
        kept = kept_files(session, session.get_one(Statement, quarter.of(1).id))
        again = keep_files(
            session, session.get_one(Statement, quarter.of(1).id), settings_for(state_dir), by=SYSTEM, at=CLOSED_AT
        )
    assert kept["pdf"].digest == sha256(first).hexdigest() == again["pdf"].digest
    assert all(store_in(settings_for(state_dir)).is_whole(paper.digest) for paper in kept.values())
    assert sha256(first).hexdigest()[:10] in browser.get(f"/statements/{quarter.of(1).id}").text


def test_a_draft_has_no_files(engine: Engine, state_dir: Path) -> None:
    """Nothing is made or signed before a statement is issued."""
    quarter = _quarter(engine, is_issued=False)
    with unit_of_work(engine, SYSTEM) as session, pytest.raises(Conflict, match="statement_not_issued"):
        statement = session.get_one(Statement, quarter.of(1).id)
        keep_files(session, statement, settings_for(state_dir), by=SYSTEM, at=CLOSED_AT)


@pytest.mark.parametrize("role", [Role.FINANCE_CHECKER, Role.FINANCE_MAKER])
def test_a_member_knows_nothing_of_anothers_statement(
    role: Role, app: Flask, engine: Engine, visitors: Visitors
) -> None:
    """Another's statement and its files are not found, also over the API, and nothing is made of them."""
    quarter = _quarter(engine)
    browser = visitors.login_as(role, quarter.made.members[2])
    other = quarter.of(1).id
    for address in (f"/statements/{other}", f"/api/v1/statements/{other}", f"/statements/{other}/files/pdf"):
        assert browser.get(address).status_code == 404, address
    assert browser.get(f"/api/v1/statements/{other}/files/xlsx").status_code == 404
    answer = browser.send(f"/statements/{other}/agree")
    assert answer.status_code == (404 if role is Role.FINANCE_CHECKER else 403)
    listed = browser.get("/api/v1/statements").json["data"]
    assert [row["organisation_id"] for row in listed] == [str(quarter.made.members[2].id)]
    assert quarter.of(1).number not in browser.get("/statements").text
    assert quarter.of(1).number not in browser.get("/statements?as=csv").text
    with unit_of_work(engine, SYSTEM) as session:
        row = session.get_one(Statement, other)
        assert row.stage == "issued"
        assert kept_files(session, row) == {}


def test_a_draft_is_the_leads_until_it_is_issued(engine: Engine, visitors: Visitors) -> None:
    """A follower does not see its draft; the lead sees all four."""
    quarter = _quarter(engine, is_issued=False)
    follower, lead = _checker(visitors, quarter, 1), _checker(visitors, quarter, 0)
    assert follower.get(f"/statements/{quarter.of(1).id}").status_code == 404
    assert lead.get(f"/statements/{quarter.of(1).id}").status_code == 200
    assert len(lead.get("/api/v1/statements").json["data"]) == 4


def test_the_account_to_pay_into_stands_on_page_and_paper(engine: Engine, visitors: Visitors, state_dir: Path) -> None:
    """Who owes reads the lead's account and no other member's; who is owed, and the lead itself, read none."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session, is_issued=False)
        confirm_all(session, quarter.made)
        checker = quarter.made.actor(Role.FINANCE_CHECKER)
        for row in quarter.statements:
            statements.issue(session, row, due_on=CLOSED_AT.date(), by=checker, at=CLOSED_AT)
    with unit_of_work(engine, quarter.made.actor(Role.FINANCE_CHECKER, 3)) as session:
        statement = session.get_one(Statement, quarter.of(3).id)
        rows = statement_rows(session, statement, Verification("", ""))
        assert rows.pay_into is not None and rows.pay_into.number == details(0).number
        keep_files(
            session, session.get_one(Statement, quarter.of(3).id), settings_for(state_dir), by=SYSTEM, at=CLOSED_AT
        )
    owing = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[3])
    address = f"/statements/{quarter.of(3).id}"
    page = owing.get(address).text
    assert details(0).number in page and details(1).number not in page
    assert details(0).number in pdf_text(_download(owing, f"{address}/files/pdf"))
    owed = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[1])
    assert details(0).number not in owed.get(f"/statements/{quarter.of(1).id}").text
