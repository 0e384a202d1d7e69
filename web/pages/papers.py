"""Verifying a paper: by the code printed on it anyone sees what was signed, and checks the file in hand against it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core import papers
from core.errors import Invalid, NotFound
from core.papers import Paper
from ledger.money import in_words
from tender.agreements import AGREEMENT
from web import limits
from web.documents.signing import Verification
from web.formats import instant, t, yuan
from web.keeping import PAPER_MOST_BYTES, settings
from web.paper_desk import signer_of
from web.shell import at, needs, unit
from web.statement_paper import FILES, data_of
from web.tender_papers import OPENING_RECORD, RECEIPT

pages = Blueprint("papers", __name__, url_prefix="/v")

_CODE = re.compile(r"[0-9a-f]{20}")

#: What anyone may verify; a list that somebody sent in is kept with a code too, and is nobody else's business.
_SHOWN = frozenset({*(file.kind for file in FILES.values()), RECEIPT, OPENING_RECORD, AGREEMENT})

#: Checking a signature takes a tenth of a second of this machine, so one address does it so often.
_CHECKS = limits.Limit("verify", 20, 6)


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a check of a file: how it is told, and the digest of what was given."""

    tone: str
    title: str
    lines: Sequence[str]
    digest: str


@pages.get("")
@needs("public.read")
def start() -> ResponseReturnValue:
    """Ask for a code, or go to what it stands for."""
    typed = request.args.get("code")
    if typed is None:
        return _page("", [], {})
    code = re.sub(r"[\s-]", "", typed).lower()
    if not _CODE.fullmatch(code):
        wrong = t("核验码是 20 位数字和 a 至 f 的字母。", "A code has 20 characters, digits and the letters a to f.")
        return _page(typed, [], {"code": wrong}), 422
    return redirect(url_for(".verify", code=code))


@pages.route("/<code>", methods=["GET", "POST"])
@needs("public.read", writes=False)
def verify(code: str) -> ResponseReturnValue:
    """Show what a code stands for; check an uploaded file against what was kept."""
    kept = papers.papers_by_code(unit(), code) if _CODE.fullmatch(code) else []
    if not kept or kept[0].kind not in _SHOWN:
        raise NotFound("paper_not_found")
    if request.method == "GET":
        return _page(code, kept, {})
    limits.take(current_app.extensions["gongbao"].engine, _CHECKS, request.remote_addr or "")
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return _page(code, kept, {"file": t("请选择要核对的文件。", "Choose the file to check.")}), 422
    body = upload.stream.read(PAPER_MOST_BYTES + 1)
    if len(body) > PAPER_MOST_BYTES:
        raise Invalid("file_too_large", limit_mb=PAPER_MOST_BYTES >> 20)
    return _page(code, kept, {}, _checked(body, _files(kept)))


def _files(kept: Sequence[Paper]) -> list[Paper]:
    """Return the files that were kept together, in the order in which they were made."""
    if len(kept) < 2:
        return list(kept)
    kinds = {file.kind for file in FILES.values()}
    return sorted((one for one in kept if one.kind in kinds), key=lambda paper: paper.id)


def _checked(body: bytes, kept: Sequence[Paper]) -> Checked:
    """Return whether a file is one of those kept, and what its signature is worth where it is none of them."""
    digest = sha256(body).hexdigest()
    same = next((paper for paper in kept if paper.digest == digest), None)
    if same is not None:
        title = t("与保存的文件完全相同", "Exactly the file that was kept")
        lines = [f"{same.name}，{instant(same.made_at)}"]
        return Checked("good", title, [*lines, *_signature_lines(body, same.media_type)], digest)
    title = t("与保存的文件不同", "Not the file that was kept")
    lines = [
        t(
            "内容被改动过，或不是这一份。请以首席出具的原件为准。",
            "It was changed, or it is another one. Trust the original.",
        )
    ]
    media_type = "application/pdf" if body.startswith(b"%PDF") else ""
    return Checked("stop", title, [*lines, *_signature_lines(body, media_type)], digest)


def _signature_lines(body: bytes, media_type: str) -> list[str]:
    """Return what the signature of a PDF is worth, in words; nothing for other files."""
    if media_type != "application/pdf":
        return []
    from web.documents.signing import verify as verified  # pyHanko takes half a second

    try:
        found = verified(body, [signer_of(settings(), at()).certificate], at=at())
    except Invalid:
        return [t("这不是可读取的 PDF。", "This is no readable PDF.")]
    return [_signature_words(found)]


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
    return t("签名人不是本平台。", "It was signed by someone else than this platform.")


def _page(code: str, found: Sequence[Paper], errors: Mapping[str, str], checked: Checked | None = None) -> str:
    paper, kept = (found[0], _files(found)) if found else (None, [])
    by_kind = {file.kind: (name, file) for name, file in FILES.items()}
    files = [
        {
            "label": t(by_kind[one.kind][1].zh, by_kind[one.kind][1].en) if one.kind in by_kind else one.name,
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
