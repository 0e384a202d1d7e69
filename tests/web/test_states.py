"""Every stage that a record can reach has its words and its shape, the same on page, paper and in the API."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from core.permits import Role
from web.book_words import account_words
from web.states import ROLES, STATES, role_words, state_of

#: The tables of moves, by the kind of record they are for.
TABLES = {
    "tender": ("tender.stages", "TENDER_MOVES"),
    "bid": ("tender.stages", "BID_MOVES"),
    "policy": ("underwriting.stages", "POLICY_MOVES"),
    "refund": ("underwriting.stages", "REFUND_MOVES"),
    "fault": ("claims.stages", "FAULT_MOVES"),
    "claim": ("claims.stages", "CLAIM_MOVES"),
    "cash_call": ("claims.stages", "CASH_CALL_MOVES"),
    "claim_cost": ("claims.stages", "COST_MOVES"),
    "period": ("ledger.stages", "PERIOD_MOVES"),
    "statement": ("ledger.stages", "STATEMENT_MOVES"),
}


def stages() -> Iterator[tuple[str, str]]:
    """Yield every (kind, stage) that some table of moves starts from or leads to."""
    for kind, (module, table) in TABLES.items():
        moves = getattr(importlib.import_module(module), table)
        yield from sorted({(kind, stage) for (start, _), end in moves.items() for stage in (start, end)})


@pytest.mark.parametrize(("kind", "stage"), list(stages()))
def test_every_stage_has_words(kind: str, stage: str) -> None:
    """No stage is ever shown by its name in the code."""
    assert stage in STATES[kind]


def test_a_state_is_a_word_and_a_shape_never_colour_alone() -> None:
    """Within one kind of record two stages differ in their word, and each has a known tone and shape."""
    shapes = {"ring", "half", "dot", "tick", "cross", "triangle", "pause", "lock", "dash", "square"}
    for kind, known in STATES.items():
        assert len({state.zh for state in known.values()}) == len(known), kind
        assert len({state.en for state in known.values()}) == len(known), kind
        for state in known.values():
            assert state.tone in {"quiet", "live", "good", "wait", "stop"} and state.shape in shapes


def test_an_unknown_state_is_shown_by_its_name() -> None:
    """What has no words yet is shown rather than hidden."""
    assert state_of("tender", "new_stage").zh == "new_stage"
    assert account_words("9999:A") == ("9999", "9999")


def test_every_role_has_words() -> None:
    """The head of each page says in whose name and as what one acts."""
    assert set(ROLES) == {role.value for role in Role}
    assert role_words("gardener") == ("gardener", "gardener")
