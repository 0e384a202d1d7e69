"""Parties: organisations by their credit code, people, and the mandates by which they act."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from core import parties, permits
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permits import ACTIONS, PUBLIC, SEES_ALL, SYSTEM, Actor, Role
from tests.makers import AT


def test_an_organisation_is_known_by_its_credit_code(session: Session) -> None:
    """A credit code with a wrong check digit is refused, a right one is taken once."""
    good = "91110000600037341L"
    made = parties.add_organisation(session, "insurer", "示例财险", uscc=good, by=SYSTEM, at=AT)
    assert (made.uscc, made.sort_key) == (good, "shi li cai xian")
    assert parties.organisation(session, made.id) is made
    with pytest.raises(Invalid, match="invalid_credit_code"):
        parties.add_organisation(session, "insurer", "别的财险", uscc="91110000600037341A", by=SYSTEM, at=AT)
    for name, code in (("示例财险", None), ("别的财险", good)):
        with pytest.raises(Conflict, match="organisation_exists"):
            parties.add_organisation(session, "insurer", name, uscc=code, by=SYSTEM, at=AT)
    with pytest.raises(Invalid, match="organisation_kind_unknown"):
        parties.add_organisation(session, "bank", "示例银行", by=SYSTEM, at=AT)


def test_an_unknown_organisation(session: Session) -> None:
    """There is no organisation under a number that nobody was given."""
    made = parties.add_organisation(session, "insurer", "示例财险", by=SYSTEM, at=AT)
    assert parties.names_of(session, [made.id]) == {made.id: "示例财险"}
    with pytest.raises(NotFound, match="organisation_not_found"):
        parties.organisation(session, parties.new_id())


def test_a_mandate_makes_an_actor_while_it_lasts(session: Session) -> None:
    """A person acts in a role that fits its organisation, from the first day up to the last."""
    bureau = parties.add_organisation(session, "bureau", "示例住建局", by=SYSTEM, at=AT)
    person = parties.add_person(session, "示例人", by=SYSTEM, at=AT)
    mandate = parties.give_mandate(session, person, bureau, Role.OFFICER, date(2026, 1, 1), by=SYSTEM, at=AT)
    mandate.valid_to = date(2026, 7, 1)
    session.flush()
    held = [
        len(parties.mandates_of(session, person.id, day))
        for day in (date(2025, 12, 31), date(2026, 6, 30), date(2026, 7, 1))
    ]
    assert held == [0, 1, 0]
    actor = parties.actor_of(parties.mandates_of(session, person.id, date(2026, 6, 30))[0])
    assert (actor.role, actor.organisation_kind, actor.sees_all) == (Role.OFFICER, "bureau", True)
    with pytest.raises(Invalid, match="role_not_for_organisation"):
        parties.give_mandate(session, person, bureau, Role.BIDDER, date(2026, 1, 1), by=SYSTEM, at=AT)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("action", ACTIONS)
def test_the_table_is_what_may_and_require_say(action: str, role: Role) -> None:
    """Every action x role: who is not in the row is refused by name, who is is not."""
    actor = Actor(None, None, role)
    assert permits.may(actor, action) == (role in ACTIONS[action])
    if role in ACTIONS[action]:
        permits.require(actor, action)
        return
    with pytest.raises(Forbidden, match="role_may_not") as caught:
        permits.require(actor, action)
    assert caught.value.facts == {"action": action, "role": role.value}


def test_separations_that_no_table_may_undo() -> None:
    """The administrator has no tender and no money; who drafts does not approve; the auditor changes nothing."""

    def of(role: Role) -> set[str]:
        return {action for action, roles in ACTIONS.items() if role in roles}

    assert not {
        action for action in of(Role.ADMINISTRATOR) if action.split(".")[0] in {"bid", "ledger", "claim", "premium"}
    }
    assert not of(Role.OFFICER) & {"tender.approve", "tender.award"}
    assert not of(Role.APPROVER) & {"tender.draft"}
    assert not of(Role.BUREAU_FINANCE) & {"premium.receive", "premium.remit", "claim.pay", "period.close"}
    assert not of(Role.FINANCE_MAKER) & of(Role.FINANCE_CHECKER) & {"premium.remit", "claim.pay", "period.close"}
    # A token for a program is of one's own account, and acts as its maker may; an extract is asked for to be read.
    assert {action.split(".")[1] for action in of(Role.AUDITOR) - {"token.make", "extract.ask"}} <= {"read", "use"}
    assert PUBLIC.role not in SEES_ALL
    with pytest.raises(KeyError):
        permits.may(SYSTEM, "no.such_action")


def test_a_mandate_ends_and_nobody_gives_or_ends_ones_own(session: Session) -> None:
    """An ended mandate is acted under no longer, at the earliest from its first day; one's own is for others."""
    bureau = parties.add_organisation(session, "bureau", "示例住建局", by=SYSTEM, at=AT)
    person = parties.add_person(session, "示例人", by=SYSTEM, at=AT)
    given = [
        parties.give_mandate(session, person, bureau, Role.OFFICER, day, by=SYSTEM, at=AT)
        for day in (date(2026, 1, 1), date(2026, 3, 2))
    ]
    for mandate in given:
        parties.end_mandate(session, mandate, date(2026, 3, 1), by=SYSTEM, at=AT)
    assert [mandate.valid_to for mandate in given] == [date(2026, 3, 1), date(2026, 3, 2)]
    assert parties.mandates_of(session, person.id, date(2026, 3, 2)) == []
    with pytest.raises(Conflict, match="mandate_ended"):
        parties.end_mandate(session, given[0], date(2026, 3, 5), by=SYSTEM, at=AT)
    oneself = Actor(person.id, bureau.id, Role.ADMINISTRATOR, "bureau")
    with pytest.raises(Forbidden, match="mandate_for_oneself"):
        parties.end_mandate(session, given[1], date(2026, 3, 5), by=oneself, at=AT)
    with pytest.raises(Forbidden, match="mandate_for_oneself"):
        parties.give_mandate(session, person, bureau, Role.APPROVER, date(2026, 3, 5), by=oneself, at=AT)
