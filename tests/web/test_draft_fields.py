"""A tender's draft between its forms and its row: read, written, refused field by field."""

from __future__ import annotations

from datetime import datetime

import pytest
from werkzeug.datastructures import MultiDict

from core.clock import CITY
from core.errors import Invalid
from tender.rules.plan import Profile
from web.draft_fields import DraftField, read_section, read_value, write_value
from web.draft_sections import BY_NAME, SECTIONS, section_of
from web.forms import hex_field, mark_of
from web.tender_drafts import copied, proposed, read_criteria, values_of, with_section

AT = datetime(2026, 3, 2, 10, 0, tzinfo=CITY)
DRAFT = proposed("ZB-1", "示例", Profile.TENDER, AT)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_a_section_shown_and_saved_unchanged_changes_nothing(section: object) -> None:
    """每一节原样保存，草稿不变。"""
    form = MultiDict(values_of(DRAFT, section))  # type: ignore[arg-type]
    for row, item in enumerate(DRAFT.criteria):
        form.update({f"name_{row}": item.name, f"weight_{row}": f"{item.weight_hundredths // 100}"})
    assert with_section(DRAFT, section, form) == DRAFT  # type: ignore[arg-type]


def test_cover_is_said_or_left_out() -> None:
    """免赔与限额不填即无，公告里就没有；填了就按金额与百分比读。"""
    section = BY_NAME["agreement"]
    form = values_of(DRAFT, section)
    assert form["deductible_fen"] == form["aggregate_limit_fen"] == ""
    said = with_section(DRAFT, section, MultiDict({**form, "deductible_bp": "5", "limit_fen": "500,000.00"}))
    assert dict(said.agreement_terms) == {**DRAFT.agreement_terms, "deductible_bp": 500, "limit_fen": 50_000_000}


def test_every_wrong_field_of_a_section_is_named_at_once() -> None:
    """一节中的错误一次全部指出，不猜测、不取整。"""
    form = values_of(DRAFT, BY_NAME["basics"]) | {
        "lift_count": "1.9",
        "budget_fen": "１２",
        "starts_on": "2026-02-30",
        "title": "  ",
        "profile": "X",
    }
    with pytest.raises(Invalid) as refused:
        read_section(BY_NAME["basics"], form)
    found = {finding.where: finding.code for finding in refused.value.findings}
    assert found == {
        "title": "draft_field_empty",
        "profile": "draft_field_wrong",
        "starts_on": "draft_field_wrong",
        "lift_count": "draft_field_wrong",
        "budget_fen": "invalid_amount",
    }


def test_a_wrong_row_of_criteria_is_named_by_its_field() -> None:
    """评分项写错，指出是哪一行哪一格。"""
    with pytest.raises(Invalid) as refused:
        read_criteria(MultiDict({"name_0": "甲", "weight_0": "四十", "name_1": "", "weight_1": "10"}))
    assert {finding.where for finding in refused.value.findings} == {"weight_0", "name_1"}


def test_a_copy_keeps_the_terms_and_proposes_new_dates() -> None:
    """复制上一年的招标：条款沿用，日期重新建议。"""
    later = copied(DRAFT, "ZB-2", AT.replace(year=2027))
    assert (later.number, later.criteria, later.allocation) == ("ZB-2", DRAFT.criteria, DRAFT.allocation)
    assert later.deadline_at.year == 2027 and later.starts_on > DRAFT.starts_on


def test_a_finding_leads_to_the_section_that_mends_it() -> None:
    """每条规则都指向能改正它的一节。"""
    assert [section_of(where) for where in ("bond_fen", "documents_to_on", "agreement_terms.vat_bp", "cap_bp")] == [
        "basics",
        "dates",
        "agreement",
        "shares",
    ]


@pytest.mark.parametrize("typed", ["86.555", "-1", "八十", "", "1e2", "８６"])
def test_a_mark_is_a_plain_decimal(typed: str) -> None:
    """分数只写半角数字，最多两位小数。"""
    with pytest.raises(Invalid):
        mark_of(typed, "m")


def test_bytes_are_hexadecimal_of_the_right_length() -> None:
    """公钥和份额按十六进制完整填写。"""
    assert hex_field({"k": " AB\ncd "}, "k", 2) == b"\xab\xcd"
    for wrong in ("abc", "zz11", ""):
        with pytest.raises(Invalid):
            hex_field({"k": wrong}, "k", 2)


def test_percentages_go_to_basis_points_without_binary_fractions() -> None:
    """百分数按万分数读写，没有浮点误差。"""
    field = DraftField("cap_bp", "", "", "percent")
    for points in (0, 1, 99, 2910, 3333, 10_000):
        assert read_value(field, write_value(field, points)) == points
