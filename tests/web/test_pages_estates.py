"""Pages, API and command of who maintains the lifts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from core.errors import Invalid, NotFound
from core.permits import Role
from tests.makers import make_lifts
from tests.visitors import Browser, Visitors
from tests.web.estate_makers import City, make_city
from underwriting.models import Lift
from web import repairer_desk
from web.repairer_desk import Asked


@pytest.fixture
def city(visitors: Visitors) -> City:
    """A small insured city whose lifts have a repairer."""
    return make_city(visitors)


def post(browser: Browser, path: str, **body: Any) -> TestResponse:
    """Post JSON with the form token."""
    return browser.post(f"/api/v1/estates{path}", json=body, headers={"X-CSRFToken": browser.token()})


def repairer_of(city: City, place: int) -> object:
    """Return who maintains a lift."""
    with city.unit() as session:
        return session.get_one(Lift, city.lifts[place].id).repairer_id


def test_the_officer_sets_the_repairer_on_a_page(city: City) -> None:
    """For the whole community, then for one lift; both pages say who it is, and what was not chosen is refused."""
    officer = city.visitors.login_as(Role.OFFICER)
    other = city.visitors.organisation("repairer", "另一电梯维保")
    place, lift = f"/estates/{city.community.id}", f"/estates/lifts/{city.lifts[0].id}"
    assert "示例repairer" in officer.get(place).text and "4 台" in officer.get(place).text
    refused = officer.send(f"{place}/repairer", repairer="")
    assert refused.status_code == 422 and "请选择维保单位" in refused.text
    assert officer.send(f"{place}/repairer", repairer=str(other.id)).status_code == 303
    assert [repairer_of(city, n) for n in range(4)] == [other.id] * 4
    assert officer.send(f"{place}/repairer", repairer=str(other.id)).status_code == 409
    assert officer.send(f"{lift}/repairer", repairer="none").status_code == 303
    told = officer.get(place).text
    assert "未设定" in told and "3 台" in told and "全台电梯设定维保单位" in told
    assert "不再有维保单位" in officer.get(lift).text
    handler = city.browser(Role.CLAIMS_HANDLER)
    assert "设定维保单位…" not in handler.get(lift).text
    assert handler.send(f"{lift}/repairer", repairer=str(other.id)).status_code == 403


def test_the_part_that_is_insured_is_one_figure_everywhere(city: City) -> None:
    """4 of 6 lifts are 66.67 %, half up, on the public's page, the officer's home and the estates page."""
    with city.unit() as session:
        make_lifts(session, 2, prefix="U")
    officer = city.visitors.login_as(Role.OFFICER)
    for page in (city.visitors.browser().get("/").text, officer.get("/").text, officer.get("/estates").text):
        assert "66.67%" in page and "66.66%" not in page


def test_a_page_after_the_last_is_the_last(city: City) -> None:
    """An address that is too far on shows the last rows there are, in each of the lists."""
    officer = city.visitors.login_as(Role.OFFICER)
    row = re.compile('<tr role="row">.*?</tr>', re.DOTALL)
    for path in ("/estates", f"/estates/{city.community.id}", "/policies"):
        shown = row.findall(officer.get(path).text)
        assert len(shown) > 1 and row.findall(officer.get(f"{path}?page=99").text) == shown


def test_a_repairer_sees_its_own_lifts_alone(city: City) -> None:
    """Another repairer's lift, community and fault are not found, and no list has them."""
    fault = city.fault()
    mine = city.visitors.login_as(Role.REPAIRER)
    other = city.visitors.login_as(Role.REPAIRER, city.visitors.organisation("repairer", "另一电梯维保"))
    for path in (f"/estates/{city.community.id}", f"/estates/lifts/{city.lifts[0].id}", f"/faults/{fault.id}"):
        assert mine.get(path).status_code == 200
        assert other.get(path).status_code == 404
    assert "示例苑" in mine.get("/estates").text and "示例苑" not in other.get("/estates").text
    assert "停住不动" in mine.get("/").text and "停住不动" not in other.get("/").text
    assert len(mine.get("/api/v1/estates/lifts").json["data"]) == 4
    assert other.get("/api/v1/estates/lifts").json["data"] == other.get("/api/v1/faults").json["data"] == []
    assert other.send(f"/faults/{fault.id}/work", verb="acknowledge").status_code == 404


def test_a_community_sees_its_own_lifts_alone(city: City) -> None:
    """Its people find their community with its lifts counted; those of another find nothing."""
    for role in (Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER):
        own = city.visitors.login_as(role, city.organisation)
        other = city.visitors.login_as(role, city.visitors.organisation("community", "别处社区"))
        assert own.get("/").status_code == other.get("/").status_code == 200
        assert "示例苑" in own.get("/estates").text and "示例苑" not in other.get("/estates").text
        (place,) = own.get("/api/v1/estates/communities").json["data"]
        assert (place["lifts"], place["insured"]) == (4, 4)
        assert len(own.get("/api/v1/estates/lifts").json["data"]) == 4
        assert other.get("/api/v1/estates/lifts").json["data"] == []


def test_the_repairer_is_set_by_program(city: City) -> None:
    """The list of repairers, a community, a lift; a wrong organisation is refused and changes nothing."""
    officer = city.visitors.login_as(Role.OFFICER)
    other = city.visitors.organisation("repairer", "另一电梯维保")
    names = [one["name"] for one in officer.get("/api/v1/estates/repairers").json["data"]]
    assert sorted(names) == sorted(["另一电梯维保", "示例repairer"])
    place, lift = f"/communities/{city.community.id}/repairer", f"/lifts/{city.lifts[0].id}/repairer"
    assert post(officer, place, organisation_id=str(other.id)).json == {"lifts": 4}
    assert post(officer, lift, organisation_id=None).json == {"lifts": 1}
    refused = post(officer, lift, organisation_id=str(city.organisation.id))
    assert (refused.status_code, refused.json["code"]) == (422, "repairer_not_found")
    assert post(officer, lift).status_code == 422
    assert repairer_of(city, 0) is None
    shown = officer.get("/api/v1/estates/lifts").json["data"]
    assert [one["repairer"] for one in shown] == [None, *["另一电梯维保"] * 3]


def test_an_operator_names_repairer_and_place(city: City) -> None:
    """`gongbao estate repairer`: by names; what is unknown or said twice is refused."""
    other = city.visitors.organisation("repairer", "另一电梯维保")
    with city.unit() as session:
        assert sorted(repairer_desk.names(session)) == sorted(["另一电梯维保", "示例repairer"])
        assert repairer_desk.appoint(session, Asked(other.name, "示例苑", "", "", False), at=city.now) == 4
        assert repairer_desk.appoint(session, Asked("", "", "", "L00001", True), at=city.now) == 1
        for asked, code in (
            (Asked("没有", "示例苑", "", "", False), "repairer_unknown"),
            (Asked(other.name, "示例苑", "", "L00001", False), "repairer_asked_wrong"),
            (Asked("", "示例苑", "", "", False), "repairer_asked_wrong"),
        ):
            with pytest.raises(Invalid, match=code):
                repairer_desk.appoint(session, asked, at=city.now)
        for asked, code in (
            (Asked(other.name, "没有", "", "", False), "community_not_found"),
            (Asked(other.name, "", "", "没有", False), "lift_number_unknown"),
        ):
            with pytest.raises(NotFound, match=code):
                repairer_desk.appoint(session, asked, at=city.now)
    assert (repairer_of(city, 0), repairer_of(city, 1)) == (None, other.id)
