"""What a plant is: one corruption by the superuser, whom no wall stops, and the invariant that must name it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from tests.invariants.story import Story

#: What a plant does where SQL alone cannot: on the open transaction, with the story at hand.
Deed = Callable[[Connection, Story], None]


@dataclass(frozen=True)
class Plant:
    """One corruption. `deeds` are statements, or functions of the transaction and the story; each must change rows."""

    id: str
    name: str
    deeds: tuple[str | Deed, ...]

    def __str__(self) -> str:
        return f"{self.id}: {self.name}"


def plant(invariant: str, name: str, *deeds: str | Deed) -> Plant:
    """Return a plant."""
    return Plant(invariant, name, deeds)


def drop(table: str, *constraints: str) -> str:
    """Return the statement that takes named constraints off a table."""
    return f"ALTER TABLE {table} " + ", ".join(f"DROP CONSTRAINT {name}" for name in constraints)
