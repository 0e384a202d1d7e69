"""How values read on a page, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given, settings
from hypothesis import strategies as st

from web import formats

DUE = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


@pytest.fixture
def app() -> Flask:
    """Return an application with nothing but our formats, languages and a page that echoes."""
    made = Flask("look", static_folder=None)
    made.secret_key = "for this test only"
    Babel(made, default_locale="zh_Hans_CN", locale_selector=formats.choose_locale)
    formats.install(made)
    made.add_url_rule("/claims", "claims", lambda: formats.t("赔案 {n}", "claims {n}", n=3))
    return made


def shown(app: Flask, work: Callable[[], str], lang: str = "zh", query: str = "") -> str:
    """Return what `work` gives inside a request in a language."""
    with app.test_request_context(f"/claims?{query}lang={lang}"):
        return work()


def test_words_follow_the_reader_and_the_choice_is_remembered(app: Flask) -> None:
    """Chinese first; English once asked for, and it stays English on the next page."""
    client = app.test_client()
    assert client.get("/claims").text == "赔案 3"
    assert client.get("/claims?lang=en").text == "claims 3"
    assert client.get("/claims").text == "claims 3"
    assert client.get("/claims?lang=zh").text == "赔案 3"
    assert client.get("/claims?lang=xx").text == "赔案 3"


def test_words_without_facts_may_hold_braces() -> None:
    """A sentence that needs no filling is shown as written."""
    assert formats.t("{甲}", "{a}") == "{甲}"


def test_the_language_switch_keeps_the_page(app: Flask) -> None:
    """Switching the language keeps the address, its filters and its page number."""
    assert shown(app, formats.other_language, query="stage=paid&page=2&") == "/claims?stage=paid&lang=en&page=2"
    assert shown(app, formats.other_language, "en") == "/claims?lang=zh"


def test_a_filter_begins_at_the_first_page(app: Flask) -> None:
    """A changed filter or sort drops the page number, a change of page keeps the filters, None takes a filter away."""
    query = "stage=paid&stage=called&page=4&"
    assert shown(app, lambda: formats.here(sort="-paid"), query=query) == ("/claims?stage=paid&stage=called&sort=-paid")
    assert shown(app, lambda: formats.here(page=5), query="stage=paid&") == "/claims?stage=paid&page=5"
    assert shown(app, lambda: formats.here(stage=None), query=query) == "/claims"


def test_an_address_cannot_be_led_elsewhere(app: Flask) -> None:
    """What stands in the address is encoded again, so it never breaks out of it."""
    with app.test_request_context('/claims?q="><script>&lang=zh'):
        assert "<" not in formats.here(page=2)


def test_money_has_two_decimals_and_a_true_minus(app: Flask) -> None:
    """−26,516.24 with its unit: 元 after it in Chinese, CNY before it in English; nothing is a dash, not a nought."""
    assert shown(app, lambda: formats.yuan(-2_651_624)) == "−26,516.24 元"
    assert shown(app, lambda: formats.yuan(-2_651_624), "en") == "CNY −26,516.24"
    assert formats.money(None) == formats.yuan(None) == formats.money_signed(None) == "—"
    assert [formats.money_signed(fen) for fen in (5, 0, -5)] == ["+0.05", "0.00", "−0.05"]


@given(st.integers(-(10**12), 10**12))
@settings(max_examples=200, deadline=None)
def test_money_reads_back_to_the_fen(fen: int) -> None:
    """Whatever is shown is the amount itself: taking separators away and the comma's place back gives the fen again."""
    text = formats.money(fen).replace(",", "").replace("−", "-")
    yuan, cents = text.split(".")
    assert int(yuan + cents) == fen


def test_dates_and_instants_are_the_citys(app: Flask) -> None:
    """An instant is shown in Beijing time and says so; its date is the city's date, not London's."""
    late = datetime(2026, 11, 22, 16, 5, tzinfo=UTC)
    assert shown(app, lambda: formats.date_words(late)) == "2026年11月23日"
    assert shown(app, lambda: formats.date_words(date(2026, 3, 1)), "en") == "1 March 2026"
    assert shown(app, lambda: formats.instant(late)) == "2026年11月23日 00:05 北京时间"
    assert shown(app, lambda: formats.instant(late), "en") == "23 November 2026, 00:05 Beijing time"
    assert formats.instant_plain(late) == "2026-11-23 00:05"
    assert formats.date_plain(late) == "2026-11-23"
    assert formats.machine_time(late) == "2026-11-23T00:05:00+08:00"
    assert formats.machine_time(date(2026, 3, 1)) == "2026-03-01"
    assert {formats.instant(None), formats.date_words(None), formats.instant_plain(None)} == {"—"}


def test_a_receipt_is_exact_and_never_rounds_up(app: Flask) -> None:
    """A bid at 14:29:59.9999 arrived before half past, and its receipt says so."""
    at = DUE - timedelta(microseconds=1)
    assert shown(app, lambda: formats.instant_exact(at)) == "2026-11-23 14:29:59.999 北京时间"


@pytest.mark.parametrize(
    ("left", "zh", "en"),
    [
        (timedelta(days=9, hours=1), "还剩 9 天 1 小时", "9 d 1 h left"),
        (timedelta(days=2), "还剩 2 天", "2 d left"),
        (timedelta(hours=3, minutes=12, seconds=59), "还剩 3 小时 12 分", "3 h 12 min left"),
        (timedelta(hours=1), "还剩 1 小时", "1 h left"),
        (timedelta(minutes=59, seconds=59), "还剩 59 分钟", "59 min left"),
        (timedelta(seconds=59), "还剩不到 1 分钟", "under a minute left"),
        (timedelta(0), "刚刚到时", "just passed"),
        (timedelta(seconds=-60), "已过 1 分钟", "1 min over"),
        (timedelta(days=-2, hours=-4), "已过 2 天 4 小时", "2 d 4 h over"),
    ],
)
def test_remaining_time_never_promises_more_than_there_is(app: Flask, left: timedelta, zh: str, en: str) -> None:
    """Time left is in whole minutes cut off, never rounded up; at the due time nothing is left."""
    assert shown(app, lambda: formats.remaining(DUE, DUE - left)) == zh
    assert shown(app, lambda: formats.remaining(DUE, DUE - left), "en") == en


def test_spans_show_their_two_largest_units(app: Flask) -> None:
    """A repair of 1.06 days reads 1 天 1 小时; none reads as a dash."""
    assert shown(app, lambda: formats.span(1526)) == "1 天 1 小时"
    assert shown(app, lambda: formats.span(0)) == "0 分钟"
    assert formats.span(None) == "—"


def test_marks_of_files_can_be_read_aloud() -> None:
    """A digest is shown short with its ends, and in full in groups of eight."""
    digest = "9f2c41d07ab35e8866c1f0b7d4ea2933518cc0b1f6a7e29d04735bb8c1d2e6fa"
    assert formats.digest_short(digest) == "9f2c41d07a…d2e6fa"
    assert formats.digest_short("abc") == "abc" and formats.digest_short(None) == "—"
    assert formats.digest_groups(digest).replace(" ", "") == digest
    assert formats.file_size(None) == "—" and formats.file_size(10 * 1024**3) == "10.0 GiB"


def test_codes_of_the_books_have_words(app: Flask) -> None:
    """An account, a line, a reason, a stream and a role are shown in words; an unknown one by its own name."""
    assert shown(app, lambda: formats.account_name("2210:A")) == "2210:A 共保人往来"
    assert shown(app, lambda: formats.line_name("balance")) == "余额"
    assert shown(app, lambda: formats.line_name("claims"), "en") == "Claims"
    assert shown(app, lambda: formats.reason_name("lead_fee"), "en") == "Lead's fee"
    assert shown(app, lambda: formats.stream_name("premium_net"), "en") == "Premium, net"
    assert shown(app, lambda: formats.role_name("finance_checker")) == "财务复核"
    assert shown(app, lambda: formats.role_name("gardener")) == "gardener"


def test_a_qr_code_is_drawn_without_a_data_address() -> None:
    """The policy takes no picture from a data address, so the code is squares in the page, with a spoken name."""
    picture = str(formats.qr_picture("https://pool.example/verify/1", '核验 "1"'))
    assert picture.startswith("<svg ") and "data:" not in picture and "style" not in picture
    assert 'aria-label="核验 &#34;1&#34;"' in picture
