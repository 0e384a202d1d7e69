"""Who acts for whom, as the log tells it: mandates, given and ended."""

from __future__ import annotations

from core.checks import Invariant
from core.log_columns import Logged, are_logged, fact

LOGGED: tuple[Logged, ...] = (
    Logged(
        "mandate",
        ("mandate.given",),
        {
            "person_id": fact("person", "uuid"),
            "organisation_id": fact("organisation", "uuid"),
            "role": fact("role"),
            "valid_from": fact("from", "date"),
        },
    ),
    Logged("mandate", ("mandate.ended",), {"valid_to": fact("on", "date")}),
)

INVARIANT = Invariant(
    "INV-A10-core",
    "授权所记的人、机构、角色与起止日，和日志一致",
    "Who acts for whom, in which role and from when to when, is what the log says",
    are_logged(LOGGED),
)
