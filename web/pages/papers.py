"""Verifying a paper: by the code printed on it anyone sees what was signed, and checks the file in hand against it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any

from cryptography.x509 import Certificate
from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from core import papers
from core.errors import Invalid, NotFound
from core.papers import Paper
from ledger.money import in_words
from tender.agreements import AGREEMENT
from web import limits
from web.documents import judging
from web.documents.signing import Verification
from web.errors import words
from web.formats import instant, t, yuan
from web.keeping import settings, store_in
from web.paper_desk import signer_of
from web.shell import at, needs, reading
from web.statement_paper import CONFIRMATION, FILES, data_of
from web.tender_papers import OPENING_RECORD, RECEIPT

pages = Blueprint("papers", __name__, url_prefix="/v")

_CODE = re.compile(r"[0-9a-f]{20}")

#: The files of a statement, its confirmation among them.
_OF_STATEMENT = (*FILES.values(), CONFIRMATION)

#: What anyone may verify; a list that somebody sent in is kept with a code too, and is nobody else's business.
_SHOWN = frozenset({*(file.kind for file in _OF_STATEMENT), RECEIPT, OPENING_RECORD, AGREEMENT})

#: Checking a signature takes a tenth of a second of this machine, so one address does it so often.
_CHECKS = limits.Limit("verify", 20, 6)


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check of a file: how it is told, and the digest of what was given."""

    tone: str
    title: str
    lines: Sequence[str]
    digest: str


# What is read of the database is read in short: hashing and judging a file takes seconds, and no connection is held.


@pages.route("", methods=["GET", "POST"])
@needs("public.read", has_unit=False)
def start() -> ResponseReturnValue:
    """Ask for a code or a file; go to what the code stands for, or say what the file is."""
    if request.method == "POST":
        return _by_file()
    typed = request.args.get("code")
    if typed is None:
        return _page("", [], {})
    code = re.sub(r"[\s-]", "", typed).lower()
    if not _CODE.fullmatch(code):
        wrong = t("核验码是 20 位数字和 a 至 f 的字母。", "A code has 20 characters, digits and the letters a to f.")
        return _page(typed, [], {"code": wrong}), 422
    return redirect(url_for(".verify", code=code))


def _by_file() -> ResponseReturnValue:
    """Show what a file stands for that was kept here byte for byte; otherwise say that none such was kept."""
    upload = _upload()
    if upload is None:
        return _page("", [], {"file": _no_file()}), 422
    digest = _digest(upload.stream)
    with reading() as session:
        found = [one for one in papers.papers_by_digest(session, digest) if one.kind in _SHOWN]
        kept = papers.papers_by_code(session, found[-1].code) if found else []
    if found:
        return _page(found[-1].code, kept, {}, _same(found[-1], digest))
    title = t("本平台没有保存过这个文件", "This platform has kept no such file")
    return _page("", [], {}, _other(title, upload.stream, digest))


@pages.route("/<code>", methods=["GET", "POST"])
@needs("public.read", has_unit=False)
def verify(code: str) -> ResponseReturnValue:
    """Show what a code stands for; check an uploaded file against what was kept."""
    with reading() as session:
        kept = papers.papers_by_code(session, code) if _CODE.fullmatch(code) else []
    if not kept or kept[0].kind not in _SHOWN:
        raise NotFound("paper_not_found")
    if request.method == "GET":
        return _page(code, kept, {})
    upload = _upload()
    if upload is None:
        return _page(code, kept, {"file": _no_file()}), 422
    digest = _digest(upload.stream)
    same = next((paper for paper in _files(kept) if paper.digest == digest), None)
    if same is not None:
        return _page(code, kept, {}, _same(same, digest))
    title = t("与保存的文件不同", "Not the file that was kept")
    return _page(code, kept, {}, _other(title, upload.stream, digest))


def _upload() -> FileStorage | None:
    """Return the file that was sent, of what one address may have looked at; None where none was chosen."""
    limits.take(current_app.extensions["gongbao"].engine, _CHECKS, request.remote_addr or "")
    upload = request.files.get("file")
    return upload if upload is not None and upload.filename else None


def _no_file() -> str:
    return t("请选择要核对的文件。", "Choose the file to check.")


def _digest(stream: IO[bytes]) -> str:
    """Return the SHA-256 of a file in hex, read piece by piece: how large it is does not matter."""
    hasher = sha256()
    while chunk := stream.read(1 << 20):
        hasher.update(chunk)
    return hasher.hexdigest()


def _files(kept: Sequence[Paper]) -> list[Paper]:
    """Return the files that were kept together, in the order in which they were made."""
    if len(kept) < 2:
        return list(kept)
    kinds = {file.kind for file in _OF_STATEMENT}
    return sorted((one for one in kept if one.kind in kinds), key=lambda paper: paper.id)


def _same(kept: Paper, digest: str) -> Checked:
    """Return that a file is one that was kept, and what the signature on the kept one is worth."""
    title = t("与保存的文件完全相同", "Exactly the file that was kept")
    lines = [f"{kept.name}，{instant(kept.made_at)}"]
    if kept.media_type == "application/pdf":
        from web.documents.signing import verify as verified  # pyHanko takes half a second

        with store_in(settings()).open(kept.digest) as file:
            lines.append(_signature_words(verified(file.read(), _trusted(), at=at())))
    return Checked("good", title, lines, digest)


def _other(title: str, stream: IO[bytes], digest: str) -> Checked:
    """Return that a file is none that was kept, and what its signature is worth, found out within bounds."""
    lines = [
        t(
            "内容被改动过，或不是这一份。请以首席出具的原件为准。",
            "It was changed, or it is another one. Trust the original.",
        )
    ]
    stream.seek(0)
    body = stream.read(judging.JUDGED_MOST_BYTES + 1)
    if body.startswith(b"%PDF"):
        try:
            lines.append(_signature_words(judging.judge(body, _trusted(), at=at())))
        except Invalid as refusal:
            lines.append(words(refusal))
    return Checked("stop", title, lines, digest)


def _trusted() -> list[Certificate]:
    return [signer_of(settings(), at()).certificate]


def _signature_words(found: Verification) -> str:
    if not found.is_signed:
        return t("没有签名。", "It carries no signature.")
    if found.is_good:
        return t(
            "签名有效：{name}，{at}。",
            "The signature holds: {name}, {at}.",
            name=found.signer_name,
            at=instant(found.signed_at),
        )
    if not found.is_intact or not found.covers_all:
        return t("签名之后被改动过。", "It was changed after it was signed.")
    return t("签名不是本平台的。", "It was signed by someone else than this platform.")


def _page(code: str, found: Sequence[Paper], errors: Mapping[str, str], checked: Checked | None = None) -> str:
    paper, kept = (found[0], _files(found)) if found else (None, [])
    by_kind = {file.kind: file for file in _OF_STATEMENT}
    files = [
        {
            "label": t(by_kind[one.kind].zh, by_kind[one.kind].en) if one.kind in by_kind else one.name,
            "kind": one.name.rpartition(".")[2].upper(),
            "size": one.size,
            "digest": one.digest,
        }
        for one in kept
    ]
    signer = None
    if paper is not None and any(one.media_type == "application/pdf" for one in kept):
        own = signer_of(settings(), at())
        signer = {"name": own.certificate.subject.rfc4514_string().removeprefix("CN="), "fingerprint": own.fingerprint}
    return render_template(
        "papers/verify.html",
        code=code,
        paper=paper,
        data=_data(found) if found else None,
        files=files,
        signer=signer,
        checked=checked,
        errors=errors,
    )


def _data(kept: Sequence[Paper]) -> dict[str, Any] | None:
    """Return what a statement's papers say, with its answer in words; None for any other paper."""
    if kept[0].subject_kind != "statement":
        return None
    data: dict[str, Any] = data_of(settings(), kept)
    if kept[0].kind == CONFIRMATION.kind:
        data["head"] |= {"title_zh": "对账确认函", "title_en": "Confirmation of a statement of account"}
    fen = data["balance_fen"]
    pair = (
        ("共保体应付成员", "Due to the member from the pool") if fen >= 0 else ("成员应付共保体", "Due from the member")
    )
    return {
        **data,
        "answer_words": t(*pair),
        "answer_amount": yuan(abs(fen)),
        "answer_capitals": f"人民币{in_words(abs(fen))}",
    }
