"""Anyone verifies a paper by its code: what was signed is shown, and a file in hand is checked against it."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import Engine

from core import papers
from core.db import unit_of_work
from core.papers import Paper
from core.permits import SYSTEM
from ledger.models import Statement
from tests.makers_money import CLOSED_AT, play_quarter
from tests.visitors import Browser, settings_for
from web.documents import judging, signing
from web.keeping import store_in
from web.paper_desk import verification_of
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
    assert re.search(r"付款期限</dt>\s*<dd>\s*2026-03-31", page.text), "the day to pay by, as printed"
    typed = client.get("/v", query_string={"code": f" {kept['pdf'].code.upper()} "})
    assert typed.location.endswith(f"/v/{kept['pdf'].code}")


def test_the_code_on_paper_leads_to_its_page(engine: Engine, client: Browser, state_dir: Path, tmp_path: Path) -> None:
    """A printed statement, scanned: its QR code holds the very address of verification, and that answers."""
    kept = _kept(engine, state_dir)
    (tmp_path / "paper.pdf").write_bytes(_body(state_dir, kept["pdf"]))
    command = ["pdftoppm", "-r", "150", "-png", str(tmp_path / "paper.pdf"), str(tmp_path / "page")]
    subprocess.run(command, check=True)
    found = []
    for page in sorted(tmp_path.glob("page-*.png")):
        with Image.open(page) as scanned:
            found += zxingcpp.read_barcodes(scanned.convert("L"))
    assert {one.format for one in found} == {zxingcpp.BarcodeFormat.QRCode}
    address = verification_of(settings_for(state_dir), kept["pdf"].code).url
    assert {one.text for one in found} == {address}
    page = client.get(urlsplit(address).path)
    assert page.status_code == 200 and kept["pdf"].digest[:8] in page.text


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


def test_a_file_is_checked_without_its_code(engine: Engine, client: Browser, state_dir: Path) -> None:
    """The file alone leads to what it says and to its signature; another file is told that none such was kept."""
    kept = _kept(engine, state_dir)
    body = _body(state_dir, kept["pdf"])
    assert 'type="file"' in client.get("/v").text
    same = client.send("/v", file=(io.BytesIO(body), "结算单.pdf"))
    for words in ("与保存的文件完全相同", "签名有效", "26,516.24", kept["pdf"].code):
        assert words in same.text
    sheet = client.send("/v", file=(io.BytesIO(_body(state_dir, kept["xlsx"])), "x.xlsx"))
    assert "与保存的文件完全相同" in sheet.text
    changed = client.send("/v", file=(io.BytesIO(body + b"\n% more"), "x.pdf"))
    assert "没有保存过这个文件" in changed.text and "签名之后被改动过" in changed.text
    assert "26,516.24" not in changed.text
    assert client.send("/v").status_code == 422


def test_a_file_that_somebody_sent_in_is_not_told_by_itself(engine: Engine, client: Browser) -> None:
    """Whoever has the same list as somebody sent in learns nothing of its having been sent."""
    body = b"lift,owner\n"
    with unit_of_work(engine, SYSTEM) as session:
        papers.keep(
            session,
            "list_upload",
            ("estates", uuid.uuid4()),
            name="示例苑业主名单.csv",
            media_type="text/csv",
            digest=hashlib.sha256(body).hexdigest(),
            size=len(body),
            at=CLOSED_AT,
        )
    answer = client.send("/v", file=(io.BytesIO(body), "x.csv"))
    assert "没有保存过这个文件" in answer.text and "业主名单" not in answer.text


@pytest.mark.parametrize(
    ("junk", "words"),
    [
        (b"%PDF-1.7\n" + b" " * (9 << 20), "不是可读取的 PDF"),
        (b"%PDF-1.7\n" + b"1" * 1000 + b"\nstartxref\n9\n%%EOF\n", "不是可读取的 PDF"),
        (b"%PDF-1.7\n1 0 obj " + b" " * (30 << 20) + b"\nstartxref\n9\n%%EOF\n", "没有检查签名"),
    ],
    ids=["no-table", "digits-for-a-table", "thirty-megabytes"],
)
def test_junk_is_answered_without_being_read_as_a_pdf(
    engine: Engine, client: Browser, state_dir: Path, monkeypatch: pytest.MonkeyPatch, junk: bytes, words: str
) -> None:
    """What has not the shape of a PDF, or is larger than any paper, reaches no reader, by code and without."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the reader was started")

    kept = _kept(engine, state_dir)
    monkeypatch.setattr(judging, "_asked", never)
    monkeypatch.setattr(signing, "verify", never)
    for address in ("/v", f"/v/{kept['pdf'].code}"):
        head = f'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{client.token()}\r\n--b\r\n'
        head += 'Content-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n'
        sent = head.encode() + junk + b"\r\n--b--\r\n"
        answer = client.post(address, data=sent, content_type="multipart/form-data; boundary=b", buffered=True)
        assert answer.status_code == 200 and words in answer.text
        assert hashlib.sha256(junk).hexdigest()[:8] in answer.text


def test_no_connection_is_held_while_a_file_is_judged(
    engine: Engine, client: Browser, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many files are being judged, whoever else needs the database gets it."""
    kept = _kept(engine, state_dir)
    held: list[int] = []

    def asked(*_: object) -> None:
        held.append(engine.pool.checkedout())  # type: ignore[attr-defined]

    monkeypatch.setattr(judging, "_asked", asked)
    changed = _body(state_dir, kept["pdf"]) + b"\n% more"
    for address in ("/v", f"/v/{kept['pdf'].code}"):
        assert client.send(address, file=(io.BytesIO(changed), "x.pdf")).status_code == 200
    assert held == [0, 0]


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
