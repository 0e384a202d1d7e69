"""Files that people send: whatever they are called and whatever they hold, they are told about and never trusted."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from core.permits import Role
from tests.rules.forms import Form
from tests.rules.fuzzing import changed, nothing_kept
from tests.rules.walking import Walk
from tests.rules.world_papers import LISTS as TAKEN
from tests.rules.wrongs import multipart

#: Every page that takes a file -> its field.
FILES = {
    "bank_reports.new": "file",
    "bidding.submit": "envelope",
    "bordereaux.upload": "file",
    "calculators.rehearse": "upload",
    "claims_lists.upload": "file",
    "custody.give": "file",
    "estate_import.upload": "file",
    "fault_import.upload": "file",
    "papers.start": "file",
    "papers.verify": "file",
}
#: Pages that take lists.
LISTS = ("bordereaux.upload", "claims_lists.upload", "estate_import.upload", "fault_import.upload")


def bomb(size: int = 200 << 20) -> bytes:
    """Return a workbook of 200 KiB that unpacks to 200 MiB."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(size >> 20):
                part.write(bytes(1 << 20))
    return out.getvalue()


PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
#: What no page takes, by what it is.
HOLDS = {
    "nothing": ("空.csv", b""),
    "blanks": ("空.csv", b" \r\n\r\n"),
    "a picture called a workbook": ("名单.xlsx", PNG),
    "a picture called a list": ("名单.csv", PNG),
    "bytes": ("名单.csv", bytes(range(256)) * 40),
    "a bomb called a workbook": ("名单.xlsx", bomb()),
    "a bomb called a list": ("名单.csv", bomb()),
    "half an archive": ("名单.xlsx", bomb(1 << 20)[:300]),
    "a web page": ("名单.html", b"<!doctype html><script>alert(1)</script>"),
    "a program": ("名单.csv.exe", b"MZ" + bytes(200)),
}
#: Names that are no text: refused wherever they come.
UNREADABLE = {
    "NUL": b"a\0b.csv",
    "no UTF-8": b"\xff\xfe.csv",
    "a control character": b"a\x1b[2J.csv",
    "endless": b"n" * 5_000,
}
#: Names that say where a file should lie: nothing of that is heard.
PATHS = {
    "a path": b"../../etc/passwd/list.csv",
    "a path of another system": b"C:\\\\Windows\\\\system32\\\\list.csv",
    "a folder": b"lists/",
    "dots": b"..",
    "Chinese": "2026年四月 故障清单（终稿）.csv".encode(),
    "a formula": b"=cmd|x.csv",
}


@pytest.fixture(scope="module")
def takers(forms: list[Form]) -> dict[str, Form]:
    """The forms that take a file."""
    return {form.endpoint: form for form in forms if any(one.kind == "file" for one in form.controls.values())}


def _send(form: Form, field: str, name: bytes, held: bytes) -> TestResponse:
    fields = [(one, value.encode()) for one, values in form.usual().items() if one != field for value in values]
    body, content_type = multipart([*fields, ("csrf_token", form.seat.token.encode())], [(field, "@", held)])
    body = body.replace(b'filename="@"', b'filename="%s"' % name)
    return form.seat.browser.open(form.path, method="POST", data=body, content_type=content_type, buffered=True)


def _files(walk: Walk) -> set[Path]:
    return {path for path in (walk.world.state_dir / "papers").rglob("*") if path.is_file()}


def test_every_page_that_takes_a_file_is_known(takers: dict[str, Form]) -> None:
    """A new way to send a file is tried by the rules below as soon as it is there."""
    assert {
        endpoint: next(n for n, one in form.controls.items() if one.kind == "file") for endpoint, form in takers.items()
    } == FILES


@pytest.mark.parametrize("endpoint", sorted(FILES))
def test_a_file_that_is_not_what_is_asked_for_is_told(
    walk: Walk, takers: dict[str, Form], monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    """Nothing, a picture, a bomb, half a file: refused in words or reported as unknown; nothing is kept of it."""
    form, before, kept = takers[endpoint], walk.digest(), _files(walk)
    with nothing_kept(monkeypatch):
        for kind, (name, held) in HOLDS.items():
            walk.faults.clear()
            answer = _send(form, FILES[endpoint], name.encode(), held)
            assert not walk.faults and answer.status_code < 500, (kind, walk.faults)
            is_looked_at = endpoint.startswith("papers.") and answer.status_code == 200
            assert is_looked_at or answer.status_code in (409, 413, 415, 422, 429), (kind, answer.status_code)
            assert any(sign in answer.text for sign in ('role="alert"', "field--wrong", 'class="strong"', "<h1")), kind
    assert changed(before, walk.digest()) == [] and _files(walk) == kept


@pytest.mark.parametrize("endpoint", sorted(FILES))
def test_a_name_that_is_no_text_is_refused(
    walk: Walk, takers: dict[str, Form], monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    """A file's name is a text like any other: what cannot be kept is refused, and the file with it."""
    form, kept = takers[endpoint], _files(walk)
    with nothing_kept(monkeypatch):
        for kind, name in UNREADABLE.items():
            walk.faults.clear()
            answer = _send(form, FILES[endpoint], name, TAKEN["fault_list"].encode())
            assert answer.status_code in (422, 429) and not walk.faults, (kind, answer.status_code, walk.faults)
    assert _files(walk) == kept


@pytest.mark.parametrize("endpoint", LISTS)
def test_a_name_is_only_a_name(
    walk: Walk, takers: dict[str, Form], monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    """A list may be called anything; on disk it lies under its digest, and no path of its name is followed."""
    form, kept = takers[endpoint], _files(walk)
    assert form.seat.role is not Role.PUBLIC
    with nothing_kept(monkeypatch):
        for kind, name in PATHS.items():
            answer = _send(form, FILES[endpoint], name, TAKEN["fault_list"].encode())
            assert answer.status_code in (303, 422) and b"/etc" not in answer.data, (kind, answer.status_code)
            assert kind != "Chinese" or answer.status_code == 303
    for path in _files(walk) - kept:
        held = path.read_bytes()
        assert zlib.crc32(held) == zlib.crc32(TAKEN["fault_list"].encode()) and path.name.isalnum(), path
