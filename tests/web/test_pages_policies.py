"""Pages of the register and of policies: what is there, a policy bound for a batch, a lift taken off."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from core import clock
from core.permits import Role
from tests.visitors import Browser, Visitors
from tests.web.estate_makers import City, lifts_of, make_city
from underwriting.models import Lift, Policy, Refund

LIFTS = """区县,小区,楼栋,电梯编号,投用日期,层数,户数
示例区,梧桐里,1栋,W00001,2015-06-01,18,120
示例区,梧桐里,1栋,W00002,2015-06-01,18,120
"""


@pytest.fixture
def city(visitors: Visitors) -> City:
    """A small insured city."""
    return make_city(visitors)


@pytest.fixture
def officer(city: City) -> Browser:
    """A browser of an officer of the bureau."""
    return city.visitors.login_as(Role.OFFICER)


def count(city: City, kind: type[Lift] | type[Policy] | type[Refund]) -> int:
    """Return how many rows there are."""
    with city.unit() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def test_a_list_of_lifts_is_registered_whole(city: City, officer: Browser) -> None:
    """File, columns, check, receipt; the register then shows community, building and lifts."""
    answer = officer.send("/estates/import", file=(io.BytesIO(LIFTS.encode("gb18030")), "电梯.csv"))
    place = answer.headers["Location"].removesuffix("/columns")
    assert "GB18030" in officer.get(f"{place}/columns").text
    review = officer.get(f"{place}/review").text
    assert "登记 2 台电梯" in review
    taken = officer.send(f"{place}/take")
    assert taken.status_code == 303
    assert "导入回执" in officer.get(taken.headers["Location"]).text
    assert "梧桐里" in officer.get("/estates?q=梧桐").text
    assert officer.send(f"{place}/take").status_code == 422
    assert count(city, Lift) == 6


def test_what_is_wrong_with_a_list_is_told_row_by_row_and_column_by_column(officer: Browser) -> None:
    """先按行、行内按文件里列的次序；页面说共几处，CSV 与页面同序。"""
    rows = (
        "户数,层数,电梯编号,楼栋,小区,区县,投用日期",
        "x,18,L00001,2栋,梧桐里,示例区,2015-06-01",
        "1.5,y,W00009,,梧桐里,示例区,2015-02-30",
        "120,18,L00001,2栋,梧桐里,示例区,2015-06-01",
    )
    answer = officer.send("/estates/import", file=(io.BytesIO("\n".join(rows).encode()), "lifts.csv"))
    place = answer.headers["Location"].removesuffix("/columns")
    page = officer.get(f"{place}/review").text
    assert "共 7 处" in page
    told = list(csv.DictReader(io.StringIO(officer.get(f"{place}/review?as=csv").text.lstrip("\ufeff"))))
    found = [(one["row"], one["column"]) for one in told]
    row_3 = [("3", "户数"), ("3", "层数"), ("3", "楼栋"), ("3", "投用日期")]
    assert found == [("2", "户数"), ("2", ""), *row_3, ("4", "")]


def test_one_bad_row_keeps_the_whole_list_out(city: City, officer: Browser) -> None:
    """Every bad row is named at once and nothing is registered."""
    bad = LIFTS + "示例区,梧桐里,2栋,L00001,2015-06-01,18,120\n示例区,梧桐里,2栋,W00004,2999-01-01,1.9,120\n"
    answer = officer.send("/estates/import", file=(io.BytesIO(bad.encode()), "lifts.csv"))
    place = answer.headers["Location"].removesuffix("/columns")
    page = officer.get(f"{place}/review").text
    assert "已经登记过" in page and "整数" in page and "全部未登记" in page
    assert officer.send(f"{place}/take").status_code == 422
    assert count(city, Lift) == 4


def test_a_policy_is_bound_for_the_chosen_lifts(city: City, officer: Browser) -> None:
    """The page offers the lifts that can be insured, says what it comes to, and books it by shares."""
    with city.unit() as session:
        more = lifts_of(session, city.community, 3, "N", date(2015, 1, 1))
        lifts_of(session, city.community, 1, "Y", clock.on(city.now) - timedelta(days=400))
    today = clock.on(city.now)
    term = {
        "community_id": city.community.id,
        "pool_id": city.made.pool.id,
        "inception_on": today.isoformat(),
        "expires_on": date(today.year + 1, today.month, min(today.day, 28)).isoformat(),
    }
    assert officer.get("/policies/new").status_code == 200
    page = officer.get("/policies/new/lifts", query_string=term).text
    assert "3,858.00" in page and "N0001" in page
    assert "投用不满五年" in page and "此期间已有保单" in page
    chosen = [str(lift.id) for lift in more[:2]]
    bound = officer.send("/policies/new/lifts", **term, number="GB-7", on=today.isoformat(), lift=chosen)
    assert bound.status_code == 303, bound.text
    shown = officer.get(bound.headers["Location"]).text
    for part in ("2,572.00", "1,157.40", "643.00", "514.40", "257.20"):
        assert part in shown
    again = officer.send("/policies/new/lifts", **term, number="GB-7", on=today.isoformat(), lift=[str(more[2].id)])
    assert again.status_code == 409 and 'id="f-number-wrong"' in again.text
    taken = officer.send("/policies/new/lifts", **term, number="GB-8", on=today.isoformat(), lift=chosen)
    assert taken.status_code == 422 and 'id="f-lift-wrong"' in taken.text and "N0001" in taken.text
    assert count(city, Policy) == 2


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"inception_on": "2026-02-30"}, 422),
        ({"expires_on": "2020-01-01"}, 422),
        ({"pool_id": "9999"}, 404),
        ({"pool_id": "x"}, 404),
        ({"community_id": "x"}, 404),
        ({"inception_on": "2030-01-01", "expires_on": "2031-01-01"}, 422),
    ],
)
def test_a_wrong_term_is_asked_for_again(city: City, officer: Browser, changes: dict[str, str], status: int) -> None:
    """Dates, pool and community must be; what is wrong is said, nothing is bound."""
    term = {
        "community_id": str(city.community.id),
        "pool_id": str(city.made.pool.id),
        "inception_on": "2026-11-24",
        "expires_on": "2026-12-30",
    }
    assert officer.get("/policies/new/lifts", query_string={**term, **changes}).status_code == status
    assert count(city, Policy) == 1


def test_a_lift_taken_off_gives_its_premium_back_by_days(city: City, officer: Browser) -> None:
    """The page shows the working; doing it agrees the refund, once."""
    today = clock.on(city.now)
    path = f"/policies/{city.policy.id}/lifts/{city.lifts[0].id}/remove"
    assert "÷ 365" in officer.get(path).text
    outside = officer.send(path, effective_on="2020-01-01", on=today.isoformat())
    assert outside.status_code == 422 and 'id="f-effective_on-wrong"' in outside.text
    assert officer.send(path, effective_on=today.isoformat(), on=today.isoformat()).status_code == 303
    assert officer.get(path).status_code == 404
    assert "退还保费" in officer.get(f"/policies/{city.policy.id}").text
    assert count(city, Refund) == 1


def test_only_an_officer_binds(city: City) -> None:
    """Insurers and communities read policies and bind none."""
    for browser in (
        city.browser(Role.CLAIMS_HANDLER),
        city.visitors.login_as(Role.COMMUNITY_OFFICER, city.organisation),
    ):
        assert browser.get(f"/policies/{city.policy.id}").status_code == 200
        assert browser.get("/policies/new").status_code == 403
        assert browser.send("/policies/new/lifts").status_code == 403
        assert browser.get(f"/policies/{city.policy.id}/lifts/{city.lifts[0].id}/remove").status_code == 403
        assert browser.get("/estates/import").status_code == 403


def test_a_community_knows_its_own_estate_only(city: City) -> None:
    """Another community finds neither the estate, nor its lifts, nor its policies."""
    own = city.visitors.login_as(Role.COMMUNITY_OFFICER, city.organisation)
    other = city.visitors.login_as(Role.COMMUNITY_OFFICER, city.visitors.organisation("community", "别处社区"))
    for path in (
        f"/estates/{city.community.id}",
        f"/estates/lifts/{city.lifts[0].id}",
        f"/policies/{city.policy.id}",
    ):
        assert own.get(path).status_code == 200
        assert other.get(path).status_code == 404
    assert "共 0 行" in other.get("/estates").text and "共 0 行" in other.get("/policies").text


def test_the_lists_are_exported(city: City, officer: Browser) -> None:
    """Communities, lifts and policies come as CSV, money in yuan with two decimals."""
    assert "示例苑" in officer.get("/estates?as=csv").text
    assert "L00004" in officer.get(f"/estates/{city.community.id}?as=csv").text
    assert "5144.00" in officer.get("/policies?as=csv").text
