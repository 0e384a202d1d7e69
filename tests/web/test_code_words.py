"""A refusal is told in the reader's words: no code of a stage, a verb, a role or an action is left in it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from claims.settlements import RECOVERY_KINDS
from core.errors import Conflict
from core.parties import ORGANISATION_KINDS
from core.permits import ACTIONS, Role
from core.stages import Moves, allowed, step
from web.code_words import ASKED, CODED, ORGANISATIONS, RECOVERIES, facts_in_words
from web.kinds import KINDS, VERBS, kind_words, verb_words
from web.messages import catalogue, told
from web.states import STATES

#: The tables of moves, by the kind under which they are passed to `step`.
TABLES: dict[str, Moves] = {
    kind: getattr(importlib.import_module(module), name)
    for kind, module, name in (
        ("tender", "tender.stages", "TENDER_MOVES"),
        ("bid", "tender.stages", "BID_MOVES"),
        ("policy", "underwriting.stages", "POLICY_MOVES"),
        ("refund", "underwriting.stages", "REFUND_MOVES"),
        ("fault", "claims.stages", "FAULT_MOVES"),
        ("claim", "claims.stages", "CLAIM_MOVES"),
        ("cash_call", "claims.stages", "CASH_CALL_MOVES"),
        ("claim_cost", "claims.stages", "COST_MOVES"),
        ("period", "ledger.stages", "PERIOD_MOVES"),
        ("statement", "ledger.stages", "STATEMENT_MOVES"),
    )
}
CODE = re.compile(r"[A-Za-z_]{2,}")


def refusals(kind: str) -> Iterator[Conflict]:
    """Yield the refusal of every cell that a table of moves does not have."""
    moves = TABLES[kind]
    for stage in sorted({stage for stage, _ in moves} | set(moves.values())):
        for verb in sorted({verb for _, verb in moves}):
            if (stage, verb) not in moves:
                with pytest.raises(Conflict) as caught:
                    step(moves, stage, verb, kind=kind)
                yield caught.value


@pytest.mark.parametrize("kind", TABLES)
def test_a_refused_step_is_told_without_a_code(kind: str) -> None:
    """Whatever is asked of a record in whatever stage, the Chinese sentence holds no Latin word."""
    for refusal in refusals(kind):
        said = told(refusal.code, refusal.facts, is_english=False)
        assert not CODE.search(said), said
        in_english = told(refusal.code, refusal.facts, is_english=True)
        assert "_" not in in_english and "…" not in in_english, in_english


def test_a_refused_step_reads_as_a_sentence() -> None:
    """State, step and what can be done now, each by its own word; a record that is done says so."""
    facts = {"kind": "policy", "stage": "received", "verb": "receive", "allowed": ["remit"]}
    assert told("stage_refuses", facts, is_english=False) == (
        "此保单现为“已收费”，不能“登记保费到账”。现在可以办理：划付保费。"
    )
    assert told("stage_refuses", facts, is_english=True) == (
        "This policy is at “Received”, where “book the premium as received” cannot be done. What can be done now: "
        "remit the premium."
    )
    assert told("stage_refuses", {**facts, "stage": "remitted", "allowed": []}, is_english=False).endswith(
        "现在可以办理：无，已办结。"
    )


def test_a_halted_tender_resumes_by_one_word() -> None:
    """The stages from which a tender was suspended share one word, and it is told once."""
    facts = {"kind": "tender", "stage": "suspended", "verb": "open", "allowed": allowed(TABLES["tender"], "suspended")}
    assert facts_in_words("stage_refuses", facts, is_english=False)["allowed"].count("恢复招标") == 1


@pytest.mark.parametrize("kind", TABLES)
def test_every_verb_has_words(kind: str) -> None:
    """Every verb of a table has its words, no word stands for a verb that is not there, and two verbs differ."""
    verbs = {verb for _, verb in TABLES[kind]}
    assert set(VERBS[kind]) == verbs
    for place in (0, 1):
        words = [pair[place] for verb, pair in VERBS[kind].items() if not verb.startswith("resume_")]
        assert len(set(words)) == len(words)


def test_every_kind_of_record_has_a_name() -> None:
    """What has states has a name; what has neither is shown by its code rather than hidden."""
    without_states = {"balance", "returned_payment"}
    assert set(KINDS) == set(STATES) | without_states, "these are open in a run-off, and have no states"
    assert kind_words("dance") == ("dance", "dance")
    assert verb_words("dance", "begin") == ("begin", "begin")


def test_every_action_role_and_kind_has_words() -> None:
    """A role that may not do something is told both in words."""
    assert set(ASKED) == set(ACTIONS)
    assert set(ORGANISATIONS) == set(ORGANISATION_KINDS)
    assert set(RECOVERIES) == set(RECOVERY_KINDS)
    for action in ACTIONS:
        for role in Role:
            said = told("role_may_not", {"action": action, "role": role.value}, is_english=False)
            assert not CODE.search(said), said


def test_what_the_reader_is_to_type_keeps_its_code() -> None:
    """Lists of what a command takes name each word with its code."""
    said = told("role_unknown", {"role": "dancer", "roles": ["officer"]}, is_english=False)
    assert "经办（officer）" in said
    said = told("organisation_kind_unknown", {"kind": "shop", "kinds": list(ORGANISATION_KINDS)}, is_english=True)
    assert "bureau, insurer" in said


def test_every_coded_fact_stands_in_its_sentence() -> None:
    """A rule for a fact that its sentence does not name would never be used."""
    for code, name in CODED:
        assert "{" + name + "}" in catalogue()[code][0], (code, name)


def test_an_instant_is_told_in_the_citys_time() -> None:
    """What is kept in UTC is read in Beijing; a list of plain facts keeps every one of them."""
    until = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert told("publicity_runs", {"until": until}, is_english=False).startswith(
        "公示期到 北京时间 2026-11-23 17:30 为止"
    )
    assert "2026-11-23 17:30 Beijing time" in told("publicity_runs", {"until": until}, is_english=True)
    exact = until.replace(second=5)
    assert facts_in_words("x", {"until": exact, "shares": [50, 50]}, is_english=True) == {
        "until": "2026-11-23 17:30:05 Beijing time",
        "shares": "50, 50",
    }


def test_a_gap_in_the_shares_is_told_as_a_percentage() -> None:
    """What caps lack, or floors exceed, is told in per cent; the facts keep the part of 1 for programs."""
    for code in ("undersubscribed", "oversubscribed_floors"):
        for is_english in (False, True):
            said = told(code, {"gap": "0.4", "gap_bp": 4000}, is_english=is_english)
            assert "40.00%" in said and "0.4" not in said
