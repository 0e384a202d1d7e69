"""The confirmation of a statement: made once its member agrees, signed, kept, and the same to both sides."""

from __future__ import annotations

import json
import uuid
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from core.db import unit_of_work
from core.errors import Conflict
from core.papers import Paper, papers_of
from core.parties import Person
from core.permits import SYSTEM, Role
from ledger.models import Statement
from tests.makers_money import CLOSED_AT, Quarter, agree_all, play_quarter
from tests.visitors import Browser, Visitors, settings_for
from tests.web.documents_makers import pdf_text
from web.confirmation import keep_confirmation, kept_confirmation
from web.documents.signing import verify
from web.paper_desk import signer_of
from web.statement_paper import CONFIRMATION
from web.tasks import Bench
from web.tasks import keep_confirmation as task


def _quarter(engine: Engine, *, is_agreed: bool = False) -> Quarter:
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session)
        if is_agreed:
            agree_all(session, quarter)
        return quarter


def _checker(visitors: Visitors, quarter: Quarter, member: int) -> Browser:
    return visitors.login_as(Role.FINANCE_CHECKER, quarter.made.members[member])


def _sent(browser: Browser, address: str) -> tuple[int, bytes]:
    """Return the status and the bytes of a file asked for."""
    with browser.get(address) as answer:
        return answer.status_code, answer.data


def _jobs(engine: Engine, statement_id: uuid.UUID) -> int:
    """Return how many jobs wait for one statement's confirmation; those of other tests stand in the queue too."""
    query = (
        "SELECT count(*) FROM procrastinate_jobs"
        " WHERE task_name = 'keep_confirmation' AND args ->> 'statement_id' = :statement_id"
    )
    with unit_of_work(engine, SYSTEM) as session:
        return int(session.scalars(text(query), {"statement_id": str(statement_id)}).one())


def test_an_agreement_has_its_confirmation_made(engine: Engine, visitors: Visitors, state_dir: Path) -> None:
    """Agreeing queues it; made once, it names number, sum, capitals, who agreed, the statement's digest, its code."""
    quarter = _quarter(engine)
    address = f"/statements/{quarter.of(3).id}"
    member, lead = _checker(visitors, quarter, 3), _checker(visitors, quarter, 0)
    assert member.send(f"{address}/acknowledge").status_code == 303
    assert _jobs(engine, quarter.of(3).id) == 0 and "对账确认函" not in member.get(address).text
    assert member.send(f"{address}/agree").status_code == 303
    assert _jobs(engine, quarter.of(3).id) == 1
    for _ in range(2):
        task(Bench(settings_for(state_dir), engine), str(quarter.of(3).id))
    with unit_of_work(engine, SYSTEM) as session:
        (kept,) = papers_of(session, CONFIRMATION.kind, ("statement", quarter.of(3).id))
        row = session.get_one(Statement, quarter.of(3).id)
        name = session.scalars(select(Person.name).where(Person.id == row.answered_by)).one()
    bodies = [_sent(browser, f"{address}/confirmation.pdf")[1] for browser in (member, lead)]
    assert {sha256(body).hexdigest() for body in bodies} == {kept.digest}
    words = pdf_text(bodies[0])
    digest = member.get(f"/api/v1{address}").json["digest"]
    for told in ("对账确认函", quarter.of(3).number, "26,516.24", "贰万陆仟伍佰壹拾陆元贰角肆分", name, kept.code):
        assert told in words, told
    assert digest in "".join(words.split())
    at = kept.made_at
    said = verify(bodies[0], [signer_of(settings_for(state_dir), at).certificate], at=at)
    assert said.is_good
    for browser in (member, lead):
        assert kept.digest in browser.get(address).text


def test_its_code_shows_what_was_confirmed(engine: Engine, client: Browser, state_dir: Path) -> None:
    """Without signing in: the paper by its own title, the statement's number and sum, and the file in hand checked."""
    quarter = _quarter(engine, is_agreed=True)
    with unit_of_work(engine, SYSTEM) as session:
        row = session.get_one(Statement, quarter.of(3).id)
        kept = keep_confirmation(session, row, settings_for(state_dir), by=SYSTEM, at=CLOSED_AT)
    page = client.get(f"/v/{kept.code}").text
    assert "对账确认函" in page and quarter.of(3).number in page and "26,516.24" in page
    assert "对账确认函（已签名）" in page


def test_there_is_none_before_the_agreement(engine: Engine, visitors: Visitors, state_dir: Path) -> None:
    """A statement that is only issued or queried has no confirmation, by page, interface or verb."""
    quarter = _quarter(engine)
    statement = quarter.of(3)
    member = _checker(visitors, quarter, 3)
    for address in (f"/statements/{statement.id}/confirmation.pdf", f"/api/v1/statements/{statement.id}/confirmation"):
        refused = member.get(address)
        assert refused.status_code == 409, address
    assert member.get(f"/api/v1/statements/{statement.id}/confirmation").json["code"] == "statement_not_agreed"
    with pytest.raises(Conflict, match="statement_not_agreed"), unit_of_work(engine, SYSTEM) as session:
        row = session.get_one(Statement, statement.id)
        keep_confirmation(session, row, settings_for(state_dir), by=SYSTEM, at=CLOSED_AT)
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalars(select(Paper).where(Paper.kind == CONFIRMATION.kind)).all() == []


def test_it_is_for_both_sides_and_nobody_else(engine: Engine, visitors: Visitors) -> None:
    """Member, lead and bureau have it by page and interface, made when first asked for; another member gets 404."""
    quarter = _quarter(engine, is_agreed=True)
    address = f"/api/v1/statements/{quarter.of(1).id}"
    fellow = _checker(visitors, quarter, 2)
    assert fellow.get(f"{address}/confirmation").status_code == 404
    sides = [_checker(visitors, quarter, 1), _checker(visitors, quarter, 0), visitors.login_as(Role.BUREAU_FINANCE)]
    assert {_sent(browser, f"{address}/confirmation")[0] for browser in sides} == {200}
    for browser in sides:
        (file,) = [one for one in browser.get(address).json["files"] if one["name"] == "confirmation"]
        assert sha256(_sent(browser, file["href"])[1]).hexdigest() == file["sha256"]
    assert json.dumps(fellow.get("/api/v1/statements").json).count(str(quarter.of(1).id)) == 0
    with unit_of_work(engine, quarter.made.actor(Role.FINANCE_CHECKER, 2)) as session:
        assert session.scalars(select(Paper).where(Paper.kind == CONFIRMATION.kind)).all() == []
    with unit_of_work(engine, SYSTEM) as session:
        assert kept_confirmation(session, session.get_one(Statement, quarter.of(1).id)) is not None
