"""One small story that touches every table of every room, told by the real verbs: what the invariants look at."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from claims import closing, faults, handling, settlements
from claims.adjusting import AssessedLine
from claims.fault_rows import FaultRow
from claims.models import Claim
from core import audit, clock, papers, parties
from core.db import unit_of_work
from core.papers import Store
from core.permits import SYSTEM, Actor, Role
from core.server import Urls
from core.settings import Settings, read_settings
from ledger import bank_accounts, bank_payments, entries, extracts, statements
from ledger.extracts import Kind
from ledger.models import Statement
from tender import allocations, bids, changes
from tests import makers_bank
from tests.invariants.story_bank import bank_lines
from tests.invariants.story_clauses import tell_clauses
from tests.invariants.story_lists import post_lists
from tests.invariants.story_payouts import tell_payouts
from tests.makers import AT, TERMS, MadePool, make_lifts, make_policy, make_pool, open_quarter
from tests.makers_tender import (
    DEADLINE,
    OFFERED,
    OPENED,
    PUBLISHED,
    WORKED_MARKS,
    WORKED_PRICES,
    accept_all,
    collect_keys,
    draft_of,
    finish_award,
    form_of,
    hand_in,
    make_reported,
    make_tender,
    open_bids,
    sign_agreement,
)
from tests.makers_town import Town, make_town, tell_time
from tests.visitors import QUICK
from underwriting import late_interest, policies, pools
from underwriting.models import Policy
from web import accounts
from web.confirmation import keep_confirmation
from web.extracts import make
from web.keeping import store_in
from web.paper_invariants import trusted_by
from web.statement_paper import keep_files
from web.verification import Files


@dataclass(frozen=True)
class Story:
    """Where the story stands."""

    urls: Urls
    files: Files


def tell(urls: Urls, engine: Engine, folder: Path) -> Story:
    """Tell the whole story on an empty database: a tender, pools, lists, faults, claims, closes, a correction."""
    settings = read_settings({"GONGBAO_MODE": "test", "GONGBAO_STATE_DIR": str(folder)})
    store = store_in(settings)
    town = make_town(engine, urls, store.folder, ("甲", "乙", "丙", "丁", "戊"))
    _tender(town)
    with unit_of_work(engine, SYSTEM) as session:
        _sign(session, key := Ed25519PrivateKey.generate())
    made = _first_quarter(engine)
    _bank(engine, made)
    _second_quarter(engine, made)
    _each_for_itself(engine)
    tell_clauses(engine)
    post_lists(engine)
    _faults(engine)
    _accounts(engine)
    _papers(engine, store)
    _statement_files(engine, settings)
    _extracts(engine, store, made)
    tell_time(urls, None)
    with unit_of_work(engine, SYSTEM) as session:
        _sign(session, key)
    with unit_of_work(engine, SYSTEM) as session:
        make_lifts(session, 2, prefix="END-")
        for number in (1, 2):
            entries.once(session, "scope", f"key-{number}", {"number": number}, lambda: {"status": 200}, at=AT)
    return Story(urls, Files(store, trusted_by(settings)))


def _extracts(engine: Engine, store: Store, made: MadePool) -> None:
    """The lead's and a follower's extracts of a closed and of an open period, in either form; one waits, one failed."""
    asked = []
    lead, member = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_MAKER, 1)
    for by, label, kind, form in (
        (lead, "2026Q1", Kind.JOURNAL, "xlsx"),
        (member, "2026Q1", Kind.PREMIUMS, "csv"),
        (lead, "2026Q3", Kind.TRIAL_BALANCE, "csv"),
        (lead, "2026Q1", Kind.CLAIMS, "csv"),
        (lead, "2026Q1", Kind.INVOICES, "csv"),
    ):
        with unit_of_work(engine, SYSTEM) as session:
            period = statements.period(session, made.pool.id, label)
            wish = extracts.Wish(made.pool.id, period.id, kind, form, is_whole=by is lead)
            asked.append(extracts.ask(session, wish, by=by, at=clock.now()))
    for row in asked[:3]:
        make(engine, store, row.id)
    with unit_of_work(engine, SYSTEM) as session:
        failed = extracts.lock(session, asked[3].id)
        extracts.begin(session, failed, 3, by=SYSTEM, at=clock.now())
        extracts.fail(session, failed, "extract_too_long", by=SYSTEM, at=clock.now())
    with unit_of_work(engine, member) as session:
        extracts.fetch(session, extracts.lock(session, asked[1].id), by=member, at=clock.now())


def _sign(session: Session, key: Ed25519PrivateKey) -> None:
    audit.sign_head(session, key, at=clock.now())


def _tender(town: Town) -> None:
    """A tender from its notice to its pool: amended, a bid replaced, one taken back; and another still open."""
    tender_id = make_tender(town)
    other_id = make_tender(town, draft_of(number="ZB-2026-002"))
    at = town.at(PUBLISHED + timedelta(days=1))
    with unit_of_work(town.engine, town.officer) as session:
        changes.amend(
            session, town.tender(session, tender_id), "澄清", "理由", affects_bids=False, by=town.officer, at=at
        )
        other = town.tender(session, other_id)
        later = DEADLINE + timedelta(days=1)
        changes.amend(session, other, "延期", "理由", affects_bids=True, deadline_at=later, by=town.officer, at=at)
        changes.answer_extension(session, other, is_confirmed=True, by=town.approver, at=at)
        changes.suspend(session, other, "异议", by=town.officer, at=at)
        changes.resume(session, other, "已答复", by=town.approver, at=at + timedelta(hours=1))
    town.at(PUBLISHED + timedelta(days=10))
    hand_in(town, tender_id, town.insurers[1], form_of(123_000))
    for place, price in enumerate(WORKED_PRICES):
        hand_in(town, tender_id, town.insurers[place], form_of(price))
    hand_in(town, tender_id, town.insurers[4], form_of(125_000))
    hand_in(town, other_id, town.insurers[0], form_of(125_000))
    for wanted in (tender_id, other_id):
        insurer = town.insurers[4] if wanted == tender_id else town.insurers[0]
        who = insurer.bidder
        town.run(who, lambda s, one=wanted, by=who: bids.withdraw(s, town.tender(s, one), by=by, at=at))
    hand_in(town, other_id, town.insurers[0], form_of(126_000))
    at = town.at(OPENED)
    collect_keys(town, tender_id, at)
    open_bids(town, tender_id, at)
    make_reported(town, tender_id, dict(enumerate(WORKED_MARKS)))
    at = town.at(OFFERED)
    town.run(town.officer, lambda s: allocations.allocate(s, town.tender(s, tender_id), by=town.officer, at=at))
    accept_all(town, tender_id, at)
    numbers = finish_award(town, tender_id)
    sign_agreement(town, tender_id, town.at(OFFERED + timedelta(days=15)))
    with unit_of_work(town.engine, SYSTEM) as session:
        pools.form_from_award(session, numbers, by=town.approver, at=town.at(OFFERED + timedelta(days=20)))


def _approved(
    session: Session,
    made: MadePool,
    policy: Policy,
    fen: int,
    on: date,
    name: str,
    bill: Sequence[AssessedLine] = (),
) -> Claim:
    """Return a claim that everyone who must has agreed to, approved by a second person."""
    maker, checker = made.actor(Role.CLAIMS_HANDLER), made.actor(Role.SIGNATORY)
    claim = handling.make(session, policy, name, fen, number=name, by=maker, at=AT)
    handling.submit(session, claim, by=maker, at=AT)
    if name == "C-2":
        handling.flag(session, claim, "cover_disputed", "责任有争议", by=maker, at=AT)
    if bill:
        handling.enter_bill(session, claim, bill, by=maker, at=AT)
    if claim.needs == "all":
        for member in range(1, len(made.members)):
            handling.agree(session, claim, by=made.actor(Role.CLAIMS_HANDLER, member), at=AT)
    handling.approve(session, claim, fen, on=on, by=checker, at=AT)
    return claim


def _settle(session: Session, made: MadePool, rows: Sequence[Statement], label: str, on: date) -> None:
    second = made.actor(Role.FINANCE_CHECKER)
    for place, row in enumerate(rows):
        statements.issue(session, row, due_on=AT.date(), by=second, at=AT)
        statements.answer(session, row, "agree", by=made.actor(Role.FINANCE_CHECKER, place), at=AT)
    period = statements.period(session, made.pool.id, label)
    makers_bank.confirm_all(session, made)
    fallen = makers_bank.prepare(session, made, period, pays_on=on)
    bank_payments.reject(session, fallen, by=second, at=AT)
    makers_bank.release(session, made, period, pays_on=on)
    paid = next(row for row in rows[1:] if row.balance_fen)
    bank_lines(session, made, paid, on)
    late_interest.settle_period(session, period, on=on, by=second, at=AT)


def _first_quarter(engine: Engine) -> MadePool:
    """Premium in every state, refunds, claims small and large, a follower in default, the first close."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        desk, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
        remitted = make_policy(session, made, number="P-1")
        received = make_policy(session, made, number="P-2", on=date(2026, 3, 3))
        bound = make_policy(session, made, number="P-3", on=date(2026, 3, 4))
        policies.receive(session, remitted, on=date(2026, 3, 3), by=desk, at=AT)
        policies.remit(session, remitted, on=date(2026, 3, 4), by=second, at=AT)
        policies.receive(session, received, on=date(2026, 3, 5), by=desk, at=AT)
        for policy, is_paid in ((remitted, True), (received, False), (bound, False)):
            lift = policies.lifts_of(session, policy)[0][1]
            off = policy.expires_on - timedelta(days=320)
            refund = policies.remove_lift(session, policy, lift.id, off, on=date(2026, 3, 20), by=desk, at=AT)
            if is_paid:
                policies.pay_refund(session, refund, on=date(2026, 3, 21), by=second, at=AT)
        bill = [AssessedLine("门机组件", 300_000, 300_000), AssessedLine("人工", 150_000, 138_001, "超出当地价格")]
        small = _approved(session, made, remitted, 438_001, date(2026, 3, 6), "C-1", bill)
        settlements.pay_by_lead(session, small, on=date(2026, 3, 7), by=second, at=AT)
        _large_claim(session, made, remitted)
        maker = made.actor(Role.CLAIMS_HANDLER)
        refused = handling.make(session, received, "不属责任", 50_000, number="C-4", by=maker, at=AT)
        handling.reject(session, refused, "不在承保范围", by=maker, at=AT)
        raised = handling.make(session, received, "估损上调", 60_000, number="C-5", by=maker, at=AT)
        handling.submit(session, raised, by=maker, at=AT)
        handling.revise(session, raised, 70_000, by=maker, at=AT)
    with unit_of_work(engine, SYSTEM) as session:
        rows = closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=AT)
        open_quarter(session, made.pool, 2)
        _settle(session, made, rows, "2026Q1", date(2026, 4, 17))
    return made


def _bank(engine: Engine, made: MadePool) -> None:
    """Where the members are paid to by now: a change that waits its days, a proposal, one that fell."""
    with unit_of_work(engine, SYSTEM) as session:
        makers_bank.confirm(session, made, 1, again=1, at=AT + timedelta(hours=1))
        fallen = makers_bank.propose(session, made, 2, again=1)
        bank_accounts.reject(session, fallen, by=made.actor(Role.FINANCE_MAKER, 2), at=AT + timedelta(hours=2))
        makers_bank.propose(session, made, 3, again=1)
    tell_payouts(engine, made)


def _large_claim(session: Session, made: MadePool, policy: Policy) -> None:
    desk, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    claim = _approved(session, made, policy, 26_840_000, date(2026, 3, 13), "C-2")
    settlements.issue_cash_call(session, claim, on=date(2026, 3, 16), by=desk, at=AT)
    settlements.receive_cash_call(session, claim, made.members[1].id, on=date(2026, 3, 20), by=desk, at=AT)
    settlements.receive_cash_call(session, claim, made.members[2].id, on=date(2026, 3, 28), by=desk, at=AT)
    settlements.fund_by_lead(session, claim, 14_762_000, on=date(2026, 3, 29), by=desk, at=AT)
    settlements.pay_from_pool(session, claim, on=date(2026, 3, 29), by=second, at=AT)
    cost = settlements.approve_cost(session, claim, 300_001, on=date(2026, 3, 23), by=desk, at=AT)
    settlements.pay_cost(session, claim, cost, on=date(2026, 3, 24), by=second, at=AT)
    settlements.approve_cost(session, claim, 100_003, on=date(2026, 3, 25), by=desk, at=AT)
    settlements.receive_recovery(session, claim, "subrogation", 3_333_333, on=date(2026, 3, 27), by=desk, at=AT)
    settlements.receive_recovery(session, claim, "salvage", 100_000, on=date(2026, 3, 30), by=desk, at=AT)


def _second_quarter(engine: Engine, made: MadePool) -> None:
    """A mistaken claim of the first weeks is taken back and made right; a cash call stays open; the second close."""
    with unit_of_work(engine, SYSTEM) as session:
        desk, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
        policy = make_policy(session, made, number="P-4", on=date(2026, 4, 2))
        wrong = _approved(session, made, policy, 10_000, date(2026, 4, 3), "C-6")
        mistaken = entries.entry(session, made.pool.id, wrong.approved_entry_id or 0)
        entries.reverse(session, mistaken, on=date(2026, 4, 9), document="C-6", by=second, at=AT)
        _approved(session, made, policy, 10_001, date(2026, 4, 10), "C-7")
        called = _approved(session, made, policy, 25_000_003, date(2026, 6, 1), "C-8")
        settlements.issue_cash_call(session, called, on=date(2026, 6, 25), by=desk, at=AT)
    with unit_of_work(engine, SYSTEM) as session:
        rows = closing.close_period(session, made.pool.id, "2026Q2", on=date(2026, 6, 30), by=second, at=AT)
        open_quarter(session, made.pool, 3)
        statements.issue(session, rows[0], due_on=AT.date(), by=second, at=AT)
        statements.issue(session, rows[1], due_on=AT.date(), by=second, at=AT)
        asking = made.actor(Role.FINANCE_CHECKER, 1)
        statements.answer(session, rows[1], "query", by=asking, at=AT, words="请说明")
        statements.reply(session, rows[1], "见分录", by=second, at=AT)
        make_policy(session, made, number="P-5", on=date(2026, 7, 6))


def _each_for_itself(engine: Engine) -> None:
    """A second pool, in thirds, where every member collects its own; one quarter closed, and nothing settled."""
    with unit_of_work(engine, SYSTEM) as session:
        terms = type(TERMS)(**{**TERMS.as_dict(), "collection": "each", "lead_fee_bp": 0})
        made = make_pool(session, (1, 1, 1), terms=terms, name="第二共保体")
        desk, second = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
        for number in range(1, 4):
            policy = make_policy(session, made, number=f"S-{number}", on=date(2026, 3, 2 + number))
            if number < 3:
                policies.receive(session, policy, on=date(2026, 3, 12), by=desk, at=AT)
        claim = _approved(session, made, policy, 10_000, date(2026, 3, 15), "S-C-1")
        settlements.pay_by_lead(session, claim, on=date(2026, 3, 16), by=second, at=AT)
        closing.close_period(session, made.pool.id, "2026Q1", on=date(2026, 3, 31), by=second, at=AT)


def _faults(engine: Engine) -> None:
    """Faults in every stage, and two that came in a list."""
    with unit_of_work(engine, SYSTEM) as session:
        make_lifts(session, 6, prefix="F-")
        paths = (
            ("acknowledge", "arrive", "repair", "accept"),
            ("acknowledge", "arrive", "repair", "reopen", "repair", "accept"),
            ("acknowledge", "arrive", "repair", "reopen"),
            ("withdraw",),
            (),
        )
        for number, verbs in enumerate(paths, start=1):
            told = faults.Report(f"F-{number:05d}", "门关不上", is_trapped=number == 1)
            fault = faults.report(session, told, by=SYSTEM, at=AT)
            for step, verb in enumerate(verbs, start=1):
                at = AT + timedelta(minutes=20 * step)
                faults.advance(session, fault, verb, by=SYSTEM, at=at, note="复查")
        listed = [
            FaultRow(1, "F-00006", AT - timedelta(days=3), AT - timedelta(days=2), "停梯"),
            FaultRow(2, "F-00006", AT - timedelta(days=1), None, "异响"),
        ]
        checked = faults.review_rows(session, listed, at=AT)
        faults.take_rows(session, checked, "list", by=SYSTEM, at=AT)


def _accounts(engine: Engine) -> None:
    """What administrators do to accounts: one closed with its tokens and opened again, a mandate ended, resets."""
    with unit_of_work(engine, SYSTEM) as session:
        bureau = parties.add_organisation(session, "bureau", "账号所属单位", by=SYSTEM, at=AT)
        users = []
        for number in range(1, 5):
            person = parties.add_person(session, f"账号{number}", by=SYSTEM, at=AT)
            mandate = parties.give_mandate(session, person, bureau, Role.OFFICER, date(2026, 1, 1), by=SYSTEM, at=AT)
            email = f"account{number}@example.test"
            user = accounts.create_user(session, person, email, "a long password", by=SYSTEM, at=AT, hashing=QUICK)
            own = Actor(person.id, bureau.id, Role.OFFICER, "bureau", frozenset())
            tokens = [
                accounts.add_token(session, user.id, mandate, f"token {days}", days, by=own, at=AT)[0]
                for days in (1, 30, 60)
            ]
            accounts.revoke_token(session, user.id, tokens[1].id, by=own, at=AT + timedelta(hours=1))
            users.append((user, mandate))
        later = AT + timedelta(days=2)
        (closed, _), (opened, _), (ended, mandate), (reset, _) = users
        for user in (closed, opened):
            accounts.set_active(session, user, is_active=False, by=SYSTEM, at=later)
        accounts.set_active(session, opened, is_active=True, by=SYSTEM, at=later)
        parties.end_mandate(session, mandate, later.date(), by=SYSTEM, at=later)
        accounts.set_active(session, ended, is_active=False, by=SYSTEM, at=later)
        reset.tf_primary_method, reset.tf_totp_secret = "authenticator", "kept"
        accounts.reset_second_factor(session, reset, by=SYSTEM, at=later)
        accounts.set_password(session, reset, "another long password", by=SYSTEM, at=later, hashing=QUICK)


def _papers(engine: Engine, store: papers.Store) -> None:
    """Files kept with their rows."""
    for number in range(3):
        digest, size = store.put(io.BytesIO(f"paper {number}".encode()), limit=1000)
        with unit_of_work(engine, SYSTEM) as session:
            papers.keep(
                session,
                "note",
                ("story", number),
                name=f"{number}.txt",
                media_type="text/plain",
                digest=digest,
                size=size,
                at=AT,
            )


def _statement_files(engine: Engine, settings: Settings) -> None:
    """The files of two settled statements, with their confirmations."""
    with unit_of_work(engine, SYSTEM) as session:
        issued = select(Statement).where(Statement.stage != "draft").order_by(Statement.number)
        for row in session.scalars(issued.limit(2)).all():
            keep_files(session, row, settings, by=SYSTEM, at=AT)
            keep_confirmation(session, row, settings, by=SYSTEM, at=AT)
