"""Pages of faults: the list and its filters, the clocks, the steps, the queues."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import event

from claims.models import Fault
from core.permits import Role
from tests.visitors import Visitors
from tests.web.estate_makers import City, make_city


@pytest.fixture
def city(visitors: Visitors) -> City:
    """A small insured city."""
    return make_city(visitors)


def stage_of(city: City, fault: Fault) -> str:
    """Return where a fault stands."""
    with city.unit() as session:
        return session.get_one(Fault, fault.id).stage


def test_a_fault_is_worked_from_report_to_acceptance(city: City) -> None:
    """A repairer takes a fault, arrives, repairs; the community accepts: each step by the server's instant."""
    fault = city.fault()
    repairer = city.visitors.login_as(Role.REPAIRER)
    assert "等待接单" in repairer.get("/").text
    for verb in ("acknowledge", "arrive", "repair"):
        answer = repairer.send(f"/faults/{fault.id}/work", verb=verb)
        assert answer.status_code == 303, answer.text
    assert repairer.send(f"/faults/{fault.id}/acceptance", verb="accept").status_code == 403
    manager = city.visitors.login_as(Role.PROPERTY_MANAGER, city.organisation)
    assert manager.send(f"/faults/{fault.id}/acceptance", verb="accept").status_code == 303
    assert stage_of(city, fault) == "accepted"
    page = manager.get(f"/faults/{fault.id}").text
    assert "验收" in page and "接单响应" in page


def test_the_four_clocks_stand_on_a_fault_with_somebody_inside(city: City) -> None:
    """A trapped passenger starts the clock of arrival beside response, half a day and longest."""
    fault = city.fault(is_trapped=True)
    page = city.browser(Role.CLAIMS_HANDLER).get(f"/faults/{fault.id}").text
    for words in ("响应", "到场救援", "半个工作日内修复", "最长修复时限", "有人被困在轿厢内"):
        assert words in page
    assert "未困人" in city.browser(Role.CLAIMS_HANDLER).get(f"/faults/{city.fault(lift=1).id}").text


def test_sending_a_repair_back_needs_its_reason(city: City) -> None:
    """Without a reason nothing changes and the page asks for one; with it the fault is open again."""
    fault = city.fault()
    repairer = city.visitors.login_as(Role.REPAIRER)
    for verb in ("acknowledge", "arrive", "repair"):
        repairer.send(f"/faults/{fault.id}/work", verb=verb)
    manager = city.visitors.login_as(Role.PROPERTY_MANAGER, city.organisation)
    refused = manager.send(f"/faults/{fault.id}/acceptance", verb="reopen", note="  ")
    assert refused.status_code == 422 and "须写明理由" in refused.text
    assert stage_of(city, fault) == "repaired"
    assert manager.send(f"/faults/{fault.id}/acceptance", verb="reopen", note="仍有异响").status_code == 303
    assert stage_of(city, fault) == "on_site"
    assert "仍有异响" in manager.get(f"/faults/{fault.id}").text


def test_a_step_out_of_order_is_refused_and_changes_nothing(city: City) -> None:
    """A fault that nobody took cannot be repaired."""
    fault = city.fault()
    answer = city.visitors.login_as(Role.REPAIRER).send(f"/faults/{fault.id}/work", verb="repair")
    assert answer.status_code == 409
    assert stage_of(city, fault) == "reported"


def test_a_step_goes_only_through_its_own_door(city: City) -> None:
    """A verb of another permission is not taken at this address."""
    fault = city.fault()
    repairer = city.visitors.login_as(Role.REPAIRER)
    assert repairer.send(f"/faults/{fault.id}/work", verb="accept").status_code == 422
    assert repairer.send(f"/faults/{fault.id}/work", verb="").status_code == 422
    assert repairer.get(f"/faults/{fault.id}/ask/withdraw").status_code == 403
    assert stage_of(city, fault) == "reported"


def test_another_community_does_not_know_of_the_fault(city: City) -> None:
    """A property manager sees the faults of its own lifts only."""
    fault = city.fault()
    stranger = city.visitors.login_as(Role.PROPERTY_MANAGER, city.visitors.organisation("community", "别处社区"))
    assert stranger.get(f"/faults/{fault.id}").status_code == 404
    assert "共 0 行" in stranger.get("/faults").text
    assert stranger.send(f"/faults/{fault.id}/acceptance", verb="accept").status_code == 404


def test_an_insurer_outside_the_pool_does_not_know_of_the_fault(city: City) -> None:
    """An insurer sees the faults on lifts that its own pools cover."""
    fault = city.fault()
    stranger = city.visitors.login_as(Role.CLAIMS_HANDLER, city.visitors.organisation("insurer", "外来财险"))
    assert stranger.get(f"/faults/{fault.id}").status_code == 404
    assert stranger.send(f"/faults/{fault.id}/work", verb="acknowledge").status_code == 404
    assert stage_of(city, fault) == "reported"


def test_a_follower_looks_on_and_is_offered_nothing(city: City) -> None:
    """The lead's handler has the steps on the fault's page and in its queue; a follower's has none and is refused."""
    fault = city.fault()
    lead, follower = city.browser(Role.CLAIMS_HANDLER), city.browser(Role.CLAIMS_HANDLER, 1)
    for page in (f"/faults/{fault.id}", "/"):
        assert "接单响应" in lead.get(page).text
        told = follower.get(page).text
        assert "接单响应" not in told and "撤回报修" not in told and "停住不动" in told
    assert "由这台电梯的维保单位和承保首席" in follower.get(f"/faults/{fault.id}").text
    refused = follower.send(f"/faults/{fault.id}/work", verb="acknowledge")
    assert refused.status_code == 403 and "由这台电梯的维保单位和承保首席" in refused.text
    headers = {"X-CSRFToken": follower.token()}
    answer = follower.post(f"/api/v1/faults/{fault.id}/acknowledge", json={}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (403, "fault_of_another_desk")
    assert follower.get(f"/faults/{fault.id}/ask/withdraw").status_code == 403
    assert stage_of(city, fault) == "reported"
    assert lead.send(f"/faults/{fault.id}/work", verb="acknowledge").status_code == 303


def test_the_list_is_filtered_and_exported_as_filtered(city: City) -> None:
    """What the filters let through is what the export holds, and nothing in it is a formula."""
    city.fault(lift=0)
    city.fault(lift=1, is_trapped=True)
    browser = city.browser(Role.CLAIMS_HANDLER)
    assert "共 2 行" in browser.get("/faults").text
    assert "共 1 行" in browser.get("/faults?q=L00002").text
    assert "共 1 行" in browser.get("/faults?trapped=yes").text
    assert "共 0 行" in browser.get("/faults?stage=accepted").text
    answer = browser.get("/faults?trapped=yes&as=csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["lift_number"] for row in rows] == ["L00002"]
    assert rows[0]["is_trapped"] == "yes"


@pytest.mark.parametrize("query", ["q=%25%5F", "since=2026-13-40", "sort=-no", "page=0", "page=9999", "q=９"])
def test_a_strange_filter_breaks_nothing(city: City, query: str) -> None:
    """Whatever stands in the address, the list answers; a control character is refused in words."""
    browser = city.browser(Role.CLAIMS_HANDLER)
    assert browser.get(f"/faults?{query}").status_code == 200
    assert browser.get("/faults?q=%00").status_code == 422


def test_a_list_of_faults_asks_the_database_as_often_for_fifty_as_for_two(city: City) -> None:
    """The number of queries does not grow with the rows."""
    browser = city.browser(Role.CLAIMS_HANDLER)
    counts = []
    for more in (2, 20):
        for place in range(more):
            city.fault(100 + place, lift=place % 4)
        asked: list[str] = []

        def count(_c, _u, statement, *_rest, asked=asked):  # type: ignore[no-untyped-def]
            asked.append(statement)

        event.listen(city.visitors.engine, "before_cursor_execute", count)
        assert browser.get("/faults").status_code == 200
        event.remove(city.visitors.engine, "before_cursor_execute", count)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_queue_puts_people_inside_first_and_then_the_earliest_due(city: City) -> None:
    """Somebody inside comes before what is due earlier."""
    city.fault(25, lift=0)
    city.fault(2, lift=1, is_trapped=True)
    page = city.browser(Role.CLAIMS_HANDLER).get("/").text
    assert page.index("L00002") < page.index("L00001")


def test_a_repairer_sees_people_inside_before_its_own_jobs(city: City) -> None:
    """有人被困的，无论接单与否，排在手上其他活的前面。"""
    ordinary = city.fault(25, lift=0)
    repairer = city.visitors.login_as(Role.REPAIRER)
    assert repairer.send(f"/faults/{ordinary.id}/work", verb="acknowledge").status_code == 303
    city.fault(2, lift=1, is_trapped=True)
    page = repairer.get("/").text
    assert page.index("L00002") < page.index("我接的单") < page.index("L00001")


def test_while_somebody_is_inside_the_rescue_is_what_counts(city: City) -> None:
    """The list shows the arrival's clock, overrun or not, and never a later one that is still in time."""
    city.fault(120, is_trapped=True)
    page = city.visitors.login_as(Role.OFFICER).get("/faults").text
    assert "到场救援" in page and "已过" in page and "半个工作日内修复" not in page
