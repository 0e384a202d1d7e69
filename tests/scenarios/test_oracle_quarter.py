"""One full quarter of a four-member pool, through the real verbs, agrees with the hand-worked figures to the fen."""

from __future__ import annotations

import copy
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from claims.rehearsal import rehearse
from core.errors import Invalid
from tests.scenarios import oracle_quarter as oracle


def test_every_figure_of_the_quarter(engine: Engine) -> None:
    """Splits, statements, trial balances, remittances and carries are the oracle's."""
    result = rehearse(engine, oracle.FILE)
    assert result["splits_fen"] == oracle.SPLITS
    assert result["statement_fen"] == oracle.STATEMENT
    assert result["remitted_gross_fen"] == oracle.REMITTED_GROSS
    assert result["trial_balance_after_close_fen"] == oracle.AFTER_CLOSE
    assert result["trial_balance_after_settlement_fen"] == oracle.AFTER_SETTLEMENT
    assert result["carries"] == oracle.CARRIES


def test_a_rehearsal_keeps_nothing(engine: Engine) -> None:
    """After a rehearsal, no table holds a row that it made."""
    rehearse(engine, oracle.FILE)
    with engine.connect() as connection:
        for table in ("book", "period", "entry", "transfer", "stream_item", "policy", "claim", "audit_event"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table


def _with(number: int, **changes: Any) -> dict[str, Any]:
    file = copy.deepcopy(oracle.FILE)
    file["events"][number - 1].update(changes)
    return file


def _repeat(number: int) -> dict[str, Any]:
    file = copy.deepcopy(oracle.FILE)
    file["events"].insert(number, copy.deepcopy(file["events"][number - 1]))
    return file


@pytest.mark.parametrize(
    ("file", "number", "reason"),
    [
        (_repeat(2), 3, "stage_refuses"),
        (_repeat(5), 6, "stage_refuses"),
        (_repeat(17), 18, "stage_refuses"),
        (_repeat(15), 16, "stage_refuses"),
        (_with(16, amount_fen=14_762_001), 16, "funding_too_large"),
        (_with(14, refund_fen=112_746), 14, "refund_differs"),
        (_with(12, by="lead"), 12, "all_must_agree"),
        (_with(13, id="C2"), 13, "stage_refuses"),
        (_with(4, policy="P9"), 4, "id_unknown"),
        (_with(4, on="2025-12-31"), 4, "claim_before_inception"),
    ],
)
def test_an_event_that_cannot_be_is_refused(engine: Engine, file: dict[str, Any], number: int, reason: str) -> None:
    """An event that the state of affairs does not allow is refused with its number and reason."""
    with pytest.raises(Invalid) as caught:
        rehearse(engine, file)
    assert (caught.value.facts["number"], caught.value.facts["reason"]) == (number, reason)


def test_a_claim_on_the_day_of_inception_is_played(engine: Engine) -> None:
    """The cover begins with the day of inception: a claim dated that day is played, one of the day before is not."""
    policy = next(one for one in oracle.EVENTS if one["event"] == "premium_written" and one["id"] == "P1")
    for days, is_refused in ((0, False), (-1, True)):
        on = (date.fromisoformat(policy["on"]) + timedelta(days)).isoformat()
        claim = {"id": "C0", "on": on, "event": "claim_approved", "policy": "P1", "amount_fen": 100, "by": "lead"}
        file = {"agreement": oracle.AGREEMENT, "events": [policy, claim]}
        if is_refused:
            with pytest.raises(Invalid) as caught:
                rehearse(engine, file)
            assert caught.value.facts["reason"] == "claim_before_inception"
            assert caught.value.findings[0].facts["number"] == "C0"
        else:
            assert rehearse(engine, file)["splits_fen"]["C0"] == [45, 25, 20, 10]


def test_unknown_fields_are_refused(engine: Engine) -> None:
    """Every field that the format does not know is named, in the agreement and in events alike."""
    file = copy.deepcopy(oracle.FILE)
    file["agreement"]["lead_fee"] = 5
    file["events"][0]["premium"] = 1
    file["events"][1]["on"] = "2026-02-30"
    file["events"][3]["amount_fen"] = 1.9
    with pytest.raises(Invalid) as caught:
        rehearse(engine, file)
    found = {(finding.where, finding.code) for finding in caught.value.findings}
    assert found == {
        ("agreement.lead_fee", "field_unknown"),
        ("events[1].premium", "field_unknown"),
        ("events[2].on", "not_a_date"),
        ("events[4].amount_fen", "not_a_whole_number"),
    }


@pytest.mark.parametrize(
    ("changes", "where", "code"),
    [
        ({"shares_bp": None}, "agreement.shares_bp", "shares_or_weights"),
        ({"shares_bp": [5000, 5000]}, "agreement.members", "members_do_not_fit"),
        ({"lead": "E"}, "agreement.lead", "lead_not_a_member"),
        ({"shares_bp": [4500, 2500, 2000, 1001]}, "agreement.shares_bp", "weights_do_not_sum"),
        ({"collection": "both"}, "agreement.collection", "not_one_of"),
        ({"day_count": 12}, "agreement.day_count", "out_of_range"),
        ({"year": None}, "agreement.year", "field_missing"),
    ],
)
def test_an_agreement_that_cannot_be(engine: Engine, changes: dict[str, Any], where: str, code: str) -> None:
    """Shares, lead and terms that do not fit together are refused before anything is played."""
    file = copy.deepcopy(oracle.FILE)
    for name, value in changes.items():
        if value is None:
            del file["agreement"][name]
        else:
            file["agreement"][name] = value
    with pytest.raises(Invalid, match="event_file_invalid") as caught:
        rehearse(engine, file)
    assert (where, code) in {(finding.where, finding.code) for finding in caught.value.findings}


@pytest.mark.parametrize(
    ("data", "code"), [([], "not_an_object"), ({"agreement": {}, "events": [{}]}, "event_unknown")]
)
def test_what_is_no_event_file(engine: Engine, data: object, code: str) -> None:
    """A value that is no object, and an event without a known name, are told as such."""
    with pytest.raises(Invalid) as caught:
        rehearse(engine, data)
    assert code in {finding.code for finding in caught.value.findings}


def _then(number: int, **event: Any) -> dict[str, Any]:
    file = copy.deepcopy(oracle.FILE)
    file["events"].insert(number, event)
    return file


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (_then(1, id="P1", on="2026-01-13", event="premium_written", gross_fen=1, lifts=1), "id_taken"),
        (_then(5, id="C1", on="2026-02-03", event="adjuster_paid_by_lead"), "cost_not_approved"),
        (_then(22, id="Q1", on="2026-03-31", event="statement_settled"), "period_not_closed"),
    ],
)
def test_events_out_of_turn(engine: Engine, file: dict[str, Any], reason: str) -> None:
    """An id stands for one thing, a cost is approved before it is paid, a period closed before it is settled."""
    with pytest.raises(Invalid, match="event_refused") as caught:
        rehearse(engine, file)
    assert caught.value.facts["reason"] == reason


def test_weights_of_any_whole(engine: Engine) -> None:
    """Thirds over a whole of 3 are an agreement too; the carries are in thirds of a fen."""
    agreement = {**oracle.AGREEMENT, "members": ["B", "A", "C"], "weights": [1, 1, 1], "whole": 3}
    del agreement["shares_bp"]
    result = rehearse(engine, {"agreement": agreement, "events": [*oracle.EVENTS[:2]]})
    # The lead is first in its stream wherever the file names it; the file's own order is kept in what is printed.
    assert result["splits_fen"]["P1"]["vat"] == [116468, 116468, 116468]
    assert result["statement_fen"] == {}
    assert sum(result["carries"]["premium_net"]) == 0


def test_premium_not_remitted_stands_on_its_own_line(engine: Engine) -> None:
    """Premium collected and not passed on by the close is in the balance, as a line of its own."""
    events = [*oracle.EVENTS[:2], {"id": "Q1", "on": "2026-03-31", "event": "period_closed"}]
    statement = rehearse(engine, {"agreement": oracle.AGREEMENT, "events": events})["statement_fen"]
    assert statement["unremitted_premium"] == [None, 1543200, 1234560, 617280]
    assert [line and line < 0 for line in statement["lead_fee_and_vat"]] == [None, True, True, True]
    assert sum(statement["balance"]) == 6172800
    assert "unremitted_premium" not in rehearse(engine, oracle.FILE)["statement_fen"]
