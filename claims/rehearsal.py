"""A rehearsal: an event file played through the real verbs, on a pool of its own, in a transaction that is rolled back.

Insurers see what an agreement would do before they sign it, and anyone can check us with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from claims import closing, handling, settlements
from claims.event_file import EventFile, FileEvent, read
from claims.models import Claim, ClaimCost
from core import db
from core.clock import CITY
from core.errors import Conflict, Finding, Invalid, NotFound, Refusal
from core.parties import Organisation
from core.permits import SYSTEM, Actor, Role
from ledger import books, statements, streams
from ledger.models import Period
from ledger.rates import pro_rata
from ledger.reasons import Line
from underwriting import late_interest, policies, pools, premiums, settling
from underwriting.models import Agreement, Policy, Refund
from underwriting.pools import PoolPlan

Row = TypeVar("Row")

STREAMS = ("premium_net", "premium_vat", "claim", "adjusting_expense", "recovery")

#: The lines of the published result, in its order; one more stands where premium was collected and not remitted.
_LINES = (
    Line.RETURN_PREMIUM,
    Line.CLAIMS,
    Line.ADJUSTER,
    Line.RECOVERIES,
    Line.LEAD_FEE_AND_VAT,
    Line.UNPAID_CASH_CALL,
    Line.INTEREST,
)


def rehearse(engine: Engine, data: object, *, budget_s: int | None = None) -> dict[str, Any]:
    """Return what a file's agreement and events lead to, in fen, in the shape of the published oracle.

    Nothing is kept. Refuses Invalid `event_file_invalid` for its form, and Conflict or Invalid `event_refused` with the
    event's number and the refusal's own code where the state of affairs does not allow one; Conflict `rehearsals_busy`
    where others run, `rehearsal_too_long` (seconds, number) where it has not come to its end after `budget_s` seconds.
    """
    file = read(data)
    with db.rehearsal(engine, SYSTEM, budget_s=budget_s) as session:
        return _Play(session, file).run(budget_s)


class _Play:
    """One file being played: the pool it made, and what its ids stand for so far."""

    def __init__(self, session: Session, file: EventFile) -> None:
        self.session, self.file = session, file
        agreement = file.agreement
        order = sorted(range(len(agreement.members)), key=lambda place: agreement.members[place] != agreement.lead)
        self.names = tuple(agreement.members[place] for place in order)
        self.weights = tuple(agreement.weights[place] for place in order)
        self.ids = {name: self._organisation(name) for name in self.names}
        self.maker = self._actor(self.names[0], Role.FINANCE_MAKER)
        self.checker = self._actor(self.names[0], Role.FINANCE_CHECKER)
        self.signatory = self._actor(self.names[0], Role.SIGNATORY)
        self.policies: dict[str, Policy] = {}
        self.claims: dict[str, Claim] = {}
        self.refunds: dict[str, Refund] = {}
        self.costs: dict[str, list[ClaimCost]] = {}
        self.periods: dict[str, Period] = {}
        self.splits: dict[str, Any] = {}
        self.statements: dict[str, dict[str, list[int | None]]] = {}
        self.trial_balances: dict[str, dict[str, int]] = {}
        self.after_settlement: dict[str, int] | None = None
        self.remitted = dict.fromkeys(self.names, 0)

    def _organisation(self, name: str) -> uuid.UUID:
        """Return a member made for this rehearsal only."""
        number = db.new_id()
        title = f"rehearsal {number} {name}"[:100]
        row = Organisation(id=number, kind="insurer", name=title, short_name=name, sort_key="")
        self.session.add(row)
        return number

    def _actor(self, name: str, role: Role) -> Actor:
        """Return a person of a member."""
        return Actor(uuid.uuid4(), self.ids[name], role, "insurer")

    def run(self, budget_s: int | None) -> dict[str, Any]:
        """Play every event in order; return the result."""
        self.agreement = self._begin()
        for event in self.file.events:
            if budget_s is not None and db.seconds_open(self.session) >= budget_s:
                raise Conflict("rehearsal_too_long", seconds=budget_s, number=event.number)
            try:
                self._verbs()[event.event](event, _noon(event.on))
            except Refusal as refusal:
                raise _refused(event, refusal) from refusal
        return self._result()

    def _begin(self) -> Agreement:
        """Form the pool and open its periods: each ends with a close of the file, the last one stays open."""
        year = self.file.agreement.year
        plan = PoolPlan(
            name=f"rehearsal {self.ids[self.names[0]]}",
            members=tuple(zip(self.ids.values(), self.weights, strict=True)),
            whole=self.file.agreement.whole,
            effective_on=date(year, 1, 1),
            ends_on=date(year + 1, 1, 1),
            terms=self.file.agreement.terms,
            is_rehearsal=True,
        )
        at = _noon(date(year, 1, 1))
        self.session.flush()
        pool = pools.form(self.session, plan, by=self.maker, at=at)
        self.pool_id = pool.id
        start = min([date(year, 1, 1), *(event.on for event in self.file.events)])
        for event in self.file.events:
            if event.event == "period_closed" and event.id not in self.periods and event.on >= start:
                self.periods[event.id] = self._open(event.id, start, event.on)
                start = date.fromordinal(event.on.toordinal() + 1)
        self._open("rest", start, max(date(year + 10, 12, 31), start))
        return pools.agreement_on(self.session, pool.id, date(year, 1, 1))

    def _open(self, label: str, starts_on: date, ends_on: date) -> Period:
        days, at = (starts_on, ends_on), _noon(date(self.file.agreement.year, 1, 1))
        return statements.open_period(self.session, self.pool_id, label, *days, by=self.maker, at=at, is_rehearsal=True)

    def _verbs(self) -> Mapping[str, Callable[[FileEvent, datetime], None]]:
        """Return event name -> what plays it."""
        return {
            "premium_written": self._premium_written,
            "premium_received": self._premium_received,
            "premium_remitted": self._premium_remitted,
            "claim_approved": self._claim_approved,
            "claim_paid_by_lead": self._claim_paid_by_lead,
            "cash_call_issued": self._cash_call_issued,
            "cash_call_received": self._cash_call_received,
            "lead_funds_own_share_and_shortfall": self._lead_funds,
            "claim_paid_from_pool_money": self._claim_paid_from_pool_money,
            "adjuster_approved": self._adjuster_approved,
            "adjuster_paid_by_lead": self._adjuster_paid,
            "premium_refund_agreed": self._refund_agreed,
            "refund_paid_by_lead": self._refund_paid,
            "recovery_received_by_lead": self._recovery_received,
            "period_closed": self._period_closed,
            "statement_settled": self._statement_settled,
        }

    def _parts(self, entry_id: int | None) -> dict[str, list[int]]:
        """Return kind -> parts in file order of what an entry split."""
        items = streams.items(self.session, self.pool_id, entry_id or 0)
        return {item.kind: self._in_file_order(item.parts_fen) for item in items}

    def _in_file_order(self, figures: list[int] | tuple[int, ...]) -> list[int]:
        """Return figures in member order (lead first) as the file orders its members."""
        by_name = dict(zip(self.names, figures, strict=True))
        return [by_name[name] for name in self.file.agreement.members]

    def _premium_written(self, event: FileEvent, at: datetime) -> None:
        _new(event, self.policies)
        until = date(event.on.year + 1, event.on.month, min(event.on.day, 28))
        number = f"{self.pool_id}:{event.id}"
        written = premiums.Written(number, event.on, until, event.fields["gross_fen"], event.fields["lifts"])
        row = policies.write(self.session, self.agreement, written, on=event.on, by=self.maker, at=at)
        self.policies[event.id] = row
        self._keep_premium(event.id, row.written_entry_id)

    def _keep_premium(self, name: str, entry_id: int | None) -> None:
        parts = self._parts(entry_id)
        self.splits[name] = {"net": parts["premium_net"], "vat": parts["premium_vat"]}

    def _premium_received(self, event: FileEvent, at: datetime) -> None:
        policies.receive(self.session, _of(event, self.policies), on=event.on, by=self.maker, at=at)

    def _premium_remitted(self, event: FileEvent, at: datetime) -> None:
        policy = _of(event, self.policies)
        policies.remit(self.session, policy, on=event.on, by=self.checker, at=at)
        names = {number: name for name, number in self.ids.items()}
        for member, fen in policies.due_parts(self.session, policies.lock(self.session, policy.id)):
            self.remitted[names[member]] += fen

    def _claim_approved(self, event: FileEvent, at: datetime) -> None:
        _new(event, self.claims)
        policy = _of(event, self.policies, event.fields["policy"])
        if event.on < policy.inception_on:
            raise Conflict("claim_before_inception", number=event.id, day=event.on, inception_on=policy.inception_on)
        amount = event.fields["amount_fen"]
        number = f"{self.pool_id}:{event.id}"
        claim = handling.make(self.session, policy, event.id, amount, number=number, by=self.maker, at=at)
        handling.submit(self.session, claim, by=self.maker, at=at)
        if claim.needs == "all":
            if event.fields["by"] == "lead":
                raise Conflict("all_must_agree", number=event.id, amount_fen=amount)
            for name in self.names[1:]:
                handling.agree(self.session, claim, by=self._actor(name, Role.CLAIMS_HANDLER), at=at)
        handling.approve(self.session, claim, amount, on=event.on, by=self.signatory, at=at)
        self.claims[event.id] = claim
        self.splits[event.id] = self._parts(claim.approved_entry_id)["claim"]

    def _claim_paid_by_lead(self, event: FileEvent, at: datetime) -> None:
        settlements.pay_by_lead(self.session, _of(event, self.claims), on=event.on, by=self.checker, at=at)

    def _cash_call_issued(self, event: FileEvent, at: datetime) -> None:
        claim, due_on = _of(event, self.claims), event.fields.get("due_on")
        settlements.issue_cash_call(self.session, claim, on=event.on, by=self.maker, at=at, due_on=due_on)

    def _cash_call_received(self, event: FileEvent, at: datetime) -> None:
        for name in event.fields["from"]:
            if name not in self.ids:
                raise NotFound("cash_call_not_found", number=event.id)
            settlements.receive_cash_call(
                self.session, _of(event, self.claims), self.ids[name], on=event.on, by=self.maker, at=at
            )

    def _lead_funds(self, event: FileEvent, at: datetime) -> None:
        amount = event.fields["amount_fen"]
        settlements.fund_by_lead(self.session, _of(event, self.claims), amount, on=event.on, by=self.maker, at=at)

    def _claim_paid_from_pool_money(self, event: FileEvent, at: datetime) -> None:
        settlements.pay_from_pool(self.session, _of(event, self.claims), on=event.on, by=self.checker, at=at)

    def _adjuster_approved(self, event: FileEvent, at: datetime) -> None:
        claim, amount = _of(event, self.claims), event.fields["amount_fen"]
        cost = settlements.approve_cost(self.session, claim, amount, on=event.on, by=self.maker, at=at)
        self.costs.setdefault(event.id, []).append(cost)
        self._keep_split(f"{event.id}-adjuster", self._parts(cost.approved_entry_id)["adjusting_expense"])

    def _keep_split(self, name: str, parts: list[int]) -> None:
        """Keep a split under its name; a repeat gets `-2`, `-3` and so on."""
        repeats = 2
        key = name
        while key in self.splits:
            key, repeats = f"{name}-{repeats}", repeats + 1
        self.splits[key] = parts

    def _adjuster_paid(self, event: FileEvent, at: datetime) -> None:
        claim = _of(event, self.claims)
        unpaid = [cost for cost in self.costs.get(event.id, []) if cost.stage == "approved"]
        if not unpaid:
            raise Conflict("cost_not_approved", number=event.id)
        settlements.pay_cost(self.session, claim, unpaid[0], on=event.on, by=self.checker, at=at)

    def _refund_agreed(self, event: FileEvent, at: datetime) -> None:
        _new(event, self.refunds)
        fields = event.fields
        fen = pro_rata(fields["lift_gross_fen"], fields["days_left"], fields["days_total"])
        if fields.get("refund_fen", fen) != fen:
            raise Invalid("refund_differs", given_fen=fields["refund_fen"], computed_fen=fen)
        policy = _of(event, self.policies, fields["policy"])
        row = policies.refund(self.session, policy, fen, event.on, on=event.on, by=self.maker, at=at)
        self.refunds[event.id] = row
        self._keep_premium(event.id, row.agreed_entry_id)

    def _refund_paid(self, event: FileEvent, at: datetime) -> None:
        policies.pay_refund(self.session, _of(event, self.refunds), on=event.on, by=self.checker, at=at)

    def _recovery_received(self, event: FileEvent, at: datetime) -> None:
        claim, fields = _of(event, self.claims), event.fields
        row = settlements.receive_recovery(
            self.session, claim, fields["kind"], fields["amount_fen"], on=event.on, by=self.maker, at=at
        )
        self._keep_split(f"{event.id}-{fields['kind']}", self._parts(row.entry_id)["recovery"])

    def _period_closed(self, event: FileEvent, at: datetime) -> None:
        if event.id not in self.periods or event.id in self.statements:
            raise Conflict("period_closed", period=event.id, day=event.on)
        made = closing.close_period(self.session, self.pool_id, event.id, on=event.on, by=self.checker, at=at)
        self.trial_balances[event.id] = self._trial_balance()
        names = {number: name for name, number in self.ids.items()}
        figures: dict[str, dict[str, int]] = {kind.value: {} for kind in (*_LINES, Line.UNREMITTED_PREMIUM)}
        balances: dict[str, int] = {}
        for statement in made:
            name = names[statement.organisation_id]
            balances[name] = statement.balance_fen
            for line in statements.lines(self.session, statement):
                figures.setdefault(line.kind.value, {})[name] = line.amount_fen
        self.statements[event.id] = self._printed(figures, balances)

    def _printed(self, figures: dict[str, dict[str, int]], balances: dict[str, int]) -> dict[str, list[int | None]]:
        """Return the lines in file order; the lead's own dealings show in its balance alone."""
        lead = self.names[0]
        kinds = [kind.value for kind in _LINES]
        if any(figures[Line.UNREMITTED_PREMIUM.value].values()):
            kinds.append(Line.UNREMITTED_PREMIUM.value)
        lines: dict[str, list[int | None]] = {
            kind: [None if name == lead else figures[kind].get(name, 0) for name in self.file.agreement.members]
            for kind in kinds
        }
        lines["balance"] = [balances[name] for name in self.file.agreement.members]
        return lines

    def _statement_settled(self, event: FileEvent, at: datetime) -> None:
        if event.id not in self.statements:
            raise Conflict("period_not_closed", period=event.id)
        period = self.session.scalars(select(Period).where(Period.id == self.periods[event.id].id)).one()
        names = {number: name for name, number in self.ids.items()}
        for statement in statements.of_period(self.session, period):
            if statement.stage == "draft":
                settling.issue(self.session, statement, by=self.checker, at=at)
                member = self._actor(names[statement.organisation_id], Role.FINANCE_CHECKER)
                statements.answer(self.session, statement, "agree", by=member, at=at)
        late_interest.settle_period(self.session, period, on=event.on, by=self.checker, at=at)
        self.after_settlement = self._trial_balance()

    def _trial_balance(self) -> dict[str, int]:
        """Return what stands on each account, debit positive, members by their names, zeros left out."""
        names = {number: name for name, number in self.ids.items()}
        standing = books.balances(self.session, self.pool_id)
        order = {name: place for place, name in enumerate(self.file.agreement.members)}
        rows = [(ref.code, names[ref.member] if ref.member else "", fen) for ref, fen in standing.items()]
        rows.sort(key=lambda row: (row[0], order.get(row[1], -1)))
        return {f"{code}:{name}" if name else code: fen for code, name, fen in rows}

    def _result(self) -> dict[str, Any]:
        """Return everything that the file led to."""
        carries = {kind: [0] * len(self.names) for kind in STREAMS}
        for (_, kind), carry in streams.carries(self.session, self.pool_id).items():
            carries[kind] = self._in_file_order(carry)
        lead = self.names[0]
        closes = list(self.statements)
        result: dict[str, Any] = {
            "splits_fen": self.splits,
            "statement_fen": self.statements[closes[0]] if len(closes) == 1 else self.statements,
            "trial_balance_after_close_fen": self.trial_balances[closes[-1]] if closes else {},
            "remitted_gross_fen": [
                None if name == lead else self.remitted[name] for name in self.file.agreement.members
            ],
            "carries": carries,
        }
        if self.after_settlement is not None:
            result["trial_balance_after_settlement_fen"] = self.after_settlement
        return result


def _noon(day: date) -> datetime:
    """Return noon of a city's day."""
    return datetime.combine(day, time(12), CITY).astimezone(UTC)


def _new(event: FileEvent, known: Mapping[str, object]) -> None:
    """Refuse Conflict `id_taken` where an id stands for something already."""
    if event.id in known:
        raise Conflict("id_taken", id=event.id)


def _of(event: FileEvent, known: Mapping[str, Row], name: str = "") -> Row:
    """Return what an id stands for; refuses NotFound `id_unknown`."""
    try:
        return known[name or event.id]
    except KeyError:
        raise NotFound("id_unknown", id=name or event.id) from None


def _refused(event: FileEvent, refusal: Refusal) -> Invalid:
    """Return the refusal of a whole file, naming the event and its reason."""
    findings = [Finding(refusal.code, f"events[{event.number}]", dict(refusal.facts))]
    return Invalid("event_refused", findings, number=event.number, id=event.id, event=event.event, reason=refusal.code)
