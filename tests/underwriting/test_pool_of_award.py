"""A pool formed from an award: the awarded numbers, nothing typed in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.db import unit_of_work
from core.errors import Conflict, Forbidden
from core.permits import SYSTEM
from core.server import Urls
from tests.makers_tender import AWARDED, make_contracted
from tests.makers_town import make_town
from underwriting import pools
from underwriting.terms import TERM_NAMES, Terms


def test_a_pool_has_the_awarded_members_shares_window_and_terms(engine: Engine, place: Urls, tmp_path: Path) -> None:
    """共保体照中标数字成立：成员次序、份额、期限、费率和条款都与中标决定相同。"""
    town = make_town(engine, place, tmp_path)
    numbers = make_contracted(town)
    with unit_of_work(engine, SYSTEM) as session:
        pool = pools.form_from_award(session, numbers, by=town.approver, at=AWARDED)
        agreement = pools.agreements(session, pool.id)[0]
        shares = pools.shares_of(session, agreement)
        assert tuple(zip(shares.members, shares.weights.weights, strict=True)) == numbers.members
        assert (pool.lead_id, pool.award_id) == (numbers.lead_id, numbers.award_id)
        assert (agreement.effective_on, agreement.ends_on) == (numbers.starts_on, numbers.ends_on)
        # What the award says nothing of is nothing: no deductible, no limit.
        assert {name: getattr(agreement, name) for name in TERM_NAMES} == {**Terms().as_dict(), **numbers.terms}
        assert agreement.service_standard == numbers.service_standard
        assert pool.name == "示例市住宅电梯综合保险共保体（ZB-2026-001）"


def test_an_award_makes_one_pool_and_the_approver_makes_it(engine: Engine, place: Urls, tmp_path: Path) -> None:
    """一个中标决定只成立一个共保体，由审批人办理。"""
    town = make_town(engine, place, tmp_path)
    numbers = make_contracted(town)
    with pytest.raises(Forbidden), unit_of_work(engine, SYSTEM) as session:
        pools.form_from_award(session, numbers, by=town.officer, at=AWARDED)
    with unit_of_work(engine, SYSTEM) as session:
        pools.form_from_award(session, numbers, "第一", by=town.approver, at=AWARDED)
    with pytest.raises(Conflict) as refused, unit_of_work(engine, SYSTEM) as session:
        pools.form_from_award(session, numbers, "第二", by=town.approver, at=AWARDED)
    assert refused.value.code == "award_has_pool"
