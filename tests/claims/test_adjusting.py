"""From a loss to what is payable: lines of a bill, deductible, limits, and the working."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.adjusting import AssessedLine, CoverTerms, Reduction, Step, adjust, allowed_loss
from core.errors import Invalid
from ledger.money import LIMIT_FEN

FEN = st.integers(0, LIMIT_FEN)
TERMS = st.builds(CoverTerms, FEN, st.integers(0, 10_000), st.none() | FEN, st.none() | FEN)


@pytest.mark.parametrize(
    ("loss", "deductible", "limit", "payable"),
    [
        (438_000, 0, None, 438_000),
        (438_000, 50_000, None, 388_000),
        (50_000, 50_000, None, 0),
        (49_999, 50_000, None, 0),
        (50_001, 50_000, None, 1),
        (438_000, 50_000, 388_000, 388_000),
        (438_000, 50_000, 387_999, 387_999),
        (438_000, 0, 0, 0),
        (0, 0, None, 0),
    ],
)
def test_a_loss_less_its_deductible_up_to_the_limit(
    loss: int, deductible: int, limit: int | None, payable: int
) -> None:
    """The deductible comes off the loss, the limit bounds what is left of it."""
    assert adjust(loss, CoverTerms(deductible, 0, limit)).payable_fen == payable


def test_the_higher_of_two_deductibles_counts() -> None:
    """免赔额 500.00 or 免赔率 5 %, whichever is higher."""
    terms = CoverTerms(50_000, 500)
    assert adjust(1_000_000, terms).payable_fen == 950_000
    assert adjust(1_000_010, terms).payable_fen == 950_009
    assert adjust(900_000, terms).payable_fen == 850_000


def test_the_working_shows_each_step_that_took_something_off() -> None:
    """Deductible, limit, and what other losses left of the aggregate limit, in that order with what was left."""
    adjustment = adjust(26_840_000, CoverTerms(50_000, 0, 20_000_000, 30_000_000), paid_before_fen=15_000_000)
    assert adjustment.steps == (
        Step(Reduction.DEDUCTIBLE, 50_000, 26_790_000),
        Step(Reduction.LIMIT, 6_790_000, 20_000_000),
        Step(Reduction.AGGREGATE_LIMIT, 5_000_000, 15_000_000),
    )
    assert adjustment.payable_fen == 15_000_000


def test_an_aggregate_limit_that_is_used_up_pays_nothing() -> None:
    """What the policy paid for other losses uses its limit up; nothing goes below nothing."""
    assert adjust(438_000, CoverTerms(aggregate_limit_fen=1_000_000), paid_before_fen=1_000_001).payable_fen == 0


def test_without_terms_the_loss_is_payable() -> None:
    """No deductible and no limit: the whole loss and no step."""
    adjustment = adjust(438_000, CoverTerms())
    assert (adjustment.payable_fen, adjustment.steps) == (438_000, ())


@settings(max_examples=300, deadline=None)
@given(FEN, TERMS, FEN)
def test_the_working_leads_from_the_loss_to_the_payment(loss: int, terms: CoverTerms, paid_before: int) -> None:
    """Each step takes something off what the one before left; payable lies between nothing, the loss and the limits."""
    adjustment = adjust(loss, terms, paid_before)
    left = loss
    for step in adjustment.steps:
        assert step.taken_fen > 0
        assert step.left_fen == left - step.taken_fen
        left = step.left_fen
    assert left == adjustment.payable_fen
    assert 0 <= adjustment.payable_fen <= max(0, loss - terms.deductible_fen)
    assert terms.limit_fen is None or adjustment.payable_fen <= terms.limit_fen
    if terms.aggregate_limit_fen is not None and adjustment.payable_fen:
        assert paid_before + adjustment.payable_fen <= terms.aggregate_limit_fen


@settings(max_examples=200, deadline=None)
@given(FEN, FEN, TERMS)
def test_a_larger_loss_never_pays_less(one: int, other: int, terms: CoverTerms) -> None:
    """Nobody gains by asking for less."""
    low, high = sorted((one, other))
    assert adjust(low, terms).payable_fen <= adjust(high, terms).payable_fen


@pytest.mark.parametrize(("loss", "paid_before"), [(-1, 0), (1, -1)])
def test_a_loss_is_not_less_than_nothing(loss: int, paid_before: int) -> None:
    """A negative loss would be a payment by the owner: refused."""
    with pytest.raises(Invalid, match="invalid_loss"):
        adjust(loss, CoverTerms(), paid_before)


def test_a_loss_has_the_limit_of_every_amount() -> None:
    """Beyond the limit of one amount nothing is adjusted."""
    with pytest.raises(Invalid, match="amount_too_large"):
        adjust(LIMIT_FEN + 1, CoverTerms())


@pytest.mark.parametrize("terms", [(-1, 0, None, None), (0, -1, None, None), (0, 10_001, None, None), (0, 0, -1, None)])
def test_terms_of_cover_are_amounts_and_parts(terms: tuple[int, int, int | None, int | None]) -> None:
    """No negative deductible or limit, and no part above the whole."""
    with pytest.raises(Invalid, match="invalid_cover_terms"):
        CoverTerms(*terms)


def test_a_bill_allows_the_sum_of_its_lines() -> None:
    """What was asked for and cut with a reason, added up."""
    lines = [
        AssessedLine("钢丝绳", 300_000, 300_000),
        AssessedLine("人工", 150_000, 138_000, "配件价格"),
        AssessedLine("广告牌", 9_900, 0, "不属保险责任"),
    ]
    assert allowed_loss(lines) == 438_000
    with pytest.raises(Invalid, match="bill_needs_lines"):
        allowed_loss([])


def test_every_wrong_line_of_a_bill_is_named() -> None:
    """Less than nothing, more than asked, cut without a reason: all findings at once, each with its line."""
    lines = [
        AssessedLine("人工", 100, 100),
        AssessedLine("人工", 100, -1, "reason"),
        AssessedLine("人工", 100, 101),
        AssessedLine("人工", 100, 99),
        AssessedLine("人工", 100, 99, "  "),
        AssessedLine(" ", 0, 0),
    ]
    with pytest.raises(Invalid, match="lines_refused") as refused:
        allowed_loss(lines)
    assert [(finding.code, finding.where) for finding in refused.value.findings] == [
        ("line_negative", "line 2"),
        ("line_above_asked", "line 3"),
        ("line_cut_without_reason", "line 4"),
        ("line_cut_without_reason", "line 5"),
        ("line_without_words", "line 6"),
        ("line_asks_nothing", "line 6"),
    ]
