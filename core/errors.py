"""Refusals: how a rule says no, in one shape that the edge turns into a page, a problem document or an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar


class Refusal(Exception):
    """A rule said no. `code` is stable (snake_case) and has its words in the edge's catalogue; `facts` fill them in.

    Raise one of the four kinds, never this class itself: `Invalid` (the input is wrong), `NotFound` (there is no
    such thing, or the actor may not know of it), `Forbidden` (may be seen, not done), `Conflict` (the state of
    affairs does not allow it now).
    """

    status: ClassVar[int]

    def __init__(self, code: str, /, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        """Return the code and its facts, for logs and test output."""
        facts = ", ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.code}({facts})"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one place of the input: `where` names the field, or the row and column (`row 7, amount`)."""

    code: str
    where: str
    facts: dict[str, object] = field(default_factory=dict)


class Invalid(Refusal):
    """The input is wrong and says where: `findings` lists every wrong place at once (422)."""

    status = 422

    def __init__(self, code: str, /, findings: Sequence[Finding] = (), **facts: object) -> None:
        super().__init__(code, **facts)
        self.findings: tuple[Finding, ...] = tuple(findings)


class NotFound(Refusal):
    """There is no such thing, or the actor may not know that there is (404)."""

    status = 404


class Forbidden(Refusal):
    """The actor may see this thing but not do this with it (403)."""

    status = 403


class Conflict(Refusal):
    """The state of affairs does not allow this now; the facts say which state and what would (409)."""

    status = 409
