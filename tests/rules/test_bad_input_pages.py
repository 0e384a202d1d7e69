"""Whatever is typed into a form or an address, the page says what is wrong with it, and nothing is kept by half."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event
from werkzeug.test import TestResponse

from tests.depth import DEPTH
from tests.rules.forms import Form
from tests.rules.fuzzing import changed, nothing_kept
from tests.rules.walking import Walk
from tests.rules.wrongs import KINDS, UNKEPT, VERBATIM, kinds_for, sent_as, urlencoded

_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE)\b")
_OF_VISITS = re.compile(r"\b(rate_bucket|user_session)\b")


@dataclass
class Written:
    """What the application has written since it was last asked: the parameters of every statement that writes."""

    told: list[str] = field(default_factory=list)

    def note(self, _c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        """Remember a statement that writes."""
        if _WRITES.search(statement) and not _OF_VISITS.search(statement):
            self.told.append(f"{statement[:60]} {parameters}")

    def take(self) -> str:
        """Return all that was written, and begin anew."""
        found, self.told[:] = "\n".join(self.told), []
        return found


@pytest.fixture
def written(walk: Walk) -> Iterator[Written]:
    """What the application writes."""
    found = Written()
    event.listen(walk.engine, "before_cursor_execute", found.note)
    yield found
    event.remove(walk.engine, "before_cursor_execute", found.note)


def _post(walk: Walk, form: Form, name: str, kind: str) -> TestResponse:
    body, content_type = sent_as(form, name, kind, form.seat.token)
    return form.seat.browser.open(form.path, method="POST", data=body, content_type=content_type, buffered=True)


def _is_told(answer: TestResponse) -> bool:
    """Say whether a refusal says what is wrong: beside the field, at the top of the form, or as a page of its own."""
    if answer.status_code == 400:
        return False
    return any(sign in answer.text for sign in ('role="alert"', "field--wrong", 'class="strong"'))


def _wrong(form: Form, name: str, kind: str, answer: TestResponse, told: str) -> str:
    """Return what is wrong with the answer to one wrong field; nothing where all is well."""
    if answer.status_code >= 500:
        return "a fault"
    if answer.status_code >= 400:
        return "" if _is_told(answer) else f"refused without a word ({answer.status_code})"
    if not told or form.endpoint in PLAYED:
        return ""
    if kind in VERBATIM:
        text = VERBATIM[kind].decode()
        is_kept = text in told or text.replace('"', '\\"') in told
        is_read = kind == "a decimal" and form.controls[name].mode == "decimal"  # 1.9 yuan are 1.90
        return "" if is_kept or is_read else f"kept as something else: {told[:300]}"
    if kind in ("missing", "empty", "a file"):
        is_free = form.controls[name].is_optional or form.controls[name].kind in ("checkbox", "submit")
        return "" if is_free or (form.endpoint, name) in OPTIONAL else f"kept without it: {told[:200]}"
    if kind == "twice" and name in ("lift", "people", "policy"):
        return ""
    return f"kept: {told[:300]}"


#: Pages that play on the database and roll it back by themselves.
PLAYED = {"calculators.rehearse"}
#: Fields that may stay empty though the page does not say so: the page offers a word and takes it where none is said.
OPTIONAL = {
    ("award.form_pool", "name"),
    ("fault_import.take", "zone"),  # the city's time
    ("reporter.send", "kind"),  # or in words
    ("reporter.send", "text"),
}


def test_every_field_of_every_form_refuses_what_it_cannot_hold(
    walk: Walk, forms: list[Form], written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each field sent wrong in turn: no fault, nothing kept shortened or changed, a refusal that says what is wrong."""
    wrong, statuses, done = [], Counter[int](), 0
    before = walk.digest()
    walk.faults.clear()
    with nothing_kept(monkeypatch):
        for form in forms:
            if form.method != "POST":
                continue
            for name in form.controls:
                for kind in kinds_for(form, name, len(KINDS) if DEPTH > 1 else 6):
                    written.take()
                    answer = _post(walk, form, name, kind)
                    told = written.take()
                    statuses[answer.status_code] += 1
                    done += bool(told) and answer.status_code < 400
                    if found := _wrong(form, name, kind, answer, told):
                        wrong.append(f"{form.name} {name}, {kind}: {found} {walk.faults[-1:]}")
                    walk.faults.clear()
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:80])
    assert changed(before, walk.digest()) == []
    assert statuses.total() > 900 and done > 40, (statuses, done)


def test_every_route_that_takes_a_form_has_one(walk: Walk, forms: list[Form]) -> None:
    """No form is left out: each route of the pages that takes one was met on a page, or is written out."""
    posts = {call.endpoint for call in walk.calls if call.method == "POST" and not call.is_program}
    # A button without a field stands where an extract failed, which the world's has not.
    assert posts - {form.endpoint for form in forms} == {"account.act", "extracts.again"}
    assert len([form for form in forms if form.controls]) > 75


#: What stands in an address where a word, a day, a page or a column is asked for.
_ASKED = {
    "page": [b"0", b"-1", b"9" * 30, "٣".encode(), b"1.9", b"1e3", b""],
    "sort": [b"-", b"no_such_column", b"--number", b"number;DROP TABLE fault", "編號".encode()],
    "as": [b"pdf", b"CSV", b"../x"],
    "lang": [b"xx", b"../zh", b"zh_CN"],
}


def test_every_address_of_a_list_is_read_or_told(walk: Walk, forms: list[Form], written: Written) -> None:
    """A page that takes filters, a sort or a page number answers whatever stands there, and writes nothing."""
    wrong, tried = [], 0
    before = walk.digest()
    walk.faults.clear()
    for form in forms:
        if form.method != "GET":
            continue
        asked = [(name, {**UNKEPT, **VERBATIM}[kind]) for name in form.controls for kind in _kinds(form, name)]
        asked += [(name, value) for name, values in _ASKED.items() for value in values]
        for name, value in asked:
            tried += 1
            query = urlencoded([(name, value)])[0].decode()
            answer = form.seat.browser.get(form.path, query_string=query, buffered=True)
            is_refused = 400 <= answer.status_code < 500 and _is_told(answer)
            if not (answer.status_code in (200, 302) or is_refused) or written.take():
                wrong.append(f"{form.name} ?{query[:80]}: {answer.status_code} {walk.faults[-1:]}")
            walk.faults.clear()
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:80])
    assert changed(before, walk.digest()) == []
    assert tried > 500


def _kinds(form: Form, name: str) -> list[str]:
    return [
        kind for kind in kinds_for(form, name, len(KINDS) if DEPTH > 1 else 5) if kind in UNKEPT or kind in VERBATIM
    ]
