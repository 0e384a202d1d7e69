"""A list of faults taken in by hand, and by command."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from claims.models import Fault
from core.permits import Role
from tests.visitors import Browser, Visitors
from tests.web.estate_makers import City, make_city
from underwriting.models import Lift

OUTAGES = Path(__file__).parents[3] / "shared" / "data" / "lift_outages_2018q1.csv"
COLUMNS = "c_lift_number=elevator&c_reported_at=out_of_service&c_restored_at=first_missed&c_description=reason"

LIST = """elevator,reason,out_of_service,first_missed
L00001,door,2026-01-05 08:00,2026-01-05 11:30
L00002,noise,2026-01-06 08:00,
L00009,door,2026-01-07 08:00,2026-01-07 09:00
L00001,door,2026-01-08 09:00,2026-01-08 08:00
L00003,=1+1,2026-01-08 09:00,2026-01-08 10:00
"""


@pytest.fixture
def city(visitors: Visitors) -> City:
    """A small insured city."""
    return make_city(visitors)


def sent(browser: Browser, text: str, name: str = "故障 一季度.csv") -> str:
    """Send a list and return the address of its columns."""
    answer = browser.send("/faults/import", file=(io.BytesIO(text.encode()), name))
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].removesuffix("/columns")


def fault_count(city: City) -> int:
    """Return how many faults are on record."""
    with city.unit() as session:
        return session.scalar(select(func.count()).select_from(Fault)) or 0


def test_a_list_is_taken_in_four_steps(city: City) -> None:
    """File, columns, check, receipt: odd rows are named before anything is written, good ones are taken."""
    browser = city.browser(Role.CLAIMS_HANDLER)
    place = sent(browser, LIST)
    columns = browser.get(f"{place}/columns").text
    assert "故障 一季度.csv" in columns and 'value="elevator" selected' in columns and "noise" in columns
    review = browser.get(f"{place}/review?{COLUMNS}&zone=UTC")
    assert review.status_code == 200
    assert "没有编号为“L00009”的电梯" in review.text
    assert "恢复（2026-01-08 16:00）早于报修" in review.text
    assert "公式" in review.text
    assert fault_count(city) == 0
    fields = dict(pair.split("=") for pair in COLUMNS.split("&"))
    taken = browser.send(f"{place}/take", zone="UTC", **fields)
    assert taken.status_code == 303, taken.text
    assert fault_count(city) == 2
    receipt = browser.get(taken.headers["Location"]).text
    assert "导入回执" in receipt and "SHA-256" in receipt
    again = browser.send(f"{place}/take", zone="UTC", **fields)
    assert again.status_code == 409
    assert fault_count(city) == 2


def test_what_is_odd_can_be_filtered_and_exported(city: City) -> None:
    """One kind of finding at a time, on the page and as a file."""
    browser = city.browser(Role.CLAIMS_HANDLER)
    place = sent(browser, LIST)
    page = browser.get(f"{place}/review?{COLUMNS}&kind=fault_lift_unknown").text
    assert "共 1 处" in page
    exported = browser.get(f"{place}/review?{COLUMNS}&as=csv").text
    assert "fault_lift_unknown" in exported and "fault_restored_before_reported" in exported


def test_columns_that_do_not_fit_are_asked_for_again(city: City) -> None:
    """A missing column is told beside its field, and what was chosen stays."""
    browser = city.browser(Role.CLAIMS_HANDLER)
    place = sent(browser, LIST)
    answer = browser.get(f"{place}/review?c_lift_number=elevator&c_reported_at=&zone=UTC")
    assert answer.status_code == 422
    assert 'value="elevator" selected' in answer.text and 'id="f-c_reported_at-wrong"' in answer.text
    assert browser.get(f"{place}/review?{COLUMNS}&zone=Mars").status_code == 422


def test_one_chosen_column_leaves_the_others_known(city: City) -> None:
    """Whoever says one column, or another sheet, keeps what the headers say of the rest; a column said away is away."""
    browser = city.browser(Role.CLAIMS_HANDLER)
    place = sent(browser, LIST.replace("elevator", "No."))
    assert browser.get(f"{place}/review?zone=UTC").status_code == 422
    columns = browser.get(f"{place}/columns?c_lift_number=No.&c_description=&zone=UTC").text
    assert 'value="No." selected' in columns and 'value="out_of_service" selected' in columns
    assert 'value="reason" selected' not in columns
    assert browser.get(f"{place}/review?c_lift_number=No.&zone=UTC").status_code == 200


def test_a_list_belongs_to_whoever_sent_it(city: City) -> None:
    """Nobody else, not even of the same company, finds the list."""
    place = sent(city.browser(Role.CLAIMS_HANDLER), LIST)
    other = city.browser(Role.CLAIMS_HANDLER)
    for page in ("columns", "review", "receipt"):
        assert other.get(f"{place}/{page}").status_code == 404
    assert other.send(f"{place}/take").status_code == 404
    assert fault_count(city) == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("faults.csv", b""),
        ("faults.xlsx", b"no workbook"),
        ("faults.pdf", b"%PDF-1.7"),
        ("../../etc/passwd", b"\x00\x01\x02"),
        ("list.csv", b"a,b\n"),
    ],
)
def test_what_is_no_table_is_refused_beside_the_field(city: City, name: str, content: bytes) -> None:
    """An empty, foreign or broken file is refused with what to do, and nothing is kept."""
    browser = city.browser(Role.CLAIMS_HANDLER)
    answer = browser.send("/faults/import", file=(io.BytesIO(content), name))
    assert answer.status_code == 422 and 'id="f-file-wrong"' in answer.text
    assert browser.send("/faults/import").status_code == 422


def test_only_an_officer_registers_lifts_with_a_list(city: City) -> None:
    """A claims handler's list never adds to the register, whatever the form says; an officer's may."""
    fields = dict(pair.split("=") for pair in COLUMNS.split("&"))
    for browser, expected in ((city.browser(Role.CLAIMS_HANDLER), 2), (city.visitors.login_as(Role.OFFICER), 3)):
        place = sent(browser, LIST if expected == 2 else LIST.replace("2026-01", "2026-02"))
        before = fault_count(city)
        assert browser.send(f"{place}/take", zone="UTC", register="yes", **fields).status_code == 303
        assert fault_count(city) - before == expected
    with city.unit() as session:
        assert session.scalar(select(Lift.number).where(Lift.number == "L00009")) == "L00009"


def test_a_repairer_imports_nothing(city: City) -> None:
    """Importing is for officers and claims handlers."""
    repairer = city.visitors.login_as(Role.REPAIRER)
    assert repairer.get("/faults/import").status_code == 403


@pytest.mark.real
@pytest.mark.skipif(not OUTAGES.exists(), reason="the real outages are not part of the project")
def test_the_real_outages_come_in_by_command(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,985 real outages: counts, mean, median and longest as computed by other means, every odd row named."""
    from contextlib import contextmanager

    from web import list_cli

    @contextmanager
    def database(**_):  # type: ignore[no-untyped-def]
        yield None, city.visitors.engine

    monkeypatch.setattr(list_cli, "database", database)
    maps = "lift_number=elevator,reported_at=out_of_service,restored_at=first_missed,description=reason"
    arguments = [
        "import",
        str(OUTAGES),
        "--map",
        f"{maps},estimated_at=estimated_return",
        "--zone",
        "UTC",
        "--register-lifts",
    ]
    looked = CliRunner().invoke(list_cli.fault, [*arguments, "--dry-run", "--json"])
    assert looked.exit_code == 0, looked.output
    told = json.loads(looked.output)
    assert (told["rows"], told["taken"], told["written"]) == (1985, 1985, 0)
    assert told["repair"]["mean"] == "6:38:30" and told["repair"]["median"] == "3:17:10"
    assert told["repair"]["longest"] == "46 d 00:55:11" and told["repair"]["longest_lift"] == "EL700X"
    assert len({row["row"] for row in told["odd_rows"]}) == told["odd"] == 372
    assert fault_count(city) == 0
    done = CliRunner().invoke(list_cli.fault, arguments)
    assert done.exit_code == 0 and "已写入 1985 次故障" in done.output
    assert re.search(r"46 天 0:55:11（第 956 行，EL700X）", done.output)
    assert fault_count(city) == 1985
