"""Premium bordereaux by page, program and worker: read on where it was cut off, faults listed, posted."""

from __future__ import annotations

import csv
import io
import re
import uuid
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger import statements
from ledger.models import Entry
from tests.conftest import AT
from tests.makers import MadePool, make_policy, make_pool
from tests.visitors import Browser, Visitors, settings_for
from tests.web.test_bordereau_lists import BAD, HEAD, Killed, good
from underwriting import bordereaux
from underwriting.models import Bordereau, Policy
from web import bordereau_list, jobs, tasks
from web.tasks import Bench

#: The columns of a list as the form that chooses them sends them.
COLUMNS = {
    **{"c_number": "保单号", "c_inception_on": "起保日期", "c_expires_on": "满期日", "c_lift_count": "台数"},
    "c_gross_fen": "保费（元）",
}


@pytest.fixture
def made(engine: Engine) -> MadePool:
    """A pool with an open period."""
    with unit_of_work(engine, SYSTEM) as session:
        return make_pool(session)


@pytest.fixture
def maker(visitors: Visitors, made: MadePool) -> Browser:
    """The lead's finance maker."""
    return visitors.login_as(Role.FINANCE_MAKER, made.members[0])


@pytest.fixture
def checker(visitors: Visitors, made: MadePool) -> Browser:
    """The lead's finance checker."""
    return visitors.login_as(Role.FINANCE_CHECKER, made.members[0])


def place(made: MadePool) -> str:
    """Return the address of a pool's bordereaux."""
    return f"/pools/{made.pool.id}/bordereaux"


def program(made: MadePool) -> str:
    """Return the same as a program asks for it."""
    return f"/api/v1{place(made)}"


def upload(browser: Browser, made: MadePool, body: str, on: str = "2026-03-02") -> TestResponse:
    """Send a file by the form."""
    return browser.send(f"{place(made)}/new", file=(io.BytesIO(body.encode()), "保费清单.csv"), on=on)


def sent(browser: Browser, made: MadePool, body: str) -> str:
    """Send a file and take the columns as they are proposed; return the page of the bordereau."""
    answer = upload(browser, made, body)
    assert answer.status_code == 303, answer.text
    columns = browser.get(answer.headers["Location"])
    assert columns.status_code == 200 and "保单号" in columns.text
    chosen = dict(_selected(columns.text))
    paper_id = re.findall(r"/new/([0-9a-f-]{36})", answer.headers["Location"])[0]
    answer = browser.send(f"{place(made)}/new/{paper_id}", on="2026-03-02", **chosen)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def _selected(page: str) -> list[tuple[str, str]]:
    """Return the fields of the columns' form with what is proposed for them."""
    found = []
    for name, options in re.findall(r'<select[^>]* name="(c_\w+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        found += [(name, value) for value in re.findall(r'<option value="([^"]*)" selected', options)]
    return found


def work(engine: Engine, state_dir: Path) -> None:
    """Do every bordereau's job, as the worker does."""
    query = text(
        "SELECT task_name, args->>'bordereau_id' AS id FROM procrastinate_jobs"
        " WHERE args ? 'bordereau_id' AND status = 'todo' ORDER BY id"
    )
    with unit_of_work(engine, SYSTEM) as session:
        known = {str(one) for one in session.scalars(select(Bordereau.id))}
        waiting = [row for row in session.execute(query).all() if row.id in known]
    for row in waiting:
        tasks.TASKS[row.task_name](Bench(settings_for(state_dir), engine), row.id)


def test_a_list_goes_from_file_to_books_by_two_people(
    engine: Engine, made: MadePool, maker: Browser, checker: Browser, state_dir: Path
) -> None:
    """Sent by one, read in the background, approved by another, posted; both are told; a row leads to its policy."""
    assert "导入保费清单" in maker.get(place(made)).text and "还没有保费清单" in maker.get(place(made)).text
    assert f"gongbao bordereau send 保费清单.csv --pool {made.pool.id} --on 2" in maker.get(f"{place(made)}/new").text
    page = sent(maker, made, HEAD + good(3))
    waiting = maker.get(page).text
    assert "读取中" in waiting and "data-progress" in waiting and "刷新" in waiting
    told = maker.get(f"{page}/progress").get_json()
    assert (told["state"], told["words"], told["href"]) == ("doing", "已读 0 行，0 处有误", "")
    assert checker.get(f"{page}/approve").status_code == 200
    work(engine, state_dir)
    told = maker.get(f"{page}/progress").get_json()
    assert (told["state"], told["href"]) == ("succeeded", page)
    own = maker.get(page).text
    assert "核对无误" in own and "P-3" in own and "批准入账…" not in own
    assert maker.send(f"{page}/approve").status_code == 403
    assert "批准保费清单入账" in checker.get("/").text and "批准保费清单入账" not in maker.get("/").text
    assert "一次全部入账" in checker.get(f"{page}/approve").text
    assert checker.send(f"{page}/approve").status_code == 303
    assert "入账中" in checker.get(page).text
    assert checker.send(f"{page}/approve").status_code == 409
    work(engine, state_dir)
    work(engine, state_dir)
    posted = checker.get(page).text
    with unit_of_work(engine, SYSTEM) as session:
        found = session.scalars(select(Policy).order_by(Policy.written_entry_id)).all()
        assert [row.number for row in found] == ["P-1", "P-2", "P-3"]
        assert len(session.scalars(select(Entry)).all()) == 3
    assert "已入账" in posted and f"/premiums/{found[0].id}" in posted
    for browser in (maker, checker):
        assert "保费清单已入账" in browser.get("/").text
    listed = maker.get(place(made)).text
    assert "保费清单.csv" in listed and "已入账" in listed
    exported = list(csv.DictReader(io.StringIO(maker.get(f"{place(made)}?as=csv").data.decode("utf-8-sig"))))
    assert [(row["stage"], row["rows_in_order"], row["premium_cny"]) for row in exported] == [("posted", "3", "6.15")]
    rows = list(csv.DictReader(io.StringIO(maker.get(f"{page}?as=csv", buffered=True).data.decode("utf-8-sig"))))
    assert [(row["row"], row["policy"], row["premium_cny"]) for row in rows][:2] == [
        ("2", "P-1", "1.05"),
        ("3", "P-2", "2.05"),
    ]
    again = upload(maker, made, HEAD + good(3))
    paper_id = re.findall(r"/new/([0-9a-f-]{36})", again.headers["Location"])[0]
    refused = maker.send(f"{place(made)}/new/{paper_id}", on="2026-03-02", **COLUMNS)
    assert refused.status_code == 409 and "导入过" in refused.text


def test_bad_rows_are_listed_by_page_program_and_file(
    engine: Engine, made: MadePool, maker: Browser, checker: Browser, state_dir: Path
) -> None:
    """Every fault in words with its row and field; their file holds no formula; the list is given up."""
    page = sent(maker, made, HEAD + BAD + '=cmd(),2026-03-01,2027-03-01,2,1.00,示例区,"=HYPERLINK(""x"")"\n')
    work(engine, state_dir)
    shown = maker.get(page).text
    assert "有误，未入账" in shown and "没有这个苑" in shown and "导入更正后的清单" in shown
    assert "更正有误的保费清单" in maker.get("/").text
    answer = maker.get(f"{page}?as=csv", buffered=True)
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [(row["row"], row["field"], row["code"]) for row in rows][:2] == [
        ("3", "起保日", "cell_day_does_not_exist"),
        ("4", "满期日", "invalid_term"),
    ]
    assert len(rows) == 18 and not any(value.startswith("=") for row in rows for value in row.values())
    one = page.rpartition("/")[2]
    assert maker.get(f"{program(made)}/{one}").get_json()["faults"] == 18
    first = maker.get(f"{program(made)}/{one}/faults?limit=12").get_json()
    rest = maker.get(f"{program(made)}/{one}/faults?limit=12&cursor={first['next']}").get_json()
    assert rest["next"] is None and [one["code"] for one in first["data"] + rest["data"]] == [
        row["code"] for row in rows
    ]
    assert first["data"][0]["row"] == 3 and "2026-13-01" in first["data"][0]["detail"]
    wrong = maker.get(f"{program(made)}/{one}/faults?cursor=WyJhIiwxXQ")
    assert wrong.status_code == 422 and wrong.get_json()["code"] == "cursor_wrong"
    closed = checker.get(f"{page}/approve").text
    assert "现在不等待批准" in closed
    assert checker.send(f"{page}/approve").status_code == 409
    assert "重新导入" in maker.get(f"{page}/discard").text
    assert maker.send(f"{page}/discard").status_code == 303
    assert "更正有误的保费清单" not in maker.get("/").text and "不能再放弃" in maker.get(f"{page}/discard").text
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalars(select(Policy)).all() == []


def test_what_is_wrong_before_reading_is_told_at_its_field(made: MadePool, maker: Browser, engine: Engine) -> None:
    """No file, no table, a day to come, a day without a period, a column chosen twice: told, and nothing is begun."""
    assert maker.send(f"{place(made)}/new", on="2026-03-02").status_code == 422
    assert upload(maker, made, HEAD).status_code == 422
    assert "没有" in upload(maker, made, HEAD + good(1), on="2099-01-01").text
    assert upload(maker, made, HEAD + good(1), on="yesterday").status_code == 422
    answer = upload(maker, made, HEAD + good(1), on="2025-03-02")
    paper_id = re.findall(r"/new/([0-9a-f-]{36})", answer.headers["Location"])[0]
    refused = maker.send(f"{place(made)}/new/{paper_id}", on="2025-03-02", **COLUMNS)
    assert refused.status_code == 409 and "账期" in refused.text
    assert maker.send(f"{place(made)}/new/{paper_id}", on="2026-03-02").status_code == 422
    twice = maker.send(f"{place(made)}/new/{paper_id}", on="2026-03-02", **{**COLUMNS, "c_lift_count": "保单号"})
    assert twice.status_code == 422 and 'class="field' in twice.text
    assert maker.send(f"{place(made)}/new/{uuid.uuid4()}", on="2026-03-02").status_code == 404
    assert maker.get(f"{place(made)}/new/{paper_id}/columns?on=x").status_code == 422
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalars(select(Bordereau)).all() == []


def test_nobody_else_gets_to_a_list(
    engine: Engine, made: MadePool, maker: Browser, visitors: Visitors, state_dir: Path
) -> None:
    """A member that does not lead, an insurer of no pool, another pool's address: not found; the bureau reads only."""
    page = sent(maker, made, HEAD + good(2))
    work(engine, state_dir)
    one = page.rpartition("/")[2]
    member = visitors.login_as(Role.FINANCE_CHECKER, made.members[1])
    stranger = visitors.login_as(Role.FINANCE_CHECKER)
    with unit_of_work(engine, SYSTEM) as session:
        other = make_pool(session, (1, 1), name="另一共保体")
    for browser in (member, stranger):
        for path in (page, f"{page}/progress", f"{program(made)}/{one}", f"{program(made)}/{one}/faults"):
            assert browser.get(path).status_code == 404
    assert "保费清单.csv" not in member.get(place(made)).text
    assert member.send(f"{page}/approve").status_code == 403 and stranger.send(f"{page}/approve").status_code == 404
    assert maker.get(f"{place(other)}/{one}").status_code == 404
    watcher = visitors.login_as(Role.BUREAU_FINANCE)
    assert watcher.get(page).status_code == 200 and watcher.get(program(made)).status_code == 200
    assert watcher.send(f"{page}/discard").status_code == 403 and watcher.send(f"{page}/approve").status_code == 403


def test_a_program_sends_a_list_once(
    engine: Engine, made: MadePool, maker: Browser, checker: Browser, state_dir: Path
) -> None:
    """As the body or as a form's file; the same key with the same file is the same list, with another file refused."""
    body = (HEAD.replace("保单号", "No.") + good(2)).encode()
    address = f"{program(made)}?on=2026-03-02&name=a.csv&columns=number=No."
    head = {"X-CSRFToken": maker.token(), "Idempotency-Key": "list-1"}
    first = maker.post(address, data=body, content_type="text/csv", headers=head)
    assert first.status_code == 202, first.text
    again = maker.post(address, data=body, content_type="text/csv", headers=head)
    assert again.status_code == 202 and again.get_json()["id"] == first.get_json()["id"]
    other = maker.post(address, data=body + b"x", content_type="text/csv", headers=head)
    assert other.status_code == 409 and other.get_json()["code"] == "key_used_otherwise"
    del head["Idempotency-Key"]
    twice = maker.post(address, data={"file": (io.BytesIO(body), "b.csv")}, headers=head)
    assert twice.status_code == 409 and twice.get_json()["code"] == "bordereau_sent_before"
    for data, kind in ((b"", "text/csv"), (b"{}", "application/json"), (b"a,b\n1,2\n", "text/csv")):
        assert maker.post(address, data=data, content_type=kind, headers=head).status_code == 422
    assert maker.post(program(made), data=body, content_type="text/csv", headers=head).status_code == 422
    work(engine, state_dir)
    one = f"{program(made)}/{first.get_json()['id']}"
    told = maker.get(one).get_json()
    assert (told["stage"], told["rows_read"], told["rows_in_order"], told["gross"]["fen"]) == ("checked", 2, 2, 310)
    done = checker.post(f"{one}/approve", json={}, headers={"X-CSRFToken": checker.token()})
    assert done.status_code == 202 and done.get_json()["stage"] == "approved"
    work(engine, state_dir)
    assert maker.get(program(made)).get_json()["data"][0]["stage"] == "posted"
    late = maker.post(f"{one}/discard", json={}, headers={"X-CSRFToken": maker.token()})
    assert late.status_code == 409 and late.get_json()["code"] == "stage_refuses"


def test_a_reading_that_was_cut_off_is_taken_up_by_the_next_worker(
    engine: Engine, made: MadePool, maker: Browser, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker dies between two pieces; its job is queued again and read on: no row twice or missing."""
    monkeypatch.setattr(bordereau_list, "PIECE", 4)
    page = sent(maker, made, HEAD + good(18))
    keep, kept = bordereaux.keep_piece, []

    def dying(session: Session, *rest: object) -> None:
        kept.append(1)
        if len(kept) == 3:
            raise Killed
        keep(session, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(bordereaux, "keep_piece", dying)
    with pytest.raises(Killed):
        work(engine, state_dir)
    assert "已读 8 行" in maker.get(f"{page}/progress").get_json()["words"]
    one, gone = (
        {"id": page.rpartition("/")[2]},
        "SELECT status::text FROM procrastinate_jobs WHERE args->>'bordereau_id' = :id",
    )
    with unit_of_work(engine, SYSTEM) as session:
        session.execute(text("UPDATE procrastinate_jobs SET status = 'doing' WHERE args->>'bordereau_id' = :id"), one)
        jobs.take_up_again(session)
        assert session.scalars(text(gone), one).all() == ["todo"]
    work(engine, state_dir)
    work(engine, state_dir)
    with unit_of_work(engine, SYSTEM) as session:
        row = session.scalars(select(Bordereau)).one()
        assert (row.stage, row.line_count, row.row_count) == ("checked", 18, 18)
        values = {**one, "most": jobs.TRIES.max_attempts}
        tried = "UPDATE procrastinate_jobs SET status = 'doing', attempts = :most WHERE args->>'bordereau_id' = :id"
        session.execute(text(tried), values)
        jobs.take_up_again(session)
        assert session.scalars(text(gone), one).all() == ["failed"]


def test_what_could_not_be_posted_says_why(
    engine: Engine, made: MadePool, maker: Browser, checker: Browser, state_dir: Path
) -> None:
    """The period closes after the approval: the list waits again, and both desks read why."""
    page = sent(maker, made, HEAD + good(2))
    work(engine, state_dir)
    assert checker.send(f"{page}/approve").status_code == 303
    with unit_of_work(engine, SYSTEM) as session:
        period = statements.lock_period(session, made.pool.id, made.period.label)
        statements.seal(session, period, on=made.period.ends_on, by=SYSTEM, at=AT)
    work(engine, state_dir)
    for browser in (maker, checker):
        shown = browser.get(page).text
        assert "批准之后没有入账" in shown and "已核对，待批准" in shown
    assert "上次未能入账" in checker.get("/").text
    one = f"{program(made)}/{page.rpartition('/')[2]}"
    assert maker.get(one).get_json()["stopped_code"] == "period_closed"
    assert checker.send(f"{page}/approve").status_code == 409


def test_a_number_that_is_taken_after_the_check_has_the_list_wait_again(
    engine: Engine, made: MadePool, maker: Browser, checker: Browser, state_dir: Path
) -> None:
    """A policy is bound under a number of the list once it is approved: nothing is posted, and the reason is told."""
    page = sent(maker, made, HEAD + good(2))
    work(engine, state_dir)
    assert checker.send(f"{page}/approve").status_code == 303
    with unit_of_work(engine, SYSTEM) as session:
        make_policy(session, made, number="P-2")
    work(engine, state_dir)
    shown = checker.get(page).text
    assert "批准之后没有入账" in shown and "保单号 P-2 已被使用" in shown
    one = maker.get(f"{program(made)}/{page.rpartition('/')[2]}").get_json()
    assert one["stopped_code"] == "policy_number_taken" and "P-2" in one["stopped_detail"]
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalars(select(Policy.number)).all() == ["P-2"]
