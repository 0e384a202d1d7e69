"""The matrix as a table: which routes there are, how their addresses are filled, who may know of the samples.

Everything else is computed from `core.permits.ACTIONS`, so that a new route is walked as soon as it is registered. A
route needs a row here only where its address holds a new name, or where who may do it with this very thing is decided
by more than its role.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.routing import AnyConverter, Rule

from core.permits import ACTIONS, SEES_ALL, Role
from tests.rules.seats import COMMUNITIES, INSURERS, Seat
from tests.rules.world import TENDERS, World
from web.shell import action_of

#: What holds for every route: files for everyone, Flask-Security's own screens, which ask for the account themselves.
WITHOUT_NEEDS = ("static", "security.")

Knows = Callable[[Seat], bool]


def _everyone(seat: Seat) -> bool:
    return True


def _pool_members(seat: Seat) -> bool:
    return seat.role not in INSURERS or seat.relation in ("own", "fellow")


def _only_lead(seat: Seat) -> bool:
    return seat.role not in INSURERS or seat.relation == "own"


def _own_repairer_and_lead(seat: Seat) -> bool:
    return seat.role in (*INSURERS, Role.REPAIRER) and seat.relation == "own"


def _call_and_lead(seat: Seat) -> bool:
    # The sample is the fellow's cash call; its lead sees it too.
    return _pool_members(seat)


def _own_estate(seat: Seat) -> bool:
    # Of whom the community is, and who maintains its lifts.
    return seat.role not in (*COMMUNITIES, Role.REPAIRER) or seat.relation == "own"


def _own_estate_or_pool(seat: Seat) -> bool:
    return _own_estate(seat) and _pool_members(seat)


def _at_home(seat: Seat) -> bool:
    return seat.relation == "own"


def _maker_alone(seat: Seat) -> bool:
    return seat.role is Role.FINANCE_MAKER and seat.relation == "own"


def _officer_alone(seat: Seat) -> bool:
    return seat.role is Role.OFFICER and seat.relation == "own"


#: Parameter of an address -> who may know of the sample. Roles that read all (SEES_ALL) always may, but of a thing
#: that belongs to one person.
KNOWS: Mapping[str, Knows] = {
    "pool_id": _pool_members,
    "policy_id": _pool_members,
    "refund_id": _pool_members,
    "claim_id": _pool_members,
    "cost_id": _pool_members,
    "variation_id": _pool_members,
    "statement_id": _only_lead,
    "extract_id": _only_lead,
    "call_id": _call_and_lead,
    "item_id": _call_and_lead,
    "account_id": _only_lead,
    "batch_id": _only_lead,
    "payee_id": _pool_members,
    "report_id": _only_lead,
    "bordereau_id": _only_lead,
    "list_id": _only_lead,
    "match_id": _only_lead,
    "receipt_id": _only_lead,
    "line_id": _only_lead,
    "fault_id": _own_estate_or_pool,
    "community_id": _own_estate,
    "lift_id": _own_estate,
}


def _handler_alone(seat: Seat) -> bool:
    return seat.role is Role.CLAIMS_HANDLER and seat.relation == "own"


#: Things that belong to one person, whatever its role reads.
PERSONAL: Mapping[str, Knows] = {
    **{"paper_id": _officer_alone, "token_id": _officer_alone, "bank_upload_id": _maker_alone},
    **{"upload_id": _maker_alone, "claims_upload_id": _handler_alone},
}


def _published(tender: str) -> bool:
    return tender != "draft"


#: Actions that need more than the role: who does them at home. Everyone else is refused though the role is right.
ONLY: Mapping[str, Knows] = {
    **dict.fromkeys(
        (
            *("premium.receive", "premium.remit", "refund.pay", "claim.make", "claim.approve", "claim.pay"),
            *("cost.approve", "cost.pay", "cash_call.issue", "cash_call.receive", "cash_call.fund"),
            *("recovery.receive", "statement.issue", "statement.reply", "statement.settle"),
            *("period.open", "period.close", "payment.prepare", "payment.release", "payment.reject"),
            *("bank_report.take", "bordereau.send", "bordereau.approve"),
            *("claims_list.send", "claims_list.approve"),
            *("apart.pay", "default.declare", "default.cure", "pool.close"),
            *("bank_match.accept", "bank_match.take_back", "bank_month.sign"),
            *("receipt.hold", "receipt.place", "receipt.return"),
            *("payment.return", "payee.add", "claim.payee"),
        ),
        _only_lead,
    ),
    **dict.fromkeys(
        (
            *("custody.prove", "custody.share", "tender.score", "tender.declare", "report.sign"),
            *("tender.evaluate", "tender.report"),
        ),
        _at_home,
    ),
    "fault.accept": _own_estate,
    "fault.report": _own_estate,
    "fault.work": _own_repairer_and_lead,
}
#: The same for one route: others may do the action, but not with this thing.
ONLY_AT: Mapping[str, Knows] = {
    **dict.fromkeys(("faults.withdrawal", "api_faults.withdraw"), lambda seat: _own_estate(seat) and _only_lead(seat)),
    **dict.fromkeys(("payees.account", "api_payees.propose"), _only_lead),
    "extracts.again": lambda seat: seat.role in INSURERS and _only_lead(seat),
}

#: Routes that ask the table a second time for the step that their address names.
ASKS_AGAIN = frozenset({"faults.ask"})

#: Method and route whose thing the world does not hold, each with its reason.
NOT_REACHED: Mapping[str, str] = {
    "POST account.act": "it changes the sign-in itself",
    "GET estate_import.receipt": "a receipt stands once a list was taken in",
    "GET fault_import.receipt": "a receipt stands once a list was taken in",
}

#: Routes that a stranger may ask for, each with its reason.
OPEN: Mapping[str, str] = {}


@dataclass(frozen=True)
class Call:
    """One request: a method on a route, with its address filled in."""

    endpoint: str
    method: str
    action: str
    params: Mapping[str, Any]
    rule: str
    tender: str = ""

    @property
    def path(self) -> str:
        """Return the path as the description of the API writes it."""
        return re.sub(r"<(?:[^:<>]+:)?([a-z_]+)>", r"{\1}", self.rule)

    @property
    def name(self) -> str:
        """Return how the call is named in a report."""
        return f"{self.method} {self.endpoint}" + (f" [{self.tender}]" if self.tender else "")

    @property
    def is_program(self) -> bool:
        """Say whether a problem document is answered."""
        return self.endpoint.startswith("api_") and self.endpoint != "api_docs.docs"


@dataclass
class Table:
    """All calls of an application on a world."""

    app: Flask
    world: World
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[tuple[str, str], Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def calls(self) -> list[Call]:
        """Return every call, filling `missing` with what cannot be asked."""
        found: list[Call] = []
        for rule in sorted(self.app.url_map.iter_rules(), key=lambda one: (one.rule, one.endpoint)):
            if rule.endpoint.startswith(WITHOUT_NEEDS):
                continue
            action = action_of(self.app, rule.endpoint)
            if action is None:
                self.missing.append(f"{rule.endpoint}: no @needs")
                continue
            for params, tender in self._variants(rule):
                for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                    found.append(Call(rule.endpoint, method, action, params, rule.rule, tender))
        return found

    def _variants(self, rule: Rule) -> Iterator[tuple[dict[str, Any], str]]:
        params = {name: self._value(rule, name) for name in rule.arguments if name != "tender_id"}
        if any(value is None for value in params.values()):
            return
        if "tender_id" not in rule.arguments:
            yield params, ""
            return
        for name in TENDERS:
            yield {**params, "tender_id": self.world.tenders[name]}, name

    def _value(self, rule: Rule, name: str) -> Any:
        blueprint = rule.endpoint.partition(".")[0]
        for key in ((rule.endpoint, name), (blueprint, name)):
            if key in self.places:
                return self.places[key]
        if name in self.values:
            return self.values[name]
        converter = rule._converters.get(name)
        if isinstance(converter, AnyConverter):
            return sorted(converter.items)[0]
        self.missing.append(f"{rule.endpoint}: no sample for <{name}> in tests/rules/")
        return None


def role_may(call: Call, seat: Seat) -> bool:
    """Say whether the table of permissions lets the seat's role ask for this at all."""
    return seat.role in ACTIONS[call.action]


def is_hidden(call: Call, seat: Seat) -> bool:
    """Say whether a seat whose role is right must still be refused, because the thing is not its own."""
    if call.endpoint in OPEN:
        return False
    if any(not knows(seat) for name, knows in PERSONAL.items() if name in call.params):
        return True
    only = ONLY_AT.get(call.endpoint) or ONLY.get(call.action, _everyone)
    if call.tender and not only(seat):
        return True
    if seat.role in SEES_ALL:
        return False
    if call.tender == "draft" and seat.role not in (Role.CUSTODIAN,):
        return True
    if call.params and not only(seat):
        return True
    if not call.params and call.method != "GET" and call.action in ONLY:
        return not only(seat)
    return any(not knows(seat) for name, knows in KNOWS.items() if name in call.params)
