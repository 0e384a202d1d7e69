"""Who may sign in and which programs may call, as the log tells it: accounts and tokens."""

from __future__ import annotations

from core.checks import Invariant
from core.log_columns import WHEN, Logged, are_logged, fact

LOGGED: tuple[Logged, ...] = (
    Logged(
        "user_account",
        ("account.created",),
        {"person_id": fact("person", "uuid"), "made_at": WHEN},
        kind="account",
    ),
    Logged(
        "api_token",
        ("token.made",),
        {"mandate_id": fact("mandate", "uuid"), "made_at": WHEN, "expires_at": fact("expires_at", "timestamptz")},
        kind="token",
    ),
    Logged("api_token", ("token.revoked",), {"revoked_at": WHEN}, kind="token"),
)

INVARIANT = Invariant(
    "INV-A10-accounts",
    "账号与接口令牌所属的人、授权与各时刻，和日志一致",
    "Whose every account and every token is, and from when to when, is what the log says",
    are_logged(LOGGED),
)
