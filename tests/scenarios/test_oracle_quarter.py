"""One full quarter of a four-member pool, through the real verbs, agrees with the hand-worked figures to the fen."""

from __future__ import annotations

import copy
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
    ],
)
def test_an_event_that_cannot_be_is_refused(engine: Engine, file: dict[str, Any], number: int, reason: str) -> None:
    """An event that the state of affairs does not allow is refused with its number and reason."""
    with pytest.raises(Invalid) as caught:
        rehearse(engine, file)
    assert (caught.value.facts["number"], caught.value.facts["reason"]) == (number, reason)


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
