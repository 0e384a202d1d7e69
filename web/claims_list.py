"""A list of claims from file to books: read, held against the books by rows, tried by the rules of a single claim."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import IO, Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from claims import list_filing, list_trial, lists
from claims.adjusting import AssessedLine
from claims.list_models import ClaimsList
from claims.lists import ListedClaim, ListedLine
from claims.models import Claim, Fault
from core.clock import CITY
from core.db import instant, run_in_unit
from core.errors import Finding, Invalid
from core.permits import SYSTEM, Actor, Role
from underwriting import sent_lists
from underwriting.models import Lift, Policy, Pool
from web import sent_work
from web.cells import Day, Fen, Limits, Text, Whole
from web.row_schema import ColumnMapping, Field, GoodRow, RowSchema
from web.sent_work import broken_off
from web.tables import read_table

#: The columns of a list of claims: a row is a line of a claim's bill, the claim is named by its number.
SCHEMA = RowSchema(
    (
        Field("number", "赔案号", "Claim", Text(40), True, ("赔案编号", "赔案", "claim number", "claim no")),
        Field("policy", "保单号", "Policy", Text(60), True, ("保单号码", "保单", "policy number")),
        Field("fault", "故障编号", "Fault", Whole(1, 10**15), False, ("故障号", "报修编号", "fault number")),
        Field("lift", "电梯编号", "Lift", Text(60), False, ("设备号", "注册代码", "lift number")),
        Field("loss_on", "出险日", "Loss day", Day(), False, ("出险日期", "事故日期", "loss date", "date of loss")),
        Field("title", "事由", "About", Text(200), False, ("出险原因", "说明", "description")),
        Field("what", "费用项目", "Item", Text(200), False, ("项目", "费用名称", "cost item")),
        Field("asked_fen", "报损金额", "Asked for", Fen(1), True, ("估损", "索赔金额", "金额", "estimate", "asked")),
        Field("allowed_fen", "核定金额", "Allowed", Fen(), False, ("核定", "定损金额", "allowed amount")),
        Field("reason", "核减原因", "Reason", Text(500), False, ("核减理由", "备注", "reason for less")),
    )
)

#: What the file of a list may cost.
LIMITS = Limits(rows=20_000)


@dataclass(slots=True)
class Read:
    """A list as read: how many rows, the claims of the rows that are in order, what is wrong with the others."""

    lines: int = 0
    claims: list[ListedClaim] = field(default_factory=list)
    faults: list[tuple[int, Finding]] = field(default_factory=list)


def read(session: Session, pool: Pool, stream: IO[bytes], name: str, columns: Mapping[str, str], sheet: str | None,
         on: date) -> Read:  # fmt: skip
    """Return what a file of claims says, held against the policies, faults and claims in the books.

    `on` is the day that it is booked on; nothing is lost later. Refuses what `web.tables` and `RowSchema.check` refuse,
    and Invalid `claims_list_too_long`.
    """
    found = Read()
    with read_table(stream, name, LIMITS, sheet=sheet) as table:
        mapping = SCHEMA.completed(columns, table.headers)
        reader = SCHEMA.reader(table, ColumnMapping(mapping.columns))
        reader.findings.most = LIMITS.rows * len(SCHEMA.fields)
        rows = list(reader)
    found.lines = reader.rows_read
    by_header = {header: name for name, header in mapping.columns.items()}
    for finding in reader.findings.listed:
        line, header = finding.facts["row"], str(finding.facts["column"])
        found.faults.append((int(str(line)), Finding(finding.code, by_header.get(header, ""), finding.facts)))
    books = _Books(session, pool, rows, on)
    grouped: dict[str, list[GoodRow]] = {}
    for row in rows:
        grouped.setdefault(row.values["number"], []).append(row)
    if len(grouped) > lists.CLAIMS_MOST:
        raise Invalid("claims_list_too_long", most=lists.CLAIMS_MOST)
    incomplete = {row.values.get("number") for row in reader.faulty}
    for number, group in grouped.items():
        faults = list(books.faults(number, group))
        found.faults += faults
        if not faults and number not in incomplete:
            found.claims.append(books.claim(number, group))
    return found


#: What a claim's rows say of the claim itself: once, or the same on every row.
_OF_THE_CLAIM = ("policy", "fault", "lift", "loss_on", "title")


class _Books:
    """What the books say of a list's policies, faults, lifts and numbers, asked once for all its rows."""

    def __init__(self, session: Session, pool: Pool, rows: Sequence[GoodRow], on: date) -> None:
        def named(field: str) -> list[Any]:
            return list({row.values[field] for row in rows if row.values[field] is not None})

        self.on = on
        mine = select(Policy).where(Policy.pool_id == pool.id, Policy.number.in_(named("policy")))
        self.policies = {one.number: one for one in session.scalars(mine)}
        self.taken = set(session.scalars(select(Claim.number).where(Claim.number.in_(named("number")))))
        numbered = select(Fault.number, Fault.id).where(Fault.number.in_(named("fault")))
        self.by_number = {row[0]: row[1] for row in session.execute(numbered)}
        self.lifts = set(session.scalars(select(Lift.number).where(Lift.number.in_(named("lift")))))
        day = func.date(func.timezone(CITY.key, Fault.reported_at))
        at_lifts = select(Lift.number, day, Fault.number, Fault.id).join(Lift, Lift.id == Fault.lift_id)
        at_lifts = at_lifts.where(Lift.number.in_(named("lift")), day.in_(named("loss_on")), Fault.stage != "withdrawn")
        self.at_lift: dict[tuple[str, date], list[tuple[int, uuid.UUID]]] = {}
        for lift, loss_on, number, fault_id in session.execute(at_lifts.order_by(Fault.number)):
            self.at_lift.setdefault((lift, loss_on), []).append((number, fault_id))

    def faults(self, number: str, rows: Sequence[GoodRow]) -> Iterator[tuple[int, Finding]]:
        """Yield what is wrong with a claim's rows beside their cells."""
        first = rows[0]
        said = self._said(rows)
        for row in rows[1:]:
            for name in _OF_THE_CLAIM:
                if row.values[name] not in (None, said[name]):
                    yield row.number, Finding("claims_list_rows_differ", name, {"number": number, "line": first.number})
        if number in self.taken:
            yield first.number, Finding("claims_list_number_taken", "number", {"number": number})
        policy = self.policies.get(said["policy"])
        if policy is None:
            yield first.number, Finding("claims_list_policy_unknown", "policy", {"policy": said["policy"]})
        day = said["loss_on"]
        if day is not None and day > self.on:
            yield first.number, Finding("claims_list_day_after_booking", "loss_on", {"day": day, "on": self.on})
        elif day is not None and policy is not None and not policy.inception_on <= day < policy.expires_on:
            facts = {"day": day, "policy": policy.number, "first": policy.inception_on, "last": policy.expires_on}
            yield first.number, Finding("claims_list_day_outside_policy", "loss_on", facts)
        yield from ((first.number, finding) for finding in self._place(said))

    def _place(self, said: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong with the fault or the lift that a claim names."""
        if said["fault"] is not None:
            if said["fault"] not in self.by_number:
                yield Finding("claims_list_fault_unknown", "fault", {"fault": said["fault"]})
            return
        if said["lift"] is None:
            return
        if said["lift"] not in self.lifts:
            yield Finding("claims_list_lift_unknown", "lift", {"lift": said["lift"]})
        elif said["loss_on"] is None:
            yield Finding("claims_list_lift_needs_day", "loss_on", {"lift": said["lift"]})
        elif len(found := self.at_lift.get((said["lift"], said["loss_on"]), [])) != 1:
            facts = {"lift": said["lift"], "day": said["loss_on"], "faults": ", ".join(str(one[0]) for one in found)}
            yield Finding("claims_list_faults_several" if found else "claims_list_lift_without_fault", "lift", facts)

    def claim(self, number: str, rows: Sequence[GoodRow]) -> ListedClaim:
        """Return the claim of rows that are in order."""
        said = self._said(rows)
        fault_id = self.by_number.get(said["fault"])
        if fault_id is None and said["lift"] is not None:
            fault_id = self.at_lift[said["lift"], said["loss_on"]][0][1]
        title = said["title"] or rows[0].values["what"] or number
        return ListedClaim(
            number, self.policies[said["policy"]].id, fault_id, title, tuple(_line(row, title) for row in rows)
        )

    @staticmethod
    def _said(rows: Sequence[GoodRow]) -> dict[str, Any]:
        """Return what a claim's rows say of it, each by the first row that says it."""
        return {
            name: next((row.values[name] for row in rows if row.values[name] is not None), None)
            for name in _OF_THE_CLAIM
        }


def _line(row: GoodRow, title: str) -> ListedLine:
    asked, allowed = row.values["asked_fen"], row.values["allowed_fen"]
    told = AssessedLine(
        row.values["what"] or title, asked, asked if allowed is None else allowed, row.values["reason"] or ""
    )
    return ListedLine(row.number, told)


def checked(engine: Engine, pool: Pool, found: Read, sender: uuid.UUID | None) -> Read:
    """Return a list with what the verbs of a single claim refuse of it added to its faults; nothing is kept."""
    by = Actor(sender, pool.lead_id, Role.CLAIMS_HANDLER, "insurer", frozenset({pool.id}))
    refused = run_in_unit(engine, by, lambda session: list_trial.tried(session, found.claims, by=by))
    return replace(found, faults=sorted([*found.faults, *refused], key=lambda one: one[0]))


def read_now(engine: Engine, list_id: uuid.UUID, stream: IO[bytes]) -> None:
    """Read a list's file whole and keep what it says; one that is no longer being read is left as it is."""

    def begun(session: Session) -> tuple[ClaimsList, Pool, Read]:
        row = sent_lists.get(session, ClaimsList, list_id, SYSTEM)
        pool = session.get_one(Pool, row.pool_id)
        if row.stage != "reading":
            return row, pool, Read()
        # The work may be done again, and the file is then at its end.
        stream.seek(0)
        try:
            return row, pool, read(session, pool, stream, row.name, row.columns, row.sheet, row.on)
        except Invalid as broken:
            return row, pool, Read(faults=broken_off(broken))

    row, pool, found = run_in_unit(engine, SYSTEM, begun)
    if row.stage != "reading":
        return
    told = checked(engine, pool, found, row.made_by)

    def work(session: Session) -> None:
        standing = sent_lists.lock(session, ClaimsList, list_id)
        if standing.stage == "reading":
            at = instant(session)
            lists.keep(session, standing, told.lines, told.claims, told.faults, by=SYSTEM, at=at)

    run_in_unit(engine, SYSTEM, work)


def file_now(engine: Engine, list_id: uuid.UUID) -> None:
    """File an approved list in one unit of work; where that is refused its approval is taken back.

    One that is not approved, or is filed already, is left as it is. Raises what refused it; Conflict `busy` leaves the
    approval, for the filing to be asked for again.
    """

    def post(session: Session, row: ClaimsList) -> None:
        list_filing.file(session, row, by=SYSTEM, at=instant(session))

    sent_work.post_now(engine, ClaimsList, list_id, post, lists.taken)
