"""What is sent to the API at random: cases made from its description, by roles that may, about things of the world."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks
from sqlalchemy import select

from core.db import unit_of_work
from core.parties import actor_of, mandates_of
from core.permits import SYSTEM
from tests.depth import DEPTH
from tests.rules.matrix import Call, is_hidden, role_may
from tests.rules.seats import Seat
from tests.rules.walking import Walk, rehearsed
from tests.rules.world import NOW
from web import shell
from web.accounts import User, add_token
from web.messages import catalogue

#: What every answer is held to: no fault of ours, declared, and no for what the description does not allow.
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]


#: A refused bid is noted in the log, in a transaction of its own: nothing else is written by what is refused.
LOG = {"audit_event", "audit_leaf", "audit_node"}


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the tables whose rows have changed, but for the log."""
    return sorted(name for name in after if name not in LOG and after[name] != before[name])


@contextmanager
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have every request done and then rolled back, so that thousands of them leave the world as it was."""
    with monkeypatch.context() as patched:
        patched.setattr(shell, "unit_of_work", rehearsed)
        yield


@dataclass
class Fuzz:
    """Tries the operations of the API on a world."""

    walk: Walk
    tokens: dict[str, str] = field(default_factory=dict)
    tried: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    without: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        config = schemathesis.config.SchemathesisConfig(wait_for_schema=None)
        self.schema = schemathesis.openapi.from_wsgi("/api/openapi.json", self.walk.table.app, config=config)
        with unit_of_work(self.walk.engine, SYSTEM) as session:
            for seat in self.walk.seats:
                if seat.person_id is None:
                    continue
                user = session.scalars(select(User).where(User.person_id == seat.person_id)).one()
                mandate = next(
                    one for one in mandates_of(session, seat.person_id, NOW.date()) if one.id == seat.mandate_id
                )
                _, token = add_token(session, user.id, mandate, "接口", 30, by=actor_of(mandate), at=NOW)
                self.tokens[seat.name] = token

    def pairs(self, method: str, path: str) -> list[tuple[Call, Seat]]:
        """Return who may ask for an operation about which thing, a stranger to nothing; each role once a thing."""
        return [
            (call, seat)
            for call in self.walk.calls
            if (call.method, call.path) == (method, path)
            for seat in self.walk.seats
            if seat.relation == "own" and role_may(call, seat) and not is_hidden(call, seat)
        ]

    def run(self, mode: GenerationMode, count: int) -> None:
        """Try every operation with `count` cases of a mode, for each of as many pairs as the depth allows."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # answers that are files are dropped unread
            for found in self.schema.get_all_operations():
                operation = found.ok()
                if mode is GenerationMode.NEGATIVE and not has_input(operation):
                    continue
                pairs = self.pairs(operation.method.upper(), operation.path)
                assert pairs, operation.label
                for call, seat in pairs[:: max(1, len(pairs) // DEPTH)][:DEPTH]:
                    try:
                        self._try(_cases(operation, mode, call), seat, count)
                    except Unsatisfiable:  # nothing that can be sent is forbidden
                        self.without.add(operation.label)
            gc.collect()

    def _try(self, cases: Any, seat: Seat, count: int) -> None:
        @settings(
            max_examples=count,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases)
        def run(case: Case) -> None:
            self._ask(case, seat)

        run()

    def _ask(self, case: Case, seat: Seat) -> None:
        self.tried += 1
        headers = {"Authorization": f"Bearer {self.tokens[seat.name]}"} if seat.name in self.tokens else {}
        answer = case.call(headers=headers)
        try:
            case.validate_response(answer, checks=CHECKS)
        except (Failure, FailureGroup) as failed:
            parts = failed.exceptions if isinstance(failed, FailureGroup) else [failed]
            told = "; ".join(f"{type(one).__name__}: {one}".replace("\n", " ")[:300] for one in parts)
            self._note(case, seat, f"{told} {self.walk.faults[-1:] if answer.status_code >= 500 else ''}")
        if answer.status_code >= 400:
            self.refused += 1
            said = answer.json()
            codes = [said["code"], *(one["code"] for one in said.get("errors", ()))]
            if not said["detail"] or not set(codes) <= set(catalogue()) or "input_refused" in codes:
                self._note(case, seat, f"told by {codes}: {said['detail']}")

    def _note(self, case: Case, seat: Seat, told: str) -> None:
        sent = f"{case.formatted_path} {dict(case.query or {})} {case.body!r}"[:300]
        self.wrong.append(f"{seat.name} {case.operation.label} {sent}: {told}")


def has_input(operation: Any) -> bool:
    """Say whether a request can be wrong at all; bytes cannot be, whatever they hold is for the reader of bytes."""
    is_bytes = any(body.media_type == "application/octet-stream" for body in operation.body)
    return bool(operation.path_parameters or operation.query or (operation.body and not is_bytes))


def _cases(operation: Any, mode: GenerationMode, call: Call) -> Any:
    """Return how cases of a mode are made, about the call's thing unless nothing but the thing can be wrong."""
    is_bare = mode is GenerationMode.NEGATIVE and not operation.body and not operation.query
    params = {name: str(value) for name, value in call.params.items()}
    return operation.as_strategy(generation_mode=mode, path_parameters=None if is_bare or not params else params)
