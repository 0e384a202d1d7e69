"""What stands in the database that no model describes, so that a comparison with the models leaves it alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: The clock's one row, partitions of transfers, and the job queue's own tables.
UNMODELLED = re.compile(r"clock_offset|transfer_(rehearsal|p\d+)|procrastinate_.*|alembic_version")


def is_modelled(name: str | None, kind: str, parents: Mapping[Any, str | None]) -> bool:
    """Say whether a comparison with the models looks at this object."""
    return not (kind == "table" and name is not None and UNMODELLED.fullmatch(name))
