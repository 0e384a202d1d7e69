"""Token buckets in the database: how often something may be asked for, whichever machine answers.

A bucket is one instant, the one at which it is full again: taking a token moves it on by the interval, and where that
would be further away than the whole bucket holds, the answer is no. One statement, no lost update, no clean-up.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, delete, text
from sqlalchemy.orm import Session

from core.errors import Refusal
from web.accounts import RateBucket


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `burst` at once, and one more every `every_s` seconds."""

    name: str
    burst: int
    every_s: int


#: 8 tries at once and one more every 17 minutes: under 100 a day for one account, wherever they come from.
LOGIN_ACCOUNT = Limit("login-account", 8, 1020)
LOGIN_ADDRESS = Limit("login-address", 120, 5)
CODE_ACCOUNT = Limit("code", 6, 300)
#: Proofs behind a sign-in have tries of their own: an outsider who empties the others keeps nobody from paying.
PROOF_ACCOUNT = Limit("proof", 8, 1020)
REHEARSE = Limit("rehearse", 6, 20)
CALCULATE = Limit("calculate", 60, 1)


class TooMany(Refusal):
    """The bucket is empty; try again after `retry_s` seconds (429)."""

    status = 429

    def __init__(self, retry_s: int, limit: Limit) -> None:
        super().__init__("too_many_requests", retry_s=retry_s)
        self.retry_s = retry_s
        self.limit = limit


_TAKE = text(
    "INSERT INTO rate_bucket AS b (key, full_at) VALUES (:key, clock_timestamp() + make_interval(secs => :every))"
    " ON CONFLICT (key) DO UPDATE"
    " SET full_at = greatest(b.full_at, clock_timestamp()) + make_interval(secs => :every)"
    " WHERE greatest(b.full_at, clock_timestamp()) + make_interval(secs => :every)"
    " <= clock_timestamp() + make_interval(secs => :whole)"
    " RETURNING extract(epoch FROM full_at - clock_timestamp())::bigint"
)
_LEFT = text(
    "SELECT ceil(extract(epoch FROM full_at - clock_timestamp()) + :every - :whole)::bigint"
    " FROM rate_bucket WHERE key = :key"
)


def take(engine: Engine, limit: Limit, key: str) -> int:
    """Take one token of the bucket of `key`; return how many are left. Raises TooMany where there is none.

    Its own short transaction, so that a request that fails afterwards has still cost its token.
    """
    whole = limit.burst * limit.every_s
    values = {"key": f"{limit.name}:{key}", "every": limit.every_s, "whole": whole}
    with Session(engine.execution_options(isolation_level="READ COMMITTED")) as session, session.begin():
        used_s = session.scalar(_TAKE, values)
        if used_s is not None:
            return max(0, (whole - int(used_s)) // limit.every_s)
        retry_s = session.scalar(_LEFT, values)
    raise TooMany(max(1, int(retry_s or 1)), limit)


def give_back(engine: Engine, limit: Limit, key: str) -> None:
    """Fill the bucket of `key`: after a sign-in that succeeded."""
    with Session(engine.execution_options(isolation_level="READ COMMITTED")) as session, session.begin():
        session.execute(delete(RateBucket).where(RateBucket.key == f"{limit.name}:{key}"))


def sweep(session: Session) -> None:
    """Remove the buckets that are full: the worker's nightly work."""
    session.execute(text("DELETE FROM rate_bucket WHERE full_at < clock_timestamp()"))
