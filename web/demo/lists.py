"""Lists in the story: premiums of public buildings posted at once, a faulty list, one to approve, and one of claims."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from claims import lists
from core import clock
from core.permits import SYSTEM, Role
from ledger.money import plain_fen
from underwriting import bordereau_posting, bordereaux, pools, sent_lists
from underwriting.models import Bordereau, Pool
from underwriting.rating import months_after
from underwriting.sent_lists import Sent
from web import claims_list
from web.bordereau_list import SCHEMA, Reader
from web.demo.telling import at
from web.demo.year import YearStory
from web.tables import read_table

#: So many policies are posted from a list, and so many wait on another.
POSTED, WAITING = 24, 9
_HEAD = "保单号,起保日期,满期日,台数,保费（元）\n"


@dataclass
class ListStory:
    """Plays the lists of one pool, on the last working day before the story ends."""

    year: YearStory

    def plan(self) -> None:
        """Put the lists into the queue: one to be posted, a faulty one, one that waits for its second person."""
        telling = self.year.telling
        day = telling.workday_before(clock.on(telling.now))
        telling.plan(at(day, 9, 20), partial(self._post, "公共建筑电梯保费.csv"))
        telling.plan(at(day, 14), partial(self._send_faulty, "学校电梯保费.csv"))
        telling.plan(at(day, 15), partial(self._send_waiting, "医院电梯保费.csv"))
        telling.plan(at(day, 16), partial(self._send_claims, "公共建筑电梯赔案.csv"))

    def _post(self, name: str, session: Session, when: datetime) -> None:
        row_id = self._send(session, when, name, self._rows(session, when, "G", POSTED))
        row = sent_lists.lock(session, Bordereau, row_id)
        sent_lists.approve(session, row, by=self.year.second, at=when)
        bordereau_posting.post(session, row, by=SYSTEM, at=when)

    def _send_faulty(self, name: str, session: Session, when: datetime) -> None:
        good = self._rows(session, when, "X", 8).splitlines(keepends=True)
        year = when.year
        wrong = [
            f"SF{year}-X901,{year}-02-30,{year + 1}-02-28,4,5144.00\n",
            f"SF{year}-X902,{year}-10-01,{year + 1}-10-01,三,3858.00\n",
            f"SF{year}-X903,{year}-10-01,{year}-10-01,2,2572.00\n",
            f"SF{year}-X904,{year}-10-01,{year + 1}-10-01,2,2572.005\n",
            good[0],
        ]
        self._send(session, when, name, "".join([*good, *wrong]))

    def _send_waiting(self, name: str, session: Session, when: datetime) -> None:
        self._send(session, when, name, self._rows(session, when, "Y", WAITING))

    def _send_claims(self, name: str, session: Session, when: datetime) -> None:
        """Send a list of claims on the policies that the first list has made; it waits for the signatory."""
        day, items = clock.on(when), (("门机更换", 486_000), ("曳引钢丝绳更换", 912_000), ("控制板维修", 275_000))
        lines = ["赔案号,保单号,事由,费用项目,报损金额,核定金额,核减原因\n"]
        for place, (title, fen) in enumerate(items, start=1):
            head = f"GJ{day.year}-{place:03},SF{day.year}-G{place * 3:03},{title}"
            lines.append(f"{head},配件,{plain_fen(fen)},,\n")
            lines.append(f"{head},人工,{plain_fen(fen // 5)},{plain_fen(fen // 6)},超出当地同类维修的人工价格\n")
        content = "".join(lines).encode()
        pool, by = session.get_one(Pool, self.year.pool_id), self.year.cast.firms[0].actors[Role.CLAIMS_HANDLER]
        self.year.telling.store.put(io.BytesIO(content), limit=len(content))
        found = claims_list.read(session, pool, io.BytesIO(content), name, {}, None, day)
        columns = claims_list.SCHEMA.suggest(lines[0].strip().split(",")).columns
        sent = Sent(name, hashlib.sha256(content).hexdigest(), columns)
        row = lists.begin(session, pool, sent, on=day, by=by, at=when)
        lists.keep(session, row, found.lines, found.claims, found.faults, by=SYSTEM, at=when)

    def _rows(self, session: Session, when: datetime, series: str, count: int) -> str:
        """Return so many rows of a list: a policy each, from the day that it is sent on."""
        day = clock.on(when)
        lift_fen = pools.agreement_on(session, self.year.pool_id, day).lift_premium_fen
        lines = []
        for place in range(count):
            lifts = place * 5 % 7 + 1
            until: date = months_after(day, 12)
            lines.append(f"SF{day.year}-{series}{place + 1:03},{day},{until},{lifts},{plain_fen(lifts * lift_fen)}\n")
        return "".join(lines)

    def _send(self, session: Session, when: datetime, name: str, body: str) -> UUID:
        """Send a list and read it, as the worker does; return its number."""
        content = (_HEAD + body).encode()
        pool = session.get_one(Pool, self.year.pool_id)
        self.year.telling.store.put(io.BytesIO(content), limit=len(content))
        versions = [(one.number, one.effective_on, one.ends_on) for one in pools.agreements(session, pool.id)]
        with read_table(io.BytesIO(content), name) as table:
            mapping = SCHEMA.suggest(table.headers)
            sent = Sent(name, hashlib.sha256(content).hexdigest(), mapping.columns)
            row = bordereaux.begin(session, pool, sent, on=clock.on(when), by=self.year.desk, at=when)
            for _, make in Reader(table, mapping, versions).pieces(0):
                bordereaux.keep_piece(session, row, make(session))
        bordereaux.finish_reading(session, row, by=SYSTEM, at=when)
        return row.id
