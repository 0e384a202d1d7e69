"""Accounts of members, confirmed by two persons of each, batches that pay them, a bank's own statements."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, time

from sqlalchemy.orm import Session

from claims import payouts
from claims.models import Claim
from core.clock import CITY
from core.permits import Role
from ledger import bank_accounts, bank_intake, bank_payees, bank_payments
from ledger.bank_camt import read_camt
from ledger.bank_codes import AccountDetails, cnaps_check
from ledger.bank_models import BankAccount, BankReport, Payee, PaymentBatch
from ledger.bank_reports import ReportLine
from ledger.models import Period
from ledger.money import plain_fen
from tests.makers import AT, MadePool


def details(place: int, *, again: int = 0) -> AccountDetails:
    """Return an invented account of a member by its place; `again` counts its later ones."""
    letter = "甲乙丙丁戊己庚"[place]
    branch = f"10210000{place}{again:02d}"
    return AccountDetails(
        f"{letter}财险（示例）",
        f"示例银行{letter}支行",
        f"{branch}{cnaps_check(branch)}",
        f"02000{place:05d}{again:06d}",
    )


def propose(session: Session, made: MadePool, place: int, *, again: int = 0, at: datetime = AT) -> BankAccount:
    """Return the account that a member's finance maker proposes."""
    maker = made.actor(Role.FINANCE_MAKER, place)
    return bank_accounts.propose(session, made.pool.id, details(place, again=again), by=maker, at=at)


def confirm(session: Session, made: MadePool, place: int, *, again: int = 0, at: datetime = AT) -> BankAccount:
    """Return an account that a second person of the member has confirmed."""
    row = propose(session, made, place, again=again, at=at)
    bank_accounts.confirm_account(session, row, by=made.actor(Role.FINANCE_CHECKER, place), at=at)
    return row


def confirm_all(session: Session, made: MadePool, places: Iterable[int] = (0, 1, 2, 3)) -> list[BankAccount]:
    """Return an account of each member, in force."""
    return [confirm(session, made, place) for place in places]


def prepare(session: Session, made: MadePool, period: Period, *, pays_on: date, at: datetime = AT) -> PaymentBatch:
    """Return the batch of a closed period that the lead's maker prepares."""
    return bank_payments.prepare(session, period, pays_on=pays_on, by=made.actor(Role.FINANCE_MAKER), at=at)


def release(session: Session, made: MadePool, period: Period, *, pays_on: date, at: datetime = AT) -> PaymentBatch:
    """Return a batch that another person of the lead has released."""
    batch = prepare(session, made, period, pays_on=pays_on, at=at)
    bank_payments.release_batch(session, batch, by=made.actor(Role.FINANCE_CHECKER), at=at)
    return batch


#: The account of the lead as `details(0)` has it.
LEAD_NUMBER = details(0).number
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


def line_of(
    fen: int, reference: str, *, name: str = "", number: str = "", about: str = "", on: date = date(2026, 4, 17)
) -> ReportLine:
    """Return a line of a bank's statement; positive fen came in."""
    return ReportLine(reference, on, fen, reference, name, number, about)


def camt(
    lines: Iterable[ReportLine],
    *,
    opening_fen: int = 0,
    name: str = "S-1",
    on: date = date(2026, 4, 17),
    from_on: date | None = None,
) -> bytes:
    """Return a bank's statement of the lead's account up to a day as camt.053.001.08."""
    listed = list(lines)
    closing_fen = opening_fen + sum(line.amount_fen for line in listed)
    days = f"<FrToDt><FrDtTm>{from_on or on}T00:00:00</FrDtTm><ToDtTm>{on}T23:59:59</ToDtTm></FrToDt>"
    balances = _balance("OPBD", opening_fen, on) + _balance("CLBD", closing_fen, on)
    account = f"<Acct><Id><Othr><Id>{LEAD_NUMBER}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>"
    entries = "".join(map(_entry, listed))
    statement = f"<Stmt><Id>{name}</Id>{days}{account}{balances}{entries}</Stmt>"
    return f'<Document xmlns="{_NAMESPACE}"><BkToCstmrStmt>{statement}</BkToCstmrStmt></Document>'.encode()


def _money(fen: int) -> str:
    side = "CRDT" if fen >= 0 else "DBIT"
    return f'<Amt Ccy="CNY">{plain_fen(abs(fen))}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def _balance(code: str, fen: int, on: date) -> str:
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    return f"<Bal>{kind}{_money(fen)}<Dt><Dt>{on}</Dt></Dt></Bal>"


def _entry(line: ReportLine) -> str:
    other = "Dbtr" if line.amount_fen >= 0 else "Cdtr"
    side = f"<{other}><Pty><Nm>{line.name}</Nm></Pty></{other}>" if line.name else ""
    account = f"<{other}Acct><Id><Othr><Id>{line.number}</Id></Othr></Id></{other}Acct>" if line.number else ""
    about = f"<RmtInf><Ustrd>{line.about}</Ustrd></RmtInf>" if line.about else ""
    details = f"<NtryDtls><TxDtls><RltdPties>{side}{account}</RltdPties>{about}</TxDtls></NtryDtls>"
    told = f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{line.booked_on}</Dt></BookgDt>"
    return f"<Ntry>{_money(line.amount_fen)}{told}<AcctSvcrRef>{line.reference}</AcctSvcrRef>{details}</Ntry>\n"


def take(
    session: Session, made: MadePool, lines: Iterable[ReportLine], *, name: str = "S-1", opening_fen: int = 0
) -> BankReport:
    """Return a bank's statement of one day that the lead's maker has taken in."""
    return take_file(session, made, camt(lines, name=name, opening_fen=opening_fen))


def take_file(session: Session, made: MadePool, content: bytes) -> BankReport:
    """Return what a file of the bank holds, taken in by the lead's maker."""
    digest = hashlib.sha256(content).hexdigest()
    maker = made.actor(Role.FINANCE_MAKER)
    report = read_camt(content)
    name, at = f"{report.reference}.xml", max(AT, datetime.combine(report.until_on, time(23), CITY))
    return bank_intake.take(session, made.pool.id, report, name=name, digest=digest, by=maker, at=at)


def payee_details(place: int, *, again: int = 0) -> AccountDetails:
    """Return an invented account of a payee by its place; `again` counts its later ones."""
    branch = f"30758400{place}{again:02d}"
    name, number = f"示例电梯维修{place}号（示例）", f"0688{place:06d}{again:04d}"
    return AccountDetails(name, "示例银行维修支行", f"{branch}{cnaps_check(branch)}", number)


def make_payee(session: Session, made: MadePool, place: int = 1, *, at: datetime = AT) -> Payee:
    """Return a payee of a pool that the lead's maker has added."""
    maker = made.actor(Role.FINANCE_MAKER)
    return bank_payees.add(session, made.pool.id, "repairer", f"示例电梯维修{place}号", by=maker, at=at)


def vouch(session: Session, made: MadePool, payee: Payee, place: int = 1, *, again: int = 0, at: datetime = AT) -> None:
    """Propose an account of a payee by one person of the lead and confirm it by another."""
    told = payee_details(place, again=again)
    maker, checker = made.actor(Role.FINANCE_MAKER), made.actor(Role.FINANCE_CHECKER)
    row = bank_accounts.propose(session, made.pool.id, told, by=maker, at=at, payee=payee)
    bank_accounts.confirm_account(session, row, by=checker, at=at)


def payee_of(session: Session, made: MadePool, claim: Claim, place: int = 1, *, at: datetime = AT) -> Payee:
    """Return a new payee with an account in force, named on a claim."""
    payee = make_payee(session, made, place, at=at)
    vouch(session, made, payee, place, at=at)
    payouts.name_payee(session, claim, payee, by=made.actor(Role.CLAIMS_HANDLER), at=at)
    return payee
