"""Every form of the pages, read from the pages themselves: where it goes, its fields, what a browser would send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from flask import url_for
from werkzeug.exceptions import HTTPException

from tests.rules.bodies import form_of
from tests.rules.matrix import NOT_REACHED, Call, is_hidden, role_may
from tests.rules.seats import Seat
from tests.rules.walking import Walk

#: What a person would type where a form stands empty, by the kind of its field and then by its name.
TYPED = {
    "date": "2026-04-08",
    "datetime-local": "2026-04-20T09:30",
    "month": "2026-04",
    "number": "1",
    "email": "a@b.test",
}
NAMED = {
    **{"amount": "100.00", "estimate": "100.00", "label": "2026Q3", "number": "N-1", "on": "2026-04-08"},
    **{"starts_on": "2026-07-01", "ends_on": "2026-09-30", "inception_on": "2026-04-09", "days": "30"},
}


#: Fields that no page keeps: the token, which button was pressed, where to go afterwards.
UNREAD = {"csrf_token", "form_key", "confirmed", "back"}


@dataclass
class Control:
    """One field of a form: its kind, what it holds, what else it could hold, whether it may stay empty."""

    name: str
    kind: str
    values: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    is_optional: bool = False
    mode: str = ""

    def usual(self) -> list[str]:
        """Return what would be sent after a person has filled the field in."""
        if self.kind in ("hidden", "submit") or self.values:
            return self.values
        if self.kind in ("select", "radio", "checkbox"):
            return [value for value in self.choices if value][: 3 if self.kind == "checkbox" else 1]
        return [NAMED.get(self.name, TYPED.get(self.kind, "说明"))]


@dataclass
class Form:
    """One form as a seat finds it on a page."""

    seat: Seat
    page: str
    method: str
    path: str
    is_multipart: bool
    controls: dict[str, Control] = field(default_factory=dict)
    endpoint: str = ""

    @property
    def name(self) -> str:
        """Return how the form is named in a report."""
        return f"{self.endpoint} ({self.seat.name}, {self.page})"

    def usual(self) -> dict[str, list[str]]:
        """Return what would be sent after a person has filled everything in, but for the token."""
        return {name: one.usual() for name, one in self.controls.items() if one.kind != "file"}


class _Reader(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self, seat: Seat, page: str) -> None:
        super().__init__()
        self.seat, self.page = seat, page
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._select: Control | None = None
        self._text: Control | None = None
        self._is_optional = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, its fields and their choices."""
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = said.get("method", "get").upper()
            is_multipart = said.get("enctype") == "multipart/form-data"
            self._open = Form(self.seat, self.page, method, said.get("action") or self.page, is_multipart)
            self.forms.append(self._open)
        elif "field__optional" in said.get("class", ""):
            self._is_optional = True
        elif tag in ("div", "fieldset") and said.get("class", "").split()[:1] == ["field"]:
            self._is_optional = False
        elif self._open is not None and tag in ("input", "select", "textarea", "button") and said.get("name"):
            self._field(tag, said)
        elif tag == "option" and self._select is not None:
            self._select.choices.append(said.get("value", ""))
            self._select.values += [said.get("value", "")] if "selected" in said else []

    def _field(self, tag: str, said: dict[str, str]) -> None:
        assert self._open is not None
        kind = said.get("type", "text") if tag in ("input", "button") else tag
        found = self._open.controls.setdefault(said["name"], Control(said["name"], kind, is_optional=self._is_optional))
        found.mode = said.get("inputmode", "")
        self._select = found if tag == "select" else None
        self._text = found if tag == "textarea" else None
        if kind in ("radio", "checkbox", "submit"):
            found.choices.append(said.get("value", "on"))
            found.values += [said.get("value", "on")] if "checked" in said else []
        elif said.get("value"):
            found.values.append(said["value"])

    def handle_endtag(self, tag: str) -> None:
        """Note where a form, a list of choices or a text ends."""
        self._open = None if tag == "form" else self._open
        self._select = None if tag == "select" else self._select
        self._text = None if tag == "textarea" else self._text

    def handle_data(self, data: str) -> None:
        """Note what stands in a long text."""
        if self._text is not None and data.strip():
            self._text.values = [*self._text.values[:0], data]


def forms_of(walk: Walk) -> list[Form]:
    """Return every form that some role finds on some page, each once for all its seats and things."""
    found: dict[tuple[Any, ...], Form] = {}
    for call, seat in _pages(walk):
        answer = walk.ask(call, seat)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        reader = _Reader(seat, answer.request.path)
        reader.feed(answer.text)
        for form in reader.forms:
            form.endpoint = _endpoint(walk, form)
            for name in UNREAD & form.controls.keys():
                form.controls.pop(name)
            fields = tuple(sorted((one.name.rstrip("0123456789"), one.kind) for one in form.controls.values()))
            found.setdefault((form.method, form.endpoint, tuple(dict.fromkeys(fields))), form)
    seen = [form for form in found.values() if form.endpoint and not form.endpoint.startswith("security.")]
    return [*seen, *_unseen(walk, seen)]


#: Forms that no page of the world shows in the state that it is in (or that a script fills in) -> their fields.
UNSEEN: Mapping[str, Sequence[str]] = {
    "admin_accounts.open_account": ("email",),
    "award.close_answers": (),
    "ceremony.finish": (),
    "cash_calls.issue": ("on", "due_on"),
    "cash_calls.receive": ("on",),
    "claim_bills.bill": (
        "what_0",
        "asked_0",
        "allowed_0",
        "reason_0",
    ),
    "bank_lists.take": (),
    "bank_receipts.reopen": ("on",),
    "claim_topics.flag": ("topic", "reason"),
    "claims.agree": ("version",),
    "claims.approve": ("amount", "on"),
    "claims.reject": ("reason",),
    "claims.revise": ("amount",),
    "claims.submit": (),
    "claims.take_back": ("reason", "on"),
    "custody.give_key": ("public_key",),
    "custody.prove": ("answer",),
    "custody.rehearse": ("share",),
    "estate_import.take": (),
    "evaluation.declare": ("conflict", "has_conflict"),
    "evaluation.sign": ("sure", "dissent"),
    "fault_import.take": (),
    "faults.acceptance": ("verb", "note"),
    "payments.fund": ("amount", "on"),
    "payments.pay": ("on",),
    "payments.pay_cost": ("on",),
    "payments.pay_from_pool": ("on",),
    "periods.close": ("on",),
    "periods.issue": (),
    "periods.settle": ("on",),
    "premiums.pay_refund": ("on",),
    "premiums.receive": ("policy", "on"),
    "premiums.remit": ("policy", "on"),
    "statements.answer": ("words", "entry"),
    "statements.reply": ("words", "entry"),
    "reporter.send": ("lift", "trapped", "kind", "text"),
}
#: Forms that hold what the page before was asked.
SAME_AS = {
    "bank_lists.take": "bank_lists.review",
    "estate_import.take": "estate_import.review",
    "fault_import.take": "fault_import.review",
}


def _unseen(walk: Walk, seen: Sequence[Form]) -> Iterator[Form]:
    """Yield a form for every route that takes one and was not met, filled in by the samples of the world."""
    met = {form.endpoint for form in seen}
    for call in walk.calls:
        if call.method != "POST" or call.is_program or call.endpoint in met or "POST " + call.endpoint in NOT_REACHED:
            continue
        seat = next((one for one in walk.seats if role_may(call, one) and not is_hidden(call, one)), None)
        if (
            seat is None
            or call.endpoint not in UNSEEN
            or call.tender not in ("", _STAGE_OF.get(call.endpoint, "published"))
        ):
            continue
        met.add(call.endpoint)
        with walk.table.app.test_request_context():
            path = url_for(call.endpoint, **{**call.params, **_otherwise(walk, call)})
        typed = form_of(call.endpoint, {**walk.world.ids, "mandate_id": seat.mandate_id})
        controls = {
            name: Control(name, "text", [str(typed[name])] if name in typed else []) for name in UNSEEN[call.endpoint]
        }
        if call.endpoint in SAME_AS:
            controls = next(form.controls for form in seen if form.endpoint == SAME_AS[call.endpoint])
        yield Form(seat, path, "POST", path, False, dict(controls), call.endpoint)


#: Endpoint -> the tender that its form belongs to.
_STAGE_OF = {"evaluation.declare": "evaluating", "evaluation.sign": "evaluating", "award.close_answers": "allocated"}


def _otherwise(walk: Walk, call: Call) -> dict[str, object]:
    """Return what stands in an address in place of the usual sample: a claim that can still be worked on."""
    return {"claim_id": walk.world.ids["open_claim_id"]} if call.endpoint.startswith("claims.") else {}


def _pages(walk: Walk) -> Iterator[tuple[Call, Seat]]:
    """Yield every page with who may see it: of pages that are for everyone, only once; papers are no pages."""
    seen: set[tuple[Any, ...]] = set()
    for call in walk.calls:
        if call.method != "GET" or call.is_program or f"GET {call.endpoint}" in NOT_REACHED:
            continue
        if "pdf" in call.endpoint or "pdf" in call.params.values() or call.endpoint == "statements.file":
            continue
        for seat in walk.seats:
            if seat.relation != "own" or not role_may(call, seat) or is_hidden(call, seat):
                continue
            key = (call.endpoint, call.tender, seat.role if call.endpoint in _BY_ROLE else "")
            if key not in seen:
                seen.add(key)
                yield call, seat


#: Pages that show another form to another role.
_BY_ROLE = frozenset(
    {
        *("home.home", "faults.one", "claims.one", "statements.one", "policies.one", "finance.home"),
        *("bank_matching.index", "variations.consent", "variations.decline"),
    }
)


def _endpoint(walk: Walk, form: Form) -> str:
    try:
        where = walk.table.app.url_map.bind("localhost").match(form.path.partition("?")[0], method=form.method)
    except HTTPException:
        return ""
    endpoint: str = where[0]
    return endpoint
