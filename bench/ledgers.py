"""The same premiums in other ledgers: beancount and hledger as plain text, django-hordak in the same PostgreSQL.

A premium there is one transaction of six postings, its parts split beforehand. Theirs is to write the journal and have
it read and balanced, or to store it in one transaction; ours is to read the list, check it, split it and post it.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bench.alone import alone
from bench.place import DAY, SHARES, database, make_pool, settle, write_list
from bench.table import Row, as_data
from bench.telling import say, seconds
from core.server import Urls, another
from ledger.apportion import Weights
from ledger.automaton import CarryAutomaton

FULL, QUICK = 20_000, 1_000
OURS, OURS_QUICK = 100_000, 5_000
MEMBERS = tuple("ABCDE")


def premiums(count: int) -> Iterator[tuple[int, list[int]]]:
    """Yield premiums in fen, each with its members' parts."""
    dice = random.Random(1286)
    amounts_fen = [dice.randrange(50_000, 20_000_000) for _ in range(count)]
    yield from zip(amounts_fen, CarryAutomaton(Weights.of(*SHARES)).split(amounts_fen), strict=True)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def beancount(count: int) -> float:
    """Return how long a journal takes to be written, and read and checked by beancount."""
    from beancount import loader

    items = list(premiums(count))
    opened = [f"{DAY} open Assets:Premiums", *(f"{DAY} open Liabilities:{name}" for name in MEMBERS)]

    def work() -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".beancount") as file:
            file.write("\n".join(opened) + "\n")
            for number, (amount_fen, parts) in enumerate(items):
                lines = [f'{DAY} * "B{number:09d}"', f"  Assets:Premiums  {_yuan(amount_fen)} CNY"]
                owed = zip(MEMBERS, parts, strict=True)
                lines += [f"  Liabilities:{name}  -{_yuan(part)} CNY" for name, part in owed]
                file.write("\n".join(lines) + "\n\n")
            file.flush()
            entries, errors, _ = loader.load_file(file.name)
        if errors or len(entries) != count + len(opened):
            raise SystemExit(str(errors[:3]))

    return seconds(work)


def hledger(count: int) -> float:
    """Return how long a journal takes to be written, and read, balanced and summed by hledger."""
    items = list(premiums(count))

    def work() -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".journal") as file:
            for number, (amount_fen, parts) in enumerate(items):
                lines = [f"{DAY} B{number:09d}", f"  assets:premiums  {_yuan(amount_fen)} CNY"]
                owed = zip(MEMBERS, parts, strict=True)
                lines += [f"  liabilities:{name}  -{_yuan(part)} CNY" for name, part in owed]
                file.write("\n".join(lines) + "\n\n")
            file.flush()
            subprocess.run(["hledger", "-f", file.name, "balance"], capture_output=True, check=True)

    return seconds(work)


def hordak(host: str, database_name: str, count: int) -> float:
    """Return how long transactions with their legs take to be stored by django-hordak, in bulk in one transaction."""
    import django
    from django.conf import settings

    apps = ["django.contrib.auth", "django.contrib.contenttypes", "mptt", "hordak"]
    engine = {"ENGINE": "django.db.backends.postgresql", "HOST": host, "NAME": database_name, "USER": "postgres"}
    settings.configure(
        INSTALLED_APPS=apps,
        DATABASES={"default": engine},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        DEFAULT_CURRENCY="CNY",
        CURRENCIES=["CNY"],
        SECRET_KEY="only for a bench",
        USE_TZ=True,
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    return _stored(count)


def _stored(count: int) -> float:
    """Store transactions in bulk, once Django is set up."""
    from django.db import transaction
    from hordak.models import Account, Leg, Transaction
    from moneyed import Money

    def account(name: str, kind: str) -> object:
        return Account.objects.create(name=name, type=kind, currencies=["CNY"])

    premium = account("Premiums", "AS")
    members = [account(name, "LI") for name in MEMBERS]
    items = list(premiums(count))

    def work() -> None:
        with transaction.atomic():
            made = Transaction.objects.bulk_create(
                [Transaction(date=DAY, description=f"B{number:09d}") for number in range(count)]
            )
            legs = []
            for one, (amount_fen, parts) in zip(made, items, strict=True):
                legs.append(Leg(transaction=one, account=premium, debit=Money(_yuan(amount_fen), "CNY")))
                for member, part in zip(members, parts, strict=True):
                    legs.append(Leg(transaction=one, account=member, credit=Money(_yuan(part), "CNY")))
            Leg.objects.bulk_create(legs)

    return seconds(work)


def _hordak_beside(urls: Urls, count: int) -> float:
    """Store premiums by django-hordak in a database of its own on the same server."""
    made = urlsplit(another(urls, "hordak").admin)
    host = parse_qs(made.query)["host"][0]
    return float(alone("bench.ledgers:hordak", host, made.path.removeprefix("/"), count).result)


def measure(is_quick: bool) -> list[dict[str, object]]:
    """Return the rows of other ledgers."""
    count, own_count = (QUICK, OURS_QUICK) if is_quick else (FULL, OURS)
    with tempfile.TemporaryDirectory() as name, database() as (urls, engine):
        path = Path(name) / "premiums.csv"
        write_list(path, 100, "W")
        settle(engine, make_pool(engine, "预热共保体"), path)
        write_list(path, own_count)
        ours = own_count / sum(settle(engine, make_pool(engine, "批量共保体"), path))
        theirs = {"django-hordak": count / _hordak_beside(urls, count)}
    theirs["beancount"] = count / alone("bench.ledgers:beancount", count).result
    if shutil.which("hledger"):
        theirs["hledger"] = count / alone("bench.ledgers:hledger", count).result
    job = ("批量结算，每秒保费", "premiums a second")
    rows = []
    for one, english in (
        ("django-hordak", "bulk, one transaction"),
        ("beancount", "write and check"),
        ("hledger", "write and balance"),
    ):
        rate = theirs.get(one)
        if rate is None:
            note = "未安装 not installed"
            rows.append(Row(*job, one, english, note=note))
        else:
            say(f"{one}: {rate:,.0f} premiums a second; ours {ours:,.0f}")
            rows.append(Row(*job, one, english, ours, rate, "1/s", ours / rate))
    return as_data(rows)
