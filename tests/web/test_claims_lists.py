"""Lists of claims: filed by the rules of a single claim, all or none, every bad row named, by two people."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, select, text
from werkzeug.test import TestResponse

from claims import faults, handling, lists
from claims.adjusting import AssessedLine
from claims.faults import Report
from claims.list_models import ClaimsList
from claims.models import Claim, Fault
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger import statements
from ledger.models import Entry
from tests.conftest import AT
from tests.makers import MadePool, make_lifts, make_policy, make_pool
from tests.visitors import Browser, Visitors, settings_for
from tests.web.test_pages_bordereaux import _selected
from underwriting.models import Policy
from web import claims_list, claims_list_cli, tasks
from web.cli import cli
from web.tasks import Bench

HEAD = "赔案号,保单号,故障编号,电梯编号,出险日,事由,费用项目,报损金额,核定金额,核减原因\n"


@dataclass
class Place:
    """A pool with a policy over two lifts, a fault on the first of them, and a policy without lifts."""

    made: MadePool
    fault: int
    day: str
    lifts: tuple[str, str]

    @property
    def path(self) -> str:
        """Return the address of the pool's lists."""
        return f"/pools/{self.made.pool.id}/claims-lists"


@pytest.fixture
def at_pool(engine: Engine) -> Place:
    """The pool with what its lists are about."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        lifts = make_lifts(session, 2)
        make_policy(session, made, lifts=lifts, number="P-1")
        make_policy(session, made, number="P-2")
        fault = faults.report(session, Report(lifts[0].number, "门不关"), by=SYSTEM, at=AT)
        return Place(made, fault.number, AT.date().isoformat(), (lifts[0].number, lifts[1].number))


@pytest.fixture
def handler(visitors: Visitors, at_pool: Place) -> Browser:
    """The lead's claims handler."""
    return visitors.login_as(Role.CLAIMS_HANDLER, at_pool.made.members[0])


@pytest.fixture
def signatory(visitors: Visitors, at_pool: Place) -> Browser:
    """The lead's signatory."""
    return visitors.login_as(Role.SIGNATORY, at_pool.made.members[0])


def good(place: Place) -> str:
    """Return a list of three claims: two lines by a fault's number, one line by lift and day, one without a fault."""
    return (
        f"C-1,P-1,{place.fault},,,门机故障,门机,3000.00,2800.00,单价过高\n"
        "C-1,P-1,,,,,人工,500.00,,\n"
        f"C-2,P-2,,,{place.day},曳引机,曳引机,268400.00,,\n"
        "C-3,P-2,,,,,钢丝绳,1200.00,,\n"
    )


def sent(browser: Browser, place: Place, rows: str, head: str = HEAD) -> str:
    """Send a list and take the columns as they are proposed; return its page."""
    file = (io.BytesIO((head + rows).encode()), "赔案名单.csv")
    answer = browser.send(f"{place.path}/new", file=file, on="2026-03-02")
    assert answer.status_code == 303, answer.text
    columns = browser.get(answer.headers["Location"])
    upload_id = re.findall(r"/new/([0-9a-f-]{36})", answer.headers["Location"])[0]
    answer = browser.send(f"{place.path}/new/{upload_id}", on="2026-03-02", **dict(_selected(columns.text)))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def work(engine: Engine, state_dir: Path) -> None:
    """Do every list's job, as the worker does."""
    query = text("SELECT task_name, args->>'list_id' AS id FROM procrastinate_jobs WHERE args ? 'list_id' ORDER BY id")
    with unit_of_work(engine, SYSTEM) as session:
        known = {str(one) for one in session.scalars(select(ClaimsList.id))}
        waiting = [row for row in session.execute(query).all() if row.id in known]
    for row in waiting:
        tasks.TASKS[row.task_name](Bench(settings_for(state_dir), engine), row.id)


def claims_told(engine: Engine) -> list[tuple[object, ...]]:
    """Return the claims in the books, by number."""
    with unit_of_work(engine, SYSTEM) as session:
        return [
            (row.number, row.stage, row.title, row.estimate_fen, row.payable_fen, row.loss_fen)
            for row in session.scalars(select(Claim).order_by(Claim.number))
        ]


def test_a_list_is_filed_by_two_people(
    engine: Engine, at_pool: Place, handler: Browser, signatory: Browser, state_dir: Path
) -> None:
    """Sent by the handler, approved by the signatory: small claims are booked, a large one waits for the members."""
    assert "还没有赔案名单" in handler.get(at_pool.path).text
    page = sent(handler, at_pool, good(at_pool))
    assert "读取中" in handler.get(page).text
    assert handler.get(f"{page}/progress").get_json()["state"] == "doing"
    work(engine, state_dir)
    assert claims_told(engine) == []
    shown = signatory.get(page).text
    assert "核对无误" in shown and "门机" in shown and "批准入账…" in shown
    assert "批准入账…" not in handler.get(page).text
    assert "批准赔案名单" in signatory.get("/").text
    assert handler.send(f"{page}/approve").status_code == 403
    assert "3 个赔案" in signatory.get(f"{page}/approve").text
    assert signatory.send(f"{page}/approve").status_code == 303
    work(engine, state_dir)
    work(engine, state_dir)
    told = claims_told(engine)
    assert told == [
        ("C-1", "approved", "门机故障", 350_000, 330_000, 330_000),
        ("C-2", "submitted", "曳引机", 26_840_000, None, None),
        ("C-3", "approved", "钢丝绳", 120_000, 120_000, 120_000),
    ]
    with unit_of_work(engine, SYSTEM) as session:
        claim = session.scalars(select(Claim).where(Claim.number == "C-1")).one()
        assert claim.fault_id == session.scalars(select(Fault.id)).one()
        assert claim.made_by != claim.approved_by and claim.made_by and claim.approved_by
        assert [row.amount_fen for row in session.scalars(select(Entry).where(Entry.reason == "claim_approved"))] == [
            330_000,
            120_000,
        ]
    filed = handler.get(page).text
    assert "已入账" in filed and f"/claims/{claim.id}" in filed
    assert "赔案名单已立案入账" in handler.get("/").text and "赔案名单已立案入账" in signatory.get("/").text
    rows = list(csv.DictReader(io.StringIO(handler.get(f"{page}?as=csv", buffered=True).data.decode("utf-8-sig"))))
    assert [(row["claim"], row["allowed_cny"]) for row in rows][:2] == [("C-1", "2800.00"), ("C-1", "500.00")]
    again = sent_again(handler, at_pool)
    assert again.status_code == 409 and "导入过" in again.text


def sent_again(browser: Browser, place: Place) -> TestResponse:
    """Send the same file once more."""
    answer = browser.send(
        f"{place.path}/new", file=(io.BytesIO((HEAD + good(place)).encode()), "另一名.csv"), on="2026-03-02"
    )
    upload_id = re.findall(r"/new/([0-9a-f-]{36})", answer.headers["Location"])[0]
    columns = {"c_number": "赔案号", "c_policy": "保单号", "c_asked_fen": "报损金额"}
    return browser.send(f"{place.path}/new/{upload_id}", on="2026-03-02", **columns)


def test_a_list_is_what_single_claims_are(engine: Engine, at_pool: Place, state_dir: Path, handler: Browser,
                                          signatory: Browser) -> None:  # fmt: skip
    """Filed from a list or one by one: the same amounts, stages and entries."""
    page = sent(handler, at_pool, good(at_pool))
    work(engine, state_dir)
    signatory.send(f"{page}/approve")
    work(engine, state_dir)
    told = claims_told(engine)
    with unit_of_work(engine, SYSTEM) as session:
        other = make_pool(session, name="另一共保体")
        by, second = other.actor(Role.CLAIMS_HANDLER), other.actor(Role.SIGNATORY)
        lifts = make_lifts(session, 1, prefix="Z-")
        policy = make_policy(session, other, lifts=lifts, number="Z-1")
        fault = faults.report(session, Report(lifts[0].number, "门不关"), by=SYSTEM, at=AT)
        door = AssessedLine("门机", 300_000, 280_000, "单价过高")
        bills = [
            ("C-1", "门机故障", fault, [door, AssessedLine("人工", 50_000, 50_000)]),
            ("C-2", "曳引机", None, [AssessedLine("曳引机", 26_840_000, 26_840_000)]),
            ("C-3", "钢丝绳", None, [AssessedLine("钢丝绳", 120_000, 120_000)]),
        ]
        for number, title, about, bill in bills:
            fen = sum(line.asked_fen for line in bill)
            claim = handling.make(session, policy, title, fen, fault=about, number=f"Z{number}", by=by, at=AT)
            handling.enter_bill(session, claim, bill, by=by, at=AT)
            handling.submit(session, claim, by=by, at=AT)
            if claim.stage == "agreed":
                payable = sum(line.allowed_fen for line in bill)
                handling.approve(session, claim, payable, on=AT.date(), by=second, at=AT)
    singles = [(row[0].removeprefix("Z"), *row[1:]) for row in claims_told(engine) if str(row[0]).startswith("Z")]  # type: ignore[attr-defined]
    assert singles == told


def test_a_reading_that_is_begun_again_begins_with_the_file(engine: Engine, at_pool: Place, handler: Browser) -> None:
    """A conflict has the work done once more, with the file at its end: the list is no fault of its sender's."""
    page = sent(handler, at_pool, good(at_pool))
    file = io.BytesIO((HEAD + good(at_pool)).encode())
    file.seek(0, io.SEEK_END)
    claims_list.read_now(engine, uuid.UUID(page.rpartition("/")[2]), file)
    assert "核对无误" in handler.get(page).text


def bad(place: Place) -> str:
    """Return rows each with its own fault, beside one that is in order."""
    lift = place.lifts[1]
    return (
        "B-1,P-9,,,,事由,项目,100.00,,\n"
        "B-2,P-1,999999,,,事由,项目,100.00,,\n"
        f"B-3,P-1,,{lift},{place.day},事由,项目,100.00,,\n"
        f"B-4,P-1,,{lift},,事由,项目,100.00,,\n"
        f"B-5,P-1,,没有这台,{place.day},事由,项目,100.00,,\n"
        "B-6,P-2,,,2026-03-05,事由,项目,100.00,,\n"
        "B-7,P-2,,,2024-01-01,事由,项目,100.00,,\n"
        f"B-8,P-2,{place.fault},,,事由,项目,100.00,,\n"
        "B-9,P-2,,,,事由,项目,100.00,90.00,\n"
        "B-10,P-2,,,,事由,项目,100.00,200.00,\n"
        "B-11,P-2,,,,事由,项目,一百,,\n"
        "B-12,P-2,,,,=1+1,项目,100.00,,\n"
        "B-13,P-2,,,,事由,项目,100.00,,\n"
        "B-13,P-1,,,,,另一项,100.00,,\n"
        ",P-2,,,,事由,项目,100.00,,\n"
        "B-14,P-2,,,,事由,项目,100.00,,\n"
        f"B-15,P-1,{place.fault},,,事由,项目,100.00,,\n"
        f"B-16,P-1,,{place.lifts[0]},{place.day},事由,项目,100.00,,\n"
    )


CODES = [
    (2, "claims_list_policy_unknown"),
    (3, "claims_list_fault_unknown"),
    (4, "claims_list_lift_without_fault"),
    (5, "claims_list_lift_needs_day"),
    (6, "claims_list_lift_unknown"),
    (7, "claims_list_day_after_booking"),
    (8, "claims_list_day_outside_policy"),
    (9, "lift_not_covered"),
    (10, "line_cut_without_reason"),
    (11, "line_above_asked"),
    (12, "cell_not_amount"),
    (13, "cell_formula"),
    (15, "claims_list_rows_differ"),
    (16, "cell_required"),
    (19, "fault_has_claim"),
]


def test_every_bad_row_is_named_and_nothing_is_filed(
    engine: Engine, at_pool: Place, handler: Browser, signatory: Browser, state_dir: Path
) -> None:
    """By page, program and file; the rules of a single claim speak beside those of the list."""
    page = sent(handler, at_pool, bad(at_pool))
    work(engine, state_dir)
    shown = handler.get(page).text
    assert "有误，未入账" in shown and "没有保单 P-9" in shown and "更正有误的赔案名单" in handler.get("/").text
    answer = handler.get(f"{page}?as=csv", buffered=True)
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [(int(row["row"]), row["code"]) for row in rows] == CODES
    assert not any(value.startswith("=") for row in rows for value in row.values())
    one = f"/api/v1{page}"
    first = handler.get(f"{one}/faults?limit=9").get_json()
    rest = handler.get(f"{one}/faults?cursor={first['next']}").get_json()
    assert [(row["row"], row["code"]) for row in first["data"] + rest["data"]] == CODES and rest["next"] is None
    assert handler.get(f"{one}/faults?cursor=WyJhIiwxXQ").status_code == 422
    assert "现在不等待批准" in signatory.get(f"{page}/approve").text
    assert signatory.send(f"{page}/approve").status_code == 409
    assert handler.send(f"{page}/discard").status_code == 303
    assert "不能再放弃" in handler.get(f"{page}/discard").text
    assert claims_told(engine) == []


def test_two_faults_of_a_day_and_a_taken_number_are_told(
    engine: Engine, at_pool: Place, handler: Browser, signatory: Browser, state_dir: Path
) -> None:
    """A lift with several faults on the day needs the number; a number that a claim has is no other's."""
    with unit_of_work(engine, SYSTEM) as session:
        second = faults.report(session, Report(at_pool.lifts[0], "又不关"), by=SYSTEM, at=AT)
        policy = session.scalars(select(Policy).where(Policy.number == "P-2")).one()
        handling.make(session, policy, "x", 100, number="T-1", by=at_pool.made.actor(Role.CLAIMS_HANDLER), at=AT)
    rows = f"T-2,P-1,,{at_pool.lifts[0]},{at_pool.day},事由,项目,1.00,,\nT-1,P-2,,,,事由,项目,1.00,,\n"
    page = sent(handler, at_pool, rows)
    work(engine, state_dir)
    found = handler.get(f"/api/v1{page}/faults").get_json()["data"]
    assert [one["code"] for one in found] == ["claims_list_faults_several", "claims_list_number_taken"]
    assert str(second.number) in found[0]["detail"]


def test_what_cannot_be_filed_goes_back(
    engine: Engine, at_pool: Place, handler: Browser, signatory: Browser, state_dir: Path
) -> None:
    """A number is taken, or the period closed, after the check: nothing is filed, and the reason is told."""
    page = sent(handler, at_pool, good(at_pool))
    work(engine, state_dir)
    assert signatory.send(f"{page}/approve").status_code == 303
    with unit_of_work(engine, SYSTEM) as session:
        policy = session.scalars(select(Policy).where(Policy.number == "P-2")).one()
        handling.make(session, policy, "x", 100, number="C-3", by=at_pool.made.actor(Role.CLAIMS_HANDLER), at=AT)
    work(engine, state_dir)
    assert "批准之后没有入账" in handler.get(page).text and [row[0] for row in claims_told(engine)] == ["C-3"]
    told = handler.get(f"/api/v1{page}").get_json()
    assert told["stopped_code"] == "claims_list_number_taken" and "C-3" in told["stopped_detail"]
    assert "上次未能入账" in signatory.get("/").text
    with unit_of_work(engine, SYSTEM) as session:
        period = statements.lock_period(session, at_pool.made.pool.id, at_pool.made.period.label)
        statements.seal(session, period, on=period.ends_on, by=SYSTEM, at=AT)
    assert signatory.send(f"{page}/approve").status_code == 409


def test_nobody_else_gets_to_a_list(
    engine: Engine, at_pool: Place, handler: Browser, visitors: Visitors, state_dir: Path
) -> None:
    """A member that does not lead and an insurer of no pool find nothing; who reads all reads and does nothing."""
    page = sent(handler, at_pool, good(at_pool))
    work(engine, state_dir)
    member = visitors.login_as(Role.SIGNATORY, at_pool.made.members[1])
    stranger = visitors.login_as(Role.CLAIMS_HANDLER)
    for browser in (member, stranger):
        for path in (page, f"{page}/progress", f"/api/v1{page}", f"/api/v1{page}/faults"):
            assert browser.get(path).status_code == 404
    assert member.get(f"/api/v1{page}").get_json()["code"] == "claims_list_not_found"
    assert member.send(f"{page}/approve").status_code == 403
    assert stranger.send(f"{page}/discard").status_code == 404
    with unit_of_work(engine, SYSTEM) as session:
        other = make_pool(session, (1, 1), name="另一共保体")
    assert handler.get(page.replace(f"/pools/{at_pool.made.pool.id}/", f"/pools/{other.pool.id}/")).status_code == 404
    watcher = visitors.login_as(Role.BUREAU_FINANCE)
    assert watcher.get(page).status_code == 200 and watcher.send(f"{page}/discard").status_code == 403


def test_a_program_sends_and_a_signatory_approves(
    engine: Engine, at_pool: Place, handler: Browser, signatory: Browser, state_dir: Path
) -> None:
    """The file as the body; once under its key; too many claims and no table refused."""
    address, body = f"/api/v1{at_pool.path}", (HEAD + good(at_pool)).encode()
    head = {"X-CSRFToken": handler.token(), "Idempotency-Key": "claims-1"}
    first = handler.post(f"{address}?on=2026-03-02", data=body, content_type="text/csv", headers=head)
    again = handler.post(f"{address}?on=2026-03-02", data=body, content_type="text/csv", headers=head)
    assert first.status_code == again.status_code == 202 and first.get_json() == again.get_json()
    del head["Idempotency-Key"]
    assert handler.post(f"{address}?on=2026-03-02", data=b"", content_type="text/csv", headers=head).status_code == 422
    twice = handler.post(f"{address}?on=2026-03-02&name=b.csv", data=body, content_type="text/csv", headers=head)
    assert twice.status_code == 409 and twice.get_json()["code"] == "claims_list_sent_before"
    work(engine, state_dir)
    one = f"{address}/{first.get_json()['id']}"
    told = handler.get(one).get_json()
    assert (told["stage"], told["rows"], told["claims"], told["asked"]["fen"]) == ("checked", 4, 3, 27_310_000)
    done = signatory.post(f"{one}/approve", json={}, headers={"X-CSRFToken": signatory.token()})
    assert done.status_code == 202
    work(engine, state_dir)
    assert handler.get(address).get_json()["data"][0]["stage"] == "posted"
    late = handler.post(f"{one}/discard", json={}, headers=head)
    assert late.status_code == 409 and late.get_json()["code"] == "stage_refuses"


def test_a_list_beyond_the_most_is_refused_whole(
    engine: Engine, at_pool: Place, handler: Browser, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More claims than a list holds: one fault of the whole list."""
    monkeypatch.setattr(lists, "CLAIMS_MOST", 2)
    page = sent(handler, at_pool, good(at_pool))
    work(engine, state_dir)
    assert "最多 2 个赔案" in handler.get(page).text


def test_a_list_is_checked_by_command(engine: Engine, at_pool: Place, tmp_path: Path, state_dir: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Every bad row with its reason and the code of invalid input; in order, the counts; nothing is kept."""

    @contextmanager
    def database() -> Iterator[tuple[None, Engine]]:
        yield None, engine

    monkeypatch.setattr(claims_list_cli, "database", database)
    monkeypatch.setenv("GONGBAO_LOCALE", "zh_Hans_CN")

    def run(rows: str) -> Result:
        file = tmp_path / "赔案名单.csv"
        file.write_text(HEAD + rows, encoding="utf-8")
        words = ["check", str(file), "--pool", str(at_pool.made.pool.id), "--on", "2026-03-02"]
        return CliRunner().invoke(cli, ["claim", *words, "--json"])

    result = run(bad(at_pool))
    assert result.exit_code == 2
    assert [(one["row"], one["code"]) for one in json.loads(result.stdout)["errors"]] == CODES
    told = run(good(at_pool))
    assert told.exit_code == 0 and json.loads(told.stdout) == {"rows": 4, "claims": 3, "faults": 0, "errors": []}
    listed = CliRunner().invoke(cli, ["claim", "lists", "--pool", str(at_pool.made.pool.id), "--json"])
    assert json.loads(listed.stdout)["lists"] == [] and claims_told(engine) == []
