"""The calculators on pages and in the API: what they show, what they refuse, that they ask nobody who one is."""

from __future__ import annotations

import io
import json

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Engine, text

from core import db
from core.permits import SYSTEM
from core.server import Urls
from tests.visitors import Browser
from web import calculating
from web.working import EXAMPLES


def test_each_calculator_opens_for_everyone_with_an_example(client: Browser) -> None:
    """Whoever comes finds a form filled with an example, in either language."""
    assert client.get("/calculators").status_code == 200
    for name in EXAMPLES:
        for language in ("zh", "en"):
            answer = client.get(f"/calculators/{name}?lang={language}")
            assert answer.status_code == 200, name


def test_a_stream_is_split_on_the_page_with_its_working(client: Browser) -> None:
    """61,728.00 among 45, 25, 20 and 10 per cent gives the lead 27,777.60."""
    answer = client.get("/calculators/apportion", query_string=EXAMPLES["apportion"])
    assert answer.status_code == 200
    assert "27,777.60" in answer.text


@pytest.mark.parametrize(
    ("shares", "amounts", "told"),
    [
        ("45,25,20", "1.00", "90"),
        ("45,x", "1.00", "x"),
        ("４５,５５", "1.00", "４５"),
        ("50,50", "1.999", "1.999"),
        ("50,50", "", "缺少"),
    ],
)
def test_what_cannot_be_split_is_told_beside_its_field(client: Browser, shares: str, amounts: str, told: str) -> None:
    """Shares that are not 100 per cent, full-width digits and thousandths are refused and named; nothing is guessed."""
    answer = client.get(
        "/calculators/apportion", query_string={"shares": shares, "kind": "percent", "amounts": amounts}
    )
    assert answer.status_code == 422
    assert told in answer.text


def test_each_wrong_amount_stands_on_a_line_of_its_own(client: Browser) -> None:
    """Two wrong amounts are two lines, each with the number of its row in the box."""
    for language, line in (("zh", "第 {} 行："), ("en", "Line {}: ")):
        asked = {"shares": "50,50", "kind": "percent", "amounts": "1.00\nx\n2.00\n1.999", "lang": language}
        page = client.get("/calculators/apportion", query_string=asked).text
        second, fourth = line.format(2), line.format(4)
        assert ("有 2 处需要更正" if language == "zh" else "2 things need correcting") in page
        assert f"\n{fourth}" in page and second in page and line.format(1) not in page


def test_a_file_that_does_not_fit_is_told_in_words(client: Browser) -> None:
    """What belongs in a place is said in words, items are counted from 1, and a gap is a percentage."""
    page = client.send("/calculators/score", file='{"price_weight": 10, "bids": {}}').text
    assert "1 至 200 份投标" in page and "1–200" not in page
    assert "weights 第 2 项" in client.send("/calculators/allocate", file='{"weights": [1, -1]}').text
    assert "1 至" in client.send("/calculators/allocate", file='{"weights": 3}').text
    short = client.send("/calculators/allocate", file='{"weights": [1, 1], "cap": ["0.3", "0.3"]}').text
    assert "还差 40" in short and "还差 0.4" not in short
    over = client.send("/calculators/allocate", file='{"weights": [1, 1], "floor": ["0.6", "0.6"]}').text
    assert "超过全部 20" in over


def test_a_clock_runs_over_the_spring_festival(client: Browser) -> None:
    """Four working hours from 16:00 on 13 February 2026 end on the make-up Saturday at 10:00."""
    answer = client.get("/calculators/clock", query_string={"from": "2026-02-13T16:00", "minutes": "240"})
    assert "2026-02-14T10:00:00+08:00" in answer.text


def test_a_day_that_the_calendar_does_not_know_is_refused(client: Browser) -> None:
    """No clock guesses a year whose holidays are not announced."""
    answer = client.get("/calculators/clock", query_string={"from": "2093-02-13T16:00", "minutes": "240"})
    assert answer.status_code == 422
    assert "2093-02-13" in answer.text


@pytest.mark.parametrize("name", ["score", "allocate", "rehearse"])
def test_a_file_is_reckoned_on_its_page(client: Browser, name: str) -> None:
    """The example of each calculator that takes a file comes out with a result."""
    answer = client.send(f"/calculators/{name}", file=EXAMPLES[name]["file"])
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", ["score", "allocate", "rehearse"])
@pytest.mark.parametrize("text", ["", "{", "[" * 5000, '{"price_weight": NaN}', '"text"', '{"a": 1, "a": 2}'])
def test_what_is_no_file_is_refused_on_its_page(client: Browser, name: str, text: str) -> None:
    """Nothing, half a file, nesting without end, NaN and a name given twice are refused with words."""
    answer = client.send(f"/calculators/{name}", file=text)
    assert answer.status_code == 422, answer.text


def test_the_page_rehearses_a_file_that_is_sent(client: Browser) -> None:
    """A file may be sent instead of pasted; a Chinese name does not matter."""
    upload = (io.BytesIO(EXAMPLES["rehearse"]["file"].encode()), "../推演 协议.json")
    answer = client.send("/calculators/rehearse", file="", upload=upload)
    assert answer.status_code == 200, answer.text


def test_the_page_plays_no_more_than_five_hundred_events(client: Browser) -> None:
    """Larger files are for the command."""
    data = json.loads(EXAMPLES["rehearse"]["file"])
    data["events"] = data["events"][:1] * 501
    answer = client.send("/calculators/rehearse", file=json.dumps(data))
    assert answer.status_code == 422
    assert "500" in answer.text
    answer = client.send("/calculators/rehearse", file="x" * (256 * 1024 + 1))
    assert answer.status_code == 422
    assert "256" in answer.text


def test_an_event_that_cannot_be_is_named_on_the_page(client: Browser) -> None:
    """A fraction of a fen is refused with the event and the field."""
    text = EXAMPLES["rehearse"]["file"].replace("438000", "438000.5")
    answer = client.send("/calculators/rehearse", file=text)
    assert answer.status_code == 422
    assert "amount_fen" in answer.text and "个事件，" in answer.text and "events[" not in answer.text


def test_rehearsing_is_rate_limited(client: Browser) -> None:
    """Six rehearsals at once from one address, then one every twenty seconds; the answer says when."""
    answers = [client.post("/api/v1/calculators/rehearse", json={}) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [422] * 6 + [429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 20
    assert answers[-1].json["code"] == "too_many_requests"


def test_programs_split_without_signing_in(client: Browser) -> None:
    """The API gives parts and carries as the published vectors write them."""
    asked = {"weights": [1, 1, 1], "amounts_fen": [10000, 10000]}
    answer = client.post("/api/v1/calculators/apportion", json=asked)
    assert answer.json["rows"][1] == {"amount_fen": 10000, "parts_fen": [3333, 3334, 3333], "carry_after": [-1, -1, 2]}
    assert answer.json["totals_fen"] == [6667, 6667, 6666]


@pytest.mark.parametrize("amount", [1.9, 1.0, "1", True, None, "１", 10**16])
def test_programs_are_refused_what_is_not_whole_fen(client: Browser, amount: object) -> None:
    """1.9, 1.0, text, truth values, full-width digits and sums beyond any limit are refused, the place named."""
    asked = {"weights": [1, 1], "amounts_fen": [amount]}
    answer = client.post("/api/v1/calculators/apportion", json=asked)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"


def test_programs_score_with_their_decimals_kept(client: Browser) -> None:
    """1140.10 stays 1140.10 on its way to the rule."""
    text = '{"price_weight": 10, "bids": {"A": {"price": 1140.10, "technical": "60"}}}'
    answer = client.post("/api/v1/calculators/score", data=text, content_type="application/json")
    assert answer.json["working"][0]["price"]["price"] == "1140.1"


def test_programs_allocate_and_ask_the_clock(client: Browser) -> None:
    """Shares and due times come as the command prints them."""
    answer = client.post("/api/v1/calculators/allocate", json={"weights": [1, 1, 1]})
    assert answer.json["shares_bp"] == [3334, 3333, 3333]
    answer = client.post("/api/v1/calculators/clock", json={"start": "2026-02-13T16:00", "minutes": 240})
    assert answer.json["due"] == "2026-02-14T10:00+08:00"


def test_an_unknown_field_is_refused(client: Browser) -> None:
    """A field that nobody reads is named, never ignored."""
    answer = client.post("/api/v1/calculators/clock", json={"start": "2026-02-13T16:00", "minutes": 240, "zone": "x"})
    assert [(one["where"], one["code"]) for one in answer.json["errors"]] == [("zone", "input_unknown")]


def test_what_is_calculated_leaves_no_trace(client: Browser, app: Flask) -> None:
    """After a rehearsal the book is as empty as before."""
    from sqlalchemy import text

    client.send("/calculators/rehearse", file=EXAMPLES["rehearse"]["file"])
    with app.extensions["gongbao"].engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM book")) == 0
        assert connection.scalar(text("SELECT count(*) FROM audit_event")) == 0


def test_as_many_rehearsals_as_may_run_at_once(client: Browser, place: Urls) -> None:
    """A third at once is refused and told why, by page and interface; when one is done the next is played."""
    data = json.loads(EXAMPLES["rehearse"]["file"])
    with psycopg.connect(place.app, autocommit=True) as others:
        for number in range(db.REHEARSALS):
            others.execute("SELECT pg_advisory_lock(%s, %s)", (db.REHEARSAL_LOCK, number))
        answer = client.post("/api/v1/calculators/rehearse", json=data)
        assert (answer.status_code, answer.json["code"]) == (409, "rehearsals_busy")
        page = client.send("/calculators/rehearse", file=json.dumps(data))
        assert page.status_code == 409 and "正在推演的已有 2 份" in page.text
        assert "lead_alone_limit_fen" in page.text, "what was typed still stands"
        others.execute("SELECT pg_advisory_unlock(%s, 0)", (db.REHEARSAL_LOCK,))
        assert client.post("/api/v1/calculators/rehearse", json=data).status_code == 200


def test_a_rehearsal_that_takes_too_long_is_stopped(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its seconds a rehearsal ends with the event that it had come to."""
    monkeypatch.setattr(db, "seconds_open", lambda session: calculating.REHEARSAL_SECONDS)
    answer = client.post("/api/v1/calculators/rehearse", json=json.loads(EXAMPLES["rehearse"]["file"]))
    assert (answer.status_code, answer.json["code"]) == (409, "rehearsal_too_long")
    assert answer.json["facts"] == {"seconds": calculating.REHEARSAL_SECONDS, "number": 1}


def test_a_rehearsal_holds_up_nobody(engine: Engine) -> None:
    """It takes no part in the serialisation of what is kept: no transaction is tried again for its sake."""
    with db.rehearsal(engine, SYSTEM, budget_s=7) as session:
        session.execute(text("SELECT count(*) FROM period"))
        locks = session.scalar(
            text("SELECT count(*) FROM pg_locks WHERE mode = 'SIReadLock' AND pid = pg_backend_pid()")
        )
        isolation = session.scalar(text("SHOW transaction_isolation"))
        timeout = session.scalar(text("SHOW statement_timeout"))
        assert (locks, isolation, timeout) == (0, "repeatable read", "7s")
        assert 0 <= db.seconds_open(session) < 60
