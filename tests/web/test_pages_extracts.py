"""The downloads: a list of a book as a page, asked for as a file, made by the worker, fetched as it was kept."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from werkzeug.test import TestResponse

from core import parties
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger import extracts
from ledger.extract_models import BookExtract
from ledger.extracts import Kind
from tests.makers_money import CLOSED_AT, Quarter, play_quarter
from tests.visitors import Browser, Visitors, settings_for
from tests.web.conftest import Commands, Run
from web import extract_cli, tasks
from web import extracts as making
from web.tasks import Bench


@pytest.fixture
def quarter(engine: Engine) -> Quarter:
    """The oracle's quarter, closed and issued."""
    with unit_of_work(engine, SYSTEM) as session:
        return play_quarter(session)


def _place(quarter: Quarter) -> str:
    return f"{quarter.made.pool.id}:2026Q1"


def _ask(browser: Browser, quarter: Quarter, kind: str = "premiums", form: str = "csv") -> str:
    """Ask for an extract by the form; return its page."""
    answer = browser.send("/extracts/new", book=_place(quarter), kind=kind, form=form)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def _fetch(browser: Browser, address: str) -> TestResponse:
    """Return a file as it was sent, read to its end."""
    answer = browser.get(address, buffered=True)
    assert answer.status_code == 200, answer.text
    answer.close()
    return answer


def _work(engine: Engine, state_dir: Path) -> None:
    """Do every extract's job, as the worker does."""
    query = text("SELECT args->>'extract_id' FROM procrastinate_jobs WHERE task_name = 'make_extract'")
    with unit_of_work(engine, SYSTEM) as session:
        asked = session.scalars(query).all()
        known = {str(one) for one in session.scalars(select(BookExtract.id))}
    for one in asked:
        if one in known:
            tasks.make_extract(Bench(settings_for(state_dir), engine), one)


def test_a_file_is_asked_for_made_and_fetched(
    engine: Engine, quarter: Quarter, visitors: Visitors, state_dir: Path
) -> None:
    """Waiting it shows how far it is; ready it stands on the asker's first page until fetched, with digest and link."""
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    asked = maker.get("/extracts/new").text
    assert "保费清单" in asked and "2026Q1" in asked
    page = _ask(maker, quarter)
    waiting = maker.get(page).text
    assert "排队中" in waiting and "data-progress" in waiting and "刷新" in waiting
    told = maker.get(f"{page}/progress").get_json()
    assert (told["state"], told["value"], told["href"]) == ("doing", 0, "")
    early = maker.get(f"{page}/file")
    assert early.status_code == 409 and "还没有制成" in early.text
    assert "报表已制成" not in maker.get("/").text

    _work(engine, state_dir)
    assert "报表已制成" in maker.get("/").text
    ready = maker.get(f"{page}/progress").get_json()
    assert (ready["state"], ready["value"], ready["max"], ready["href"]) == ("succeeded", 4, 4, page)
    file = _fetch(maker, f"{page}/file")
    assert file.mimetype == "text/csv"
    assert file.headers["Content-Disposition"].endswith(f"premiums-{quarter.made.pool.id}-2026Q1.csv")
    rows = list(csv.reader(io.StringIO(file.data.decode("utf-8-sig"), newline="")))
    assert len(rows) == 5
    digest = sha256(file.data).hexdigest()
    assert re.sub(r"[^0-9a-f]", "", re.findall(r'class="digest">(.*?)<', maker.get(page).text)[0]) == digest
    assert "报表已制成" not in maker.get("/").text
    listed = maker.get("/extracts").text
    assert "保费清单" in listed and "已制成" in listed and digest[:8] in listed
    exported = list(csv.DictReader(io.StringIO(maker.get("/extracts?as=csv").data.decode("utf-8-sig"), newline="")))
    assert [(row["kind"], row["rows"], row["sha256"]) for row in exported] == [("premiums", "4", digest)]


def test_the_same_closed_periods_file_is_not_made_twice(
    engine: Engine, quarter: Quarter, visitors: Visitors, state_dir: Path
) -> None:
    """Asked for again, by another person of the company too, it is the file that was kept."""
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    page = _ask(maker, quarter)
    _work(engine, state_dir)
    checker = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[0])
    assert _ask(checker, quarter) == page
    assert "已经制成" in checker.get(page).text
    assert "报表已制成" not in checker.get("/").text
    with unit_of_work(engine, SYSTEM) as session:
        assert len(session.scalars(select(BookExtract)).all()) == 1


def test_each_organisation_has_its_own(engine: Engine, quarter: Quarter, visitors: Visitors, state_dir: Path) -> None:
    """A member's file has its own share alone and is not to be found by another; the bureau and the auditor see all."""
    member = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[1])
    page = _ask(member, quarter)
    _work(engine, state_dir)
    body = _fetch(member, f"{page}/file").data.decode("utf-8-sig")
    names = [one.name for one in quarter.made.members]
    assert names[1] in body and not any(name in body for name in names if name != names[1])
    other = visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[2])
    for path in (page, f"{page}/file", f"{page}/progress"):
        assert other.get(path).status_code == 404
    assert other.send(f"{page}/again").status_code == 404
    assert "没有符合条件的报表" in other.get("/extracts").text
    for role in (Role.BUREAU_FINANCE, Role.AUDITOR):
        watcher = visitors.login_as(role)
        assert watcher.get(page).status_code == 200
        assert _fetch(watcher, f"{page}/file").data
        assert watcher.send(f"{page}/again").status_code == 403
        assert "申请人" in watcher.get("/extracts").text
    with unit_of_work(engine, SYSTEM) as session:
        first = session.scalars(text("SELECT organisation_id FROM audit_event WHERE action = 'book_extract.fetched'"))
        assert first.all() == [quarter.made.members[1].id]
    for role in (Role.BUREAU_FINANCE, Role.SUPERVISOR, Role.AUDITOR):
        watcher = visitors.login_as(role)
        whole = _ask(watcher, quarter, "claims", "xlsx" if role is Role.AUDITOR else "csv")
        assert whole != page
        _work(engine, state_dir)
        # The bureau's file is made once; who asked for it first is told of it.
        assert ("报表已制成" in watcher.get("/").text) is (role is not Role.SUPERVISOR)
    assert visitors.login_as(Role.CLAIMS_HANDLER, quarter.made.members[1]).get("/extracts").status_code == 403


@pytest.mark.parametrize("kind", list(Kind))
def test_a_list_stands_on_a_page_with_its_totals(quarter: Quarter, visitors: Visitors, kind: Kind) -> None:
    """The page shows what the file would hold, in either language; a member's its own share."""
    pool = quarter.made.pool.id
    bureau = visitors.login_as(Role.BUREAU_FINANCE)
    shown = bureau.get(f"/pools/{pool}/extracts?kind={kind}&period=2026Q1")
    assert shown.status_code == 200 and "合计" in shown.text and "制作文件" in shown.text
    english = bureau.get(f"/pools/{pool}/extracts?kind={kind}&page=9&lang=en")
    assert english.status_code == 200 and "Make a file" in english.text and ", English" not in english.text
    follower = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[3])
    assert "只含贵公司的份额" in follower.get(f"/pools/{pool}/extracts?kind={kind}").text


def test_the_premium_page_adds_up(quarter: Quarter, visitors: Visitors) -> None:
    """Gross, net and VAT of the oracle's premiums stand in the last row."""
    page = visitors.login_as(Role.BUREAU_FINANCE).get(f"/pools/{quarter.made.pool.id}/extracts?kind=premiums").text
    assert "203,344.54" in page


def test_what_the_form_does_not_offer_is_refused(quarter: Quarter, visitors: Visitors) -> None:
    """An unknown period, kind or form is told beside its field, and nothing is asked for."""
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    good = {"book": _place(quarter), "kind": "journal", "form": "xlsx"}
    for name, wrong, words in (
        ("book", "9:2026Q1", "没有选中任何一行"),
        ("kind", "cash_flow", "没有这种报表"),
        ("form", "pdf", "报表只有这些文件格式"),
    ):
        answer = maker.send("/extracts/new", **{**good, name: wrong})
        assert (answer.status_code, words in answer.text) == (422, True), answer.text
    assert "没有符合条件的报表" in maker.get("/extracts").text


def test_one_that_failed_is_queued_again_by_its_own_people(
    engine: Engine, quarter: Quarter, visitors: Visitors, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says why and what to do; after it is queued again it is made."""
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    page = _ask(maker, quarter, "journal", "xlsx")
    with monkeypatch.context() as short:
        short.setattr("web.documents.extract_files.SHEET_MOST", 3)
        _work(engine, state_dir)
    failed = maker.get(page).text
    assert "请改用 CSV" in failed and "重新排队" in failed
    assert maker.get(f"{page}/progress").get_json()["state"] == "failed"
    assert maker.send(f"{page}/again").status_code == 303
    _work(engine, state_dir)
    assert "下载 XLSX" in maker.get(page).text


def test_one_whose_maker_was_stopped_may_be_queued_again(
    engine: Engine, quarter: Quarter, visitors: Visitors, state_dir: Path
) -> None:
    """Some minutes after it was asked for it is offered; queued twice it is still one file."""
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    page = _ask(maker, quarter)
    assert "重新排队" not in maker.get(page).text
    assert maker.send(f"{page}/again").status_code == 303
    _work(engine, state_dir)
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalar(text("SELECT count(*) FROM paper WHERE subject_kind = 'book_extract'")) == 1
    assert maker.send(f"{page}/again").status_code == 303


def test_programs_ask_for_and_fetch_extracts(
    engine: Engine, quarter: Quarter, visitors: Visitors, state_dir: Path
) -> None:
    """Over the API: asked for, shown, fetched by the same digest; of a stranger's pool nothing."""
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    wish = {"pool_id": quarter.made.pool.id, "period": "2026Q1", "kind": "claims", "form": "xlsx"}
    headers = {"X-CSRFToken": maker.token()}
    asked = maker.post("/api/v1/extracts", json=wish, headers=headers)
    assert asked.status_code == 202, asked.text
    told = asked.get_json()
    assert (told["stage"], told["is_final"], told["sha256"]) == ("waiting", True, "")
    address = f"/api/v1/extracts/{told['id']}"
    assert maker.get(f"{address}/file").get_json()["code"] == "extract_not_ready"
    _work(engine, state_dir)
    made = maker.get(address).get_json()
    assert (made["stage"], made["rows_total"]) == ("ready", 3)
    assert sha256(_fetch(maker, made["href"]).data).hexdigest() == made["sha256"]
    assert maker.post("/api/v1/extracts", json=wish, headers=headers).get_json()["sha256"] == made["sha256"]
    listed = maker.get("/api/v1/extracts?stage=ready&kind=claims").get_json()
    assert [one["id"] for one in listed["data"]] == [told["id"]]
    wrong = maker.post("/api/v1/extracts", json={**wish, "period": "2030Q1"}, headers=headers)
    assert (wrong.status_code, wrong.get_json()["code"]) == (404, "period_not_found")
    assert maker.get(f"/api/v1/extracts/{uuid.uuid4()}").get_json()["code"] == "extract_not_found"


@pytest.fixture
def run(commands: Commands) -> Run:
    """Runs the command on the test's database."""
    return commands(extract_cli, extract_cli.extract)


def test_the_command_writes_what_the_worker_would(
    engine: Engine, quarter: Quarter, run: Run, visitors: Visitors, state_dir: Path, tmp_path: Path
) -> None:
    """The file is that of the bureau's extract, byte for byte; the list names it; an unknown period ends with 4."""
    page = _ask(visitors.login_as(Role.BUREAU_FINANCE), quarter, "journal", "xlsx")
    _work(engine, state_dir)
    where = ("--pool", str(quarter.made.pool.id), "--kind", "journal")
    target = tmp_path / "journal.xlsx"
    written = run("write", *where, "--period", "2026Q1", "--to", str(target), "--json")
    assert written.exit_code == 0, written.output
    told = json.loads(written.output)
    assert told["sha256"] == sha256(target.read_bytes()).hexdigest()
    listed = json.loads(run("list", "--json").output)["extracts"]
    assert [(one["id"], one["sha256"]) for one in listed] == [(page.rpartition("/")[2], told["sha256"])]
    assert told["sha256"] in run("list").output
    missing = run("write", *where, "--period", "2030Q1", "--to", str(tmp_path / "none.xlsx"))
    assert (missing.exit_code, list(tmp_path.glob("*none*"))) == (4, [])


def test_an_extract_that_waits_long_offers_to_be_queued_again(
    engine: Engine, quarter: Quarter, visitors: Visitors
) -> None:
    """Its maker may have been stopped: its own people see the button, others do not."""
    maker = visitors.login_as(Role.FINANCE_MAKER, quarter.made.members[0])
    with unit_of_work(engine, SYSTEM) as session:
        person = parties.add_person(session, "示例经办", by=SYSTEM, at=CLOSED_AT)
        by = quarter.made.actor(Role.FINANCE_MAKER, person=person.id)
        wish = extracts.Wish(quarter.made.pool.id, quarter.made.period.id, Kind.JOURNAL, "csv", True)
        row = making.ask(session, wish, by=by, at=CLOSED_AT - timedelta(hours=1))
    assert "重新排队" in maker.get(f"/extracts/{row.id}").text
    assert "重新排队" not in visitors.login_as(Role.AUDITOR).get(f"/extracts/{row.id}").text
