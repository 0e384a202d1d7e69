"""The tasks that jobs name: each takes what it stands on and its own arguments, and opens its own units of work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from core import audit
from core.db import run_in_unit
from core.permits import SYSTEM
from core.settings import Settings
from web import limits


@dataclass(frozen=True, slots=True)
class Bench:
    """What a task stands on."""

    settings: Settings
    engine: Engine


Task = Callable[..., None]


def sequence_log(bench: Bench) -> None:
    """Give every committed event its place in the log."""
    audit.sequence(bench.engine)


def sweep_limits(bench: Bench) -> None:
    """Remove the rate buckets that are full again."""
    run_in_unit(bench.engine, SYSTEM, limits.sweep)


#: name -> task. A job names one of these.
TASKS: Mapping[str, Task] = {
    "sequence_log": sequence_log,
    "sweep_limits": sweep_limits,
}
