"""Reporting from the lift in three steps; the page behind the QR code; the service figures."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from claims.models import Fault
from core import clock
from core.permits import Role
from tests.visitors import Browser, Visitors
from tests.web.estate_makers import City, make_city


@pytest.fixture
def city(visitors: Visitors) -> City:
    """A small insured city."""
    return make_city(visitors)


def test_a_fault_is_reported_in_three_steps(city: City) -> None:
    """Which lift, what is wrong, check and send; then it is followed like a parcel."""
    manager = city.visitors.login_as(Role.PROPERTY_MANAGER, city.organisation)
    assert "L00003" in manager.get("/report").text
    assert "电梯怎么了" in manager.get("/report/words?lift=L00003").text
    told = {"lift": "L00003", "trapped": "yes", "kind": "stopped", "text": "三楼与四楼之间"}
    check = manager.send("/report/check", **told)
    assert check.status_code == 200 and "停住不动；三楼与四楼之间" in check.text and "有人被困" in check.text
    with city.unit() as session:
        assert session.scalar(select(Fault.id)) is None
    sent = manager.send("/report/send", **told)
    assert sent.status_code == 303
    assert "等待接单" in manager.get(sent.headers["Location"]).text
    with city.unit() as session:
        fault = session.scalars(select(Fault)).one()
        assert fault.is_trapped and fault.stage == "reported"
    assert "这台电梯已有人报修" in manager.get("/report/words?lift=L00003").text


def test_a_report_without_words_is_asked_for_them(city: City) -> None:
    """Neither a kind nor words: the page says so, the answer about people inside stays."""
    manager = city.visitors.login_as(Role.PROPERTY_MANAGER, city.organisation)
    answer = manager.send("/report/check", lift="L00003", trapped="yes", kind="other", text=" ")
    assert answer.status_code == 422 and 'value="yes" checked' in answer.text


def test_nobody_is_inside_only_where_it_was_said(city: City) -> None:
    """The question has no answer chosen beforehand; unanswered, it is asked again; the check states the answer."""
    manager = city.visitors.login_as(Role.PROPERTY_MANAGER, city.organisation)
    assert "checked" not in manager.get("/report/words?lift=L00003").text
    unsaid = manager.send("/report/check", lift="L00003", kind="door", text="关不上")
    assert unsaid.status_code == 422 and "请选择是否有人被困" in unsaid.text
    assert manager.send("/report/send", lift="L00003", kind="door", text="关不上").status_code == 422
    check = manager.send("/report/check", lift="L00003", trapped="no", kind="door", text="关不上")
    assert "有人被困" in check.text and "没有" in check.text


def test_going_back_from_the_check_keeps_what_was_said(city: City) -> None:
    """Whoever goes back to change a word finds everything as it was, people inside above all."""
    manager = city.visitors.login_as(Role.PROPERTY_MANAGER, city.organisation)
    back = manager.send("/report/words", lift="L00003", trapped="yes", kind="door", text="关不上")
    assert back.status_code == 200 and "关不上" in back.text
    assert 'value="yes" checked' in back.text and 'value="door" checked' in back.text


def test_an_unknown_number_stays_where_it_was_typed(city: City) -> None:
    """The error about a typed number stands beside it, and what was typed is still there."""
    manager = city.visitors.login_as(Role.PROPERTY_MANAGER, city.organisation)
    page = manager.get("/report/words?typed=L99999")
    assert page.status_code == 404 and 'value="L99999"' in page.text and 'href="#f-typed"' in page.text


def test_a_community_reports_its_own_lifts_only(city: City) -> None:
    """A lift of another community is as unknown as one that does not exist."""
    other = city.visitors.login_as(Role.PROPERTY_MANAGER, city.visitors.organisation("community", "别处社区"))
    assert other.get("/report/words?lift=L00003").status_code == 404
    assert other.send("/report/send", lift="L00003", trapped="no", kind="door", text="").status_code == 404
    assert other.get("/report/words?lift=nothing").status_code == 404
    assert other.get("/report/words").status_code == 422
    with city.unit() as session:
        assert session.scalar(select(Fault.id)) is None


def test_the_page_behind_the_code_tells_everyone_how_far_it_is(city: City, client: Browser) -> None:
    """Whoever scans sees the lift and the steps, and nothing that somebody wrote."""
    city.fault()
    page = client.get("/r/L00001")
    assert page.status_code == 200
    assert "等待接单" in page.text and "停住不动" not in page.text and "登录报修" in page.text
    assert client.get("/r/NONE").status_code == 404
    assert client.get("/report").status_code == 302


def test_a_community_sees_what_is_under_way_and_what_to_accept(city: City) -> None:
    """The first page of a property manager: its faults with their clocks, its policies."""
    city.fault()
    page = city.visitors.login_as(Role.PROPERTY_MANAGER, city.organisation).get("/").text
    assert "L00001" in page and "P-1" in page and "响应" in page


def test_every_ratio_stands_with_its_n(city: City, client: Browser) -> None:
    """Open faults past their limit count as failed, younger ones are not counted yet; the public reads the same."""
    city.fault(5)
    city.fault(60 * 24 * 5, lift=1)
    today = clock.on(city.now)
    span = {"since": (today - timedelta(days=30)).isoformat(), "until": today.isoformat()}
    told = client.get("/public/service.json", query_string=span).json
    assert told["open"] == 2 and told["closed"] == 0
    assert told["response"] | {"met": 0, "n": 1, "bp": 0, "open_failed": 1, "not_yet": 1} == told["response"]
    assert told["within_longest"]["n"] == 1 and told["longest_is_open"] is True
    page = client.get("/public/service", query_string=span)
    assert page.status_code == 200 and "未到时，未计入" in page.text
    assert client.get("/public/service.csv", query_string=span).text.count("\n") == 5
    staff = city.browser(Role.CLAIMS_HANDLER).get("/service", query_string=span)
    assert "未达标" in staff.text
    assert client.get("/service").status_code == 302
    assert client.get("/public/service?since=x&until=9999-01-01").status_code == 200
