"""Anyone verifies a paper by its code: what was signed is shown, and a file in hand is checked against it."""

from __future__ import annotations

import io
import uuid
from pathlib import Path

from sqlalchemy import Engine

from core import papers
from core.db import unit_of_work
from core.papers import Paper
from core.permits import SYSTEM
from ledger.models import Statement
from tests.makers_money import CLOSED_AT, play_quarter
from tests.visitors import Browser, settings_for
from web.keeping import store_in
from web.statement_paper import keep_files
from web.tender_papers import AGREEMENT, OPENING_RECORD, RECEIPT


def _kept(engine: Engine, state_dir: Path) -> dict[str, Paper]:
    """Return the files of member D's statement."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session)
        statement = session.get_one(Statement, quarter.of(3).id)
        return keep_files(session, statement, settings_for(state_dir), by=SYSTEM, at=CLOSED_AT)


def _body(state_dir: Path, paper: Paper) -> bytes:
    with store_in(settings_for(state_dir)).open(paper.digest) as file:
        return file.read()


def test_a_code_shows_what_was_signed(engine: Engine, client: Browser, state_dir: Path) -> None:
    """Without signing in: issuer, number, member, net in figures and capitals, the digests of every file."""
    kept = _kept(engine, state_dir)
    page = client.get(f"/v/{kept['pdf'].code}")
    assert page.status_code == 200
    for words in ("26,516.24", "贰万陆仟伍佰壹拾陆元贰角肆分", "成员应付共保体", kept["pdf"].digest[:8]):
        assert words in page.text
    typed = client.get("/v", query_string={"code": f" {kept['pdf'].code.upper()} "})
    assert typed.location.endswith(f"/v/{kept['pdf'].code}")


def test_a_code_that_is_none_is_told_so(engine: Engine, client: Browser) -> None:
    """A code nobody gave is not found; something that is no code is refused beside its field."""
    assert client.get("/v/" + "0" * 20).status_code == 404
    assert client.get("/v/..%2f..%2fetc").status_code == 404
    wrong = client.get("/v?code=<script>")
    assert wrong.status_code == 422
    assert "<script>" not in wrong.text.replace("<script type", "")
    assert client.get("/v").status_code == 200


def test_a_file_in_hand_is_checked(engine: Engine, client: Browser, state_dir: Path) -> None:
    """The kept file is the same and its signature holds; one changed byte or another paper is not."""
    kept = _kept(engine, state_dir)
    body = _body(state_dir, kept["pdf"])
    address = f"/v/{kept['pdf'].code}"
    same = client.send(address, file=(io.BytesIO(body), "结算单.pdf"))
    assert same.status_code == 200
    assert "与保存的文件完全相同" in same.text
    assert "签名有效" in same.text
    sheet = client.send(address, file=(io.BytesIO(_body(state_dir, kept["xlsx"])), "../../x.xlsx"))
    assert "与保存的文件完全相同" in sheet.text
    changed = client.send(address, file=(io.BytesIO(body + b"\n% more"), "x.pdf"))
    assert "与保存的文件不同" in changed.text
    assert "签名之后被改动过" in changed.text
    other = client.send(address, file=(io.BytesIO(b"%PDF-1.7 nothing"), "x.pdf"))
    assert "与保存的文件不同" in other.text
    none = client.send(address)
    assert none.status_code == 422
    assert "请选择要核对的文件" in none.text


def test_a_list_that_somebody_sent_in_is_not_shown(engine: Engine, client: Browser) -> None:
    """An uploaded list is kept with a code as every file is, but the code leads nobody to its name or its digest."""
    with unit_of_work(engine, SYSTEM) as session:
        sent = papers.keep(
            session,
            "list_upload",
            ("estates", uuid.uuid4()),
            name="示例苑业主名单.xlsx",
            media_type="application/octet-stream",
            digest="0" * 64,
            size=9,
            at=CLOSED_AT,
        )
    for answer in (client.get(f"/v/{sent.code}"), client.send(f"/v/{sent.code}", file=(io.BytesIO(b"x"), "x.csv"))):
        assert answer.status_code == 404
        assert "业主名单" not in answer.text


def test_the_papers_of_a_tender_are_shown(engine: Engine, client: Browser) -> None:
    """Receipts, opening records and agreements are meant for verification: the code leads to name and digest."""
    for kind in (RECEIPT, OPENING_RECORD, AGREEMENT):
        with unit_of_work(engine, SYSTEM) as session:
            paper = papers.keep(
                session,
                kind,
                ("tender", uuid.uuid4()),
                name=f"{kind}.pdf",
                media_type="application/pdf",
                digest=uuid.uuid4().hex * 2,
                size=9,
                at=CLOSED_AT,
            )
        page = client.get(f"/v/{paper.code}")
        assert page.status_code == 200
        assert f"{kind}.pdf" in page.text and paper.digest[:8] in page.text
