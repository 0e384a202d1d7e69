"""Runs the steps on the connection that the caller hands over; the caller has imported the rooms' models."""

from __future__ import annotations

import re
from collections.abc import Mapping

from alembic import context

from core.db import Model

#: Tables that no model describes: the clock's one row, partitions, and the job queue's own.
UNMODELLED = re.compile(r"clock_offset|transfer_(rehearsal|p\d+)|procrastinate_.*|alembic_version")


def is_modelled(name: str | None, kind: str, parents: Mapping[str, str | None]) -> bool:
    """Say whether a comparison with the models looks at this object."""
    return not (kind == "table" and name is not None and UNMODELLED.fullmatch(name))


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Model.metadata,
    compare_type=True,
    include_name=is_modelled,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
