"""Who may do what: one table, action x role. What an actor may do it with is the loaders' and the verbs' business."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.errors import Forbidden


class Role(StrEnum):
    """The roles of people. One person is on one side of a tender."""

    OFFICER = "officer"
    APPROVER = "approver"
    BUREAU_FINANCE = "bureau_finance"
    SUPERVISOR = "supervisor"
    EXPERT = "expert"
    CHAIR = "chair"
    CUSTODIAN = "custodian"
    BIDDER = "bidder"
    SIGNATORY = "signatory"
    CLAIMS_HANDLER = "claims_handler"
    FINANCE_MAKER = "finance_maker"
    FINANCE_CHECKER = "finance_checker"
    COMMUNITY_OFFICER = "community_officer"
    PROPERTY_MANAGER = "property_manager"
    REPAIRER = "repairer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"
    PUBLIC = "public"


_KINDS: Mapping[Role, frozenset[str]] = {
    **dict.fromkeys((Role.OFFICER, Role.APPROVER, Role.BUREAU_FINANCE, Role.SUPERVISOR), frozenset({"bureau"})),
    **dict.fromkeys((Role.EXPERT, Role.CHAIR, Role.CUSTODIAN), frozenset({"bureau", "platform"})),
    **dict.fromkeys(
        (Role.BIDDER, Role.SIGNATORY, Role.CLAIMS_HANDLER, Role.FINANCE_MAKER, Role.FINANCE_CHECKER),
        frozenset({"insurer"}),
    ),
    **dict.fromkeys((Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER), frozenset({"community"})),
    Role.REPAIRER: frozenset({"repairer"}),
    **dict.fromkeys((Role.AUDITOR, Role.ADMINISTRATOR), frozenset({"platform", "bureau"})),
    # Nobody is given the machinery's role, or the public's.
    **dict.fromkeys((Role.SYSTEM, Role.PUBLIC), frozenset()),
}

#: Roles that read every insurer's rows (a sealed bid before its opening stays hidden from them too).
SEES_ALL = frozenset(
    {
        Role.OFFICER,
        Role.APPROVER,
        Role.BUREAU_FINANCE,
        Role.SUPERVISOR,
        Role.EXPERT,
        Role.CHAIR,
        Role.AUDITOR,
        Role.SYSTEM,
    }
)


def kind_of(role: Role) -> frozenset[str]:
    """Return the kinds of organisation that have this role."""
    return _KINDS[role]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person for an organisation in one role. `led_pools` are the pools that its organisation leads.

    `token_id` is the token that a program acts by in the person's name: the same actor, and told apart in the log.
    """

    person_id: uuid.UUID | None
    organisation_id: uuid.UUID | None
    role: Role
    organisation_kind: str = ""
    led_pools: frozenset[int] = frozenset()
    token_id: uuid.UUID | None = field(default=None, compare=False)

    @property
    def sees_all(self) -> bool:
        """Say whether this role reads every insurer's rows."""
        return self.role in SEES_ALL

    @property
    def seat(self) -> Actor:
        """The same without the person: whose rows may be seen is a matter of role and organisation."""
        return Actor(None, self.organisation_id, self.role, self.organisation_kind, self.led_pools)


#: The public, and the machinery (worker, command line of an operator).
PUBLIC = Actor(None, None, Role.PUBLIC)
SYSTEM = Actor(None, None, Role.SYSTEM)

_INSURER = frozenset({Role.BIDDER, Role.SIGNATORY, Role.CLAIMS_HANDLER, Role.FINANCE_MAKER, Role.FINANCE_CHECKER})
_BUREAU = frozenset({Role.OFFICER, Role.APPROVER, Role.BUREAU_FINANCE, Role.SUPERVISOR})
_MONEY_READERS = frozenset(
    {Role.BUREAU_FINANCE, Role.SUPERVISOR, Role.AUDITOR, Role.FINANCE_MAKER, Role.FINANCE_CHECKER}
)
_ALL = frozenset(Role)
_STAFF = _ALL - {Role.PUBLIC}


def _roles(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


#: action -> the roles that may ask for it. SYSTEM acts only where it is named.
ACTIONS: Mapping[str, frozenset[Role]] = {
    # everyone
    "public.read": _ALL,
    "calculator.use": _ALL,
    "account.use": _STAFF,
    "token.make": _STAFF,
    "home.read": _STAFF,
    # tender
    "tender.read": _ALL,
    "tender.draft": _roles(Role.OFFICER),
    "tender.key": _roles(Role.OFFICER),
    "tender.approve": _roles(Role.APPROVER),
    "tender.return": _roles(Role.OFFICER, Role.APPROVER),
    "tender.publish": _roles(Role.OFFICER),
    "tender.amend": _roles(Role.OFFICER),
    "tender.extend": _roles(Role.APPROVER),
    "tender.suspend": _roles(Role.OFFICER, Role.SUPERVISOR),
    "tender.resume": _roles(Role.APPROVER, Role.SUPERVISOR),
    "tender.annul": _roles(Role.SUPERVISOR),
    "tender.cancel": _roles(Role.APPROVER),
    "tender.fail": _roles(Role.OFFICER),
    "tender.appoint": _roles(Role.OFFICER),
    "tender.declare": _roles(Role.EXPERT, Role.CHAIR),
    "opening.start": _roles(Role.OFFICER),
    "opening.confirm": _roles(Role.SUPERVISOR),
    "tender.open": _roles(Role.OFFICER, Role.SUPERVISOR),
    "tender.evaluate": _roles(Role.CHAIR),
    "tender.score": _roles(Role.EXPERT, Role.CHAIR),
    "tender.report": _roles(Role.CHAIR),
    "report.sign": _roles(Role.EXPERT, Role.CHAIR),
    "tender.allocate": _roles(Role.OFFICER),
    "tender.object": _roles(Role.SIGNATORY),
    "tender.answer": _roles(Role.OFFICER),
    "tender.award": _roles(Role.APPROVER),
    "tender.contract": _roles(Role.APPROVER),
    "agreement.render": _roles(Role.OFFICER),
    "agreement.sign": _roles(Role.SIGNATORY),
    "custody.prove": _roles(Role.CUSTODIAN),
    "custody.share": _roles(Role.CUSTODIAN),
    "bid.read": frozenset(
        {
            Role.BIDDER,
            Role.SIGNATORY,
            Role.OFFICER,
            Role.APPROVER,
            Role.SUPERVISOR,
            Role.EXPERT,
            Role.CHAIR,
            Role.AUDITOR,
        }
    ),
    "bid.key": _roles(Role.SIGNATORY),
    "bid.seal": _roles(Role.BIDDER, Role.SIGNATORY),
    "bid.withdraw": _roles(Role.BIDDER, Role.SIGNATORY),
    "bid.answer": _roles(Role.SIGNATORY),
    # underwriting
    "pool.read": _STAFF,
    "pool.form": _roles(Role.APPROVER),
    "variation.read": _BUREAU | _roles(Role.SIGNATORY, Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.AUDITOR),
    "variation.propose": _roles(Role.SIGNATORY),
    "variation.consent": _roles(Role.SIGNATORY, Role.APPROVER),
    "estate.read": _BUREAU
    | _INSURER
    | _roles(Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER, Role.AUDITOR, Role.REPAIRER),
    "estate.import": _roles(Role.OFFICER),
    "repairer.set": _roles(Role.OFFICER),
    "policy.read": _BUREAU | _INSURER | _roles(Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER, Role.AUDITOR),
    "policy.bind": _roles(Role.OFFICER),
    "policy.endorse": _roles(Role.OFFICER),
    "bordereau.read": _MONEY_READERS,
    "bordereau.send": _roles(Role.FINANCE_MAKER, Role.SYSTEM),
    "bordereau.approve": _roles(Role.FINANCE_CHECKER, Role.SYSTEM),
    "premium.receive": _roles(Role.FINANCE_MAKER, Role.SYSTEM),
    "premium.remit": _roles(Role.FINANCE_CHECKER, Role.SYSTEM),
    # claims
    "fault.read": _BUREAU
    | _INSURER
    | _roles(Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER, Role.REPAIRER, Role.AUDITOR),
    "fault.report": _roles(
        Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER, Role.CLAIMS_HANDLER, Role.OFFICER, Role.SYSTEM
    ),
    "fault.import": _roles(Role.OFFICER, Role.CLAIMS_HANDLER, Role.SYSTEM),
    "fault.work": _roles(Role.REPAIRER, Role.CLAIMS_HANDLER),
    "fault.accept": _roles(Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER),
    "claim.read": _INSURER | _roles(Role.BUREAU_FINANCE, Role.OFFICER, Role.SUPERVISOR, Role.AUDITOR),
    "claim.make": _roles(Role.CLAIMS_HANDLER),
    "claim.agree": _roles(Role.CLAIMS_HANDLER, Role.SIGNATORY),
    "claim.approve": _roles(Role.CLAIMS_HANDLER, Role.SIGNATORY),
    "claim.pay": _roles(Role.FINANCE_CHECKER),
    "claim.payee": _roles(Role.CLAIMS_HANDLER, Role.FINANCE_MAKER),
    "claims_list.read": _roles(Role.CLAIMS_HANDLER, Role.SIGNATORY, Role.BUREAU_FINANCE, Role.SUPERVISOR, Role.AUDITOR),
    "claims_list.send": _roles(Role.CLAIMS_HANDLER),
    "claims_list.approve": _roles(Role.SIGNATORY),
    "cost.approve": _roles(Role.FINANCE_MAKER),
    "cost.pay": _roles(Role.FINANCE_CHECKER),
    "refund.pay": _roles(Role.FINANCE_CHECKER),
    "cash_call.issue": _roles(Role.FINANCE_MAKER),
    "cash_call.receive": _roles(Role.FINANCE_MAKER),
    "cash_call.fund": _roles(Role.FINANCE_MAKER),
    "recovery.receive": _roles(Role.FINANCE_MAKER),
    # ledger
    "ledger.read": _MONEY_READERS | _roles(Role.SYSTEM),
    "extract.read": _MONEY_READERS,
    "extract.ask": _MONEY_READERS,
    "statement.read": _MONEY_READERS | _roles(Role.SYSTEM),
    "statement.issue": _roles(Role.FINANCE_CHECKER, Role.SYSTEM),
    "statement.reply": _roles(Role.FINANCE_MAKER, Role.FINANCE_CHECKER),
    "statement.answer": _roles(Role.FINANCE_CHECKER),
    "statement.settle": _roles(Role.FINANCE_CHECKER),
    "apart.pay": _roles(Role.FINANCE_CHECKER),
    "default.declare": _roles(Role.FINANCE_CHECKER, Role.SUPERVISOR),
    "default.cure": _roles(Role.FINANCE_CHECKER, Role.SUPERVISOR),
    "pool.close": _roles(Role.FINANCE_CHECKER, Role.SYSTEM),
    "period.open": _roles(Role.FINANCE_MAKER, Role.SYSTEM),
    "period.close": _roles(Role.FINANCE_CHECKER, Role.SYSTEM),
    # bank
    "bank_account.read": _MONEY_READERS,
    "bank_account.propose": _roles(Role.FINANCE_MAKER),
    "bank_account.confirm": _roles(Role.FINANCE_CHECKER),
    "bank_account.reject": _roles(Role.FINANCE_MAKER, Role.FINANCE_CHECKER),
    "bank_report.read": _MONEY_READERS,
    "bank_report.take": _roles(Role.FINANCE_MAKER, Role.SYSTEM),
    "bank_match.accept": _roles(Role.FINANCE_MAKER, Role.FINANCE_CHECKER),
    "bank_match.take_back": _roles(Role.FINANCE_MAKER, Role.FINANCE_CHECKER),
    "bank_month.sign": _roles(Role.FINANCE_CHECKER),
    "receipt.hold": _roles(Role.FINANCE_MAKER),
    "receipt.place": _roles(Role.FINANCE_MAKER, Role.FINANCE_CHECKER),
    "receipt.return": _roles(Role.FINANCE_CHECKER),
    "payment.read": _MONEY_READERS,
    "payment.prepare": _roles(Role.FINANCE_MAKER),
    "payment.release": _roles(Role.FINANCE_CHECKER),
    "payment.reject": _roles(Role.FINANCE_MAKER, Role.FINANCE_CHECKER),
    "payment.return": _roles(Role.FINANCE_CHECKER),
    "payee.read": _MONEY_READERS | _roles(Role.CLAIMS_HANDLER, Role.SIGNATORY, Role.SYSTEM),
    "payee.add": _roles(Role.FINANCE_MAKER, Role.CLAIMS_HANDLER),
    # platform
    "audit.read": _roles(Role.AUDITOR, Role.SUPERVISOR, Role.ADMINISTRATOR),
    "calendar.set": _roles(Role.ADMINISTRATOR),
    "account.manage": _roles(Role.ADMINISTRATOR),
    "system.read": _roles(Role.ADMINISTRATOR),
    "job.retry": _roles(Role.ADMINISTRATOR),
}

#: Actions before which a person at a page has proved anew, in the last minutes, to be who signed in (decision 0033):
#: money leaves, is called for or will go to another account, a whole list is booked, a pool is ended for good, bids are
#: opened, a signature is given, or somebody is let in: a token that will act without a proof, an account, a mandate,
#: another password for somebody else.
WEIGHTY = frozenset(
    {
        "claim.pay",
        "cost.pay",
        "refund.pay",
        "bordereau.approve",
        "claims_list.approve",
        "premium.remit",
        "cash_call.issue",
        "cash_call.fund",
        "statement.settle",
        "apart.pay",
        "default.declare",
        "default.cure",
        "pool.close",
        "bank_account.confirm",
        "payment.release",
        "payment.return",
        "bank_month.sign",
        "receipt.return",
        "custody.share",
        "opening.start",
        "opening.confirm",
        "tender.open",
        "report.sign",
        "agreement.sign",
        "variation.propose",
        "variation.consent",
        "tender.contract",
        "token.make",
        "account.manage",
    }
)


def may(actor: Actor, action: str) -> bool:
    """Say whether the actor's role may ask for this action at all; an action without a row is a KeyError."""
    return actor.role in ACTIONS[action]


def require(actor: Actor, action: str) -> None:
    """Refuse with Forbidden `role_may_not` (action, role) where the table says no."""
    if not may(actor, action):
        raise Forbidden("role_may_not", action=action, role=actor.role.value)


def require_other_person(first: uuid.UUID | None, actor: Actor, code: str = "second_person_needed") -> None:
    """Refuse with Forbidden where one person would do both steps (four eyes)."""
    if first is not None and first == actor.person_id:
        raise Forbidden(code)
