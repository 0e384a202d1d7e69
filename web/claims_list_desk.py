"""Lists of claims as their pages and their API take, list and tell them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import IO, Any, BinaryIO, cast

from flask import url_for
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, aliased

from claims import lists
from claims.list_models import ClaimsList, ClaimsListRow
from claims.models import Claim, Fault
from core.errors import Finding, Invalid
from core.parties import Person
from core.permits import Actor, may
from underwriting import sent_lists
from underwriting.models import Policy, Pool
from underwriting.sent_lists import Sent
from web.claims_list import LIMITS, SCHEMA
from web.errors import words
from web.finance_work import Work
from web.formats import number, t, yuan
from web.jobs import defer
from web.keeping import settings, store_in
from web.listing import Query
from web.tables import clean_name, read_table

#: So long the first page of who sent or approved a list tells that it was filed.
_TOLD_FOR = timedelta(days=3)
_READ, _FILE = "read_claims_list", "file_claims_list"
#: Field of a list -> its words.
FIELDS = {one.name: (one.label_zh, one.label_en) for one in SCHEMA.fields}


def keep_sent(stream: IO[bytes], filename: str | None, chosen: Mapping[str, str], sheet: str | None) -> Sent:
    """Keep a file in the store and return how it was sent; refuses what is no table with these columns."""
    with read_table(stream, filename, LIMITS, sheet=sheet) as table:
        mapping = SCHEMA.completed(chosen, table.headers)
        SCHEMA.check(mapping, table.headers)
    stream.seek(0)
    digest, _ = store_in(settings()).put(cast(BinaryIO, stream), limit=LIMITS.file_bytes)
    return Sent(clean_name(filename), digest, mapping.columns, sheet)


def begin(session: Session, pool: Pool, sent: Sent, *, on: date, by: Actor, at: datetime) -> ClaimsList:
    """Return a new list whose file the worker will read, queued in this transaction. Refuses as the room does."""
    row = lists.begin(session, pool, sent, on=on, by=by, at=at)
    defer(session, _READ, {"list_id": str(row.id)}, lock=f"claims_list:{row.id}")
    return row


def approve_claims_list(session: Session, list_id: uuid.UUID, *, by: Actor, at: datetime) -> ClaimsList:
    """Return a list, approved and its filing queued in this transaction. Refuses as the room does."""
    row = sent_lists.lock(session, ClaimsList, list_id)
    sent_lists.approve(session, row, by=by, at=at)
    defer(session, _FILE, {"list_id": str(row.id)}, lock=f"claims_list:{row.id}")
    return row


def of_pool(session: Session, pool_id: int, list_id: uuid.UUID, who: Actor) -> ClaimsList:
    """Return a list of a pool that an actor may see; NotFound `claims_list_not_found`."""
    return sent_lists.of_pool(session, ClaimsList, pool_id, list_id, who)


def listed_for(who: Actor, pool_id: int) -> Select[Any]:
    """Return the query of a pool's lists that an actor may see, newest first, with who sent and approved them."""
    sender, approver = aliased(Person), aliased(Person)
    query = (
        sent_lists.visible_to(ClaimsList, who)
        .where(ClaimsList.pool_id == pool_id)
        .outerjoin(sender, sender.id == ClaimsList.made_by)
        .outerjoin(approver, approver.id == ClaimsList.approved_by)
        .with_only_columns(
            *(getattr(ClaimsList, name) for name in _SHOWN),
            sender.name.label("sender"),
            approver.name.label("approver"),
        )
    )
    return cast(Select[Any], query.order_by(ClaimsList.made_at.desc(), ClaimsList.id.desc()))


_SHOWN = (
    *("id", "pool_id", "name", "digest", "on", "stage", "line_count", "claim_count", "fault_count", "asked_fen"),
    *("made_at", "made_by", "approved_at", "posted_at", "stopped_code"),
)


def rows_of(row: ClaimsList) -> Query:
    """Return the query of a list's rows in the order of its file, each with its claim once it is filed."""
    query = (
        select(
            ClaimsListRow.line,
            ClaimsListRow.number,
            Policy.number.label("policy"),
            Fault.number.label("fault"),
            ClaimsListRow.what,
            ClaimsListRow.asked_fen,
            ClaimsListRow.allowed_fen,
            ClaimsListRow.reason,
            Claim.id.label("claim_id"),
            Claim.stage.label("claim_stage"),
        )
        .join(Policy, Policy.id == ClaimsListRow.policy_id)
        .outerjoin(Fault, Fault.id == ClaimsListRow.fault_id)
        .outerjoin(Claim, (Claim.number == ClaimsListRow.number) & (row.stage == "posted"))
        .where(ClaimsListRow.claims_list_id == row.id)
        .order_by(ClaimsListRow.line)
    )
    return cast(Query, query)


def told_faults(found: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield faults (line, code, field, facts) as they are shown: row, field in words, what is wrong in words."""
    for line, code, field, facts in found:
        said = words(Finding(code, field, {**facts, "row": line, "column": facts.get("column", field)}))
        name = t(*FIELDS[field]) if field in FIELDS else ""
        yield {"row": line or None, "field": name, "column": facts.get("column", ""), "what": said, "code": code}


def places(session: Session, who: Actor) -> list[tuple[str, str]]:
    """Return (pool, address) of the lists of the pools that an actor's organisation leads, newest first."""
    if not may(who, "claims_list.read"):
        return []
    query = select(Pool.id, Pool.name).where(Pool.id.in_(who.led_pools)).order_by(Pool.id.desc())
    return [(row[1], url_for("claims_lists.index", pool_id=row[0])) for row in session.execute(query)]


def stopped_words(code: str) -> str:
    """Return why an approved list could not be filed."""
    return words(Invalid(code))


def lists_to_do(session: Session, who: Actor) -> list[Work]:
    """Return the lists of the pools one leads that wait: for a second person's approval, or to be corrected."""
    found: list[Work] = []
    if not who.led_pools:
        return found
    query = sent_lists.visible_to(ClaimsList, who).order_by(ClaimsList.made_at)
    if may(who, "claims_list.approve"):
        waiting = query.where(ClaimsList.stage == "checked", ClaimsList.made_by.is_distinct_from(who.person_id))
        found += [_work(row, t("批准赔案名单", "Approve a list of claims")) for row in session.scalars(waiting)]
    if may(who, "claims_list.send"):
        faulty = query.where(ClaimsList.stage == "faulty", ClaimsList.made_by == who.person_id)
        title = t("更正有误的赔案名单", "Correct a faulty list of claims")
        found += [_work(row, title) for row in session.scalars(faulty)]
    return found


def _work(row: ClaimsList, title: str) -> Work:
    if row.stage == "faulty":
        note = t("{name}，{n} 处有误", "{name}, {n} faults", name=row.name, n=number(row.fault_count))
    else:
        note = t(
            "{name}，{n} 个赔案，报损 {sum}",
            "{name}, {n} claims, {sum} asked for",
            name=row.name,
            n=number(row.claim_count),
            sum=yuan(row.asked_fen),
        )
    if row.stopped_code:
        note = t("上次未能入账。", "It could not be filed. ") + note
    href = url_for("claims_lists.one", pool_id=row.pool_id, list_id=row.id)
    return Work(title, href, note, kind="claims_list", stage=row.stage)


def posted_links(session: Session, who: Actor, at: datetime) -> list[tuple[str, str]]:
    """Return (words, address) of the lists that one sent or approved and that were filed in the last days."""
    if who.person_id is None or not who.led_pools:
        return []
    query = sent_lists.visible_to(ClaimsList, who).where(
        ClaimsList.stage == "posted",
        ClaimsList.posted_at > at - _TOLD_FOR,
        or_(ClaimsList.made_by == who.person_id, ClaimsList.approved_by == who.person_id),
    )
    said = t("{name}：{n} 个赔案，报损 {sum}", "{name}: {n} claims, {sum} asked for")
    return [
        (
            said.format(name=row.name, n=number(row.claim_count), sum=yuan(row.asked_fen)),
            url_for("claims_lists.one", pool_id=row.pool_id, list_id=row.id),
        )
        for row in session.scalars(query.order_by(ClaimsList.posted_at.desc()).limit(5))
    ]
