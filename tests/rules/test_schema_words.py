"""The schemas of the API: whatever they refuse is told in both languages, and every instant is written one way."""

from __future__ import annotations

import ast
import string
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import marshmallow as ma
import pytest
from marshmallow import validate
from webargs.flaskparser import FlaskParser

from web import api, fields
from web.messages import catalogue, told
from web.schema_words import SENTENCES, finding_of

WEB = Path(__file__).resolve().parents[2] / "web"
list(api.modules())

#: Messages of a field that no request can bring about: they are of writing, and of bytes.
NEVER_SAID = {"format", "invalid_utf8", "validator_failed", "special"}


def schemas(root: type[ma.Schema] = api.Strict) -> Iterator[type[ma.Schema]]:
    """Yield every schema of ours."""
    for one in root.__subclasses__():
        yield one
        yield from schemas(one)


SCHEMAS = sorted(set(schemas()), key=lambda one: (one.__module__, one.__name__))


def inner(name: str, field: ma.fields.Field[Any]) -> Iterator[tuple[str, ma.fields.Field[Any]]]:
    """Yield a field and the fields of its items, but for other schemas, which are walked by themselves."""
    yield name, field
    for one in (getattr(field, "inner", None), getattr(field, "key_field", None), getattr(field, "value_field", None)):
        if one is not None:
            yield from inner(f"{name}[]", one)


FIELDS = [
    (schema, name, field)
    for schema in SCHEMAS
    for top, one in schema().fields.items()
    for name, field in inner(f"{schema.__name__}.{top}", one)
]


def messages_of(field: ma.fields.Field[Any]) -> Iterator[str]:
    """Yield every sentence that a field can say by itself, its facts filled in as the library does."""
    facts = {"obj_type": getattr(field, "OBJ_TYPE", ""), "awareness": getattr(field, "AWARENESS", "")}
    for key, message in field.error_messages.items():
        if key not in NEVER_SAID and (key != "invalid_awareness" or facts["awareness"]):
            assert isinstance(message, str), message
            names = [name for _, name, _, _ in string.Formatter().parse(message) if name]
            yield message.format(**{name: facts.get(name, "x") for name in names})


def wrong_for(validator: Callable[[Any], Any]) -> list[Any]:
    """Return values that a validator refuses, one for each sentence that it has."""
    if isinstance(validator, validate.Length):
        assert validator.equal is None
        sizes = ([validator.min - 1] if validator.min else []) + ([validator.max + 1] if validator.max else [])
        return ["x" * size for size in sizes]
    if isinstance(validator, validate.Range):
        ends = ([validator.min - 1] if validator.min is not None else []) + (
            [validator.max + 1] if validator.max is not None else []
        )
        return ends
    if isinstance(validator, (validate.OneOf, validate.Regexp)):
        return ["\0no such thing"]
    raise AssertionError(f"a kind of validator that this rule does not know: {validator!r}")


def sentences_of(field: ma.fields.Field[Any]) -> Iterator[str]:
    """Yield every sentence that a field and its validators can say."""
    yield from messages_of(field)
    for validator in field.validators:
        for value in wrong_for(validator):
            with pytest.raises(ma.ValidationError) as refused:
                validator(value)
            yield from refused.value.messages


def test_every_sentence_of_a_schema_is_told_in_both_languages() -> None:
    """Nothing that marshmallow says of a field or a schema reaches a reader in marshmallow's own words."""
    assert len(SCHEMAS) > 80 and len(FIELDS) > 300
    said = {sentence: name for _, name, field in FIELDS for sentence in sentences_of(field)} | {
        sentence: schema.__name__ for schema in SCHEMAS for sentence in schema().error_messages.values()
    }
    assert {name: sentence for sentence, name in said.items() if finding_of(sentence, "").code == "input_refused"} == {}
    for sentence in said:
        finding = finding_of(sentence, "")
        for is_english in (False, True):
            words = told(finding.code, finding.facts, is_english=is_english)
            assert "…" not in words and words != finding.code, (sentence, words)


def test_every_sentence_of_ours_has_words() -> None:
    """What our own fields and the reader of requests raise is known, and each code has its words."""
    assert set(SENTENCES.values()) <= set(catalogue())
    for path in sorted(WEB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
            if isinstance(node, ast.Call) and name == "ValidationError" and isinstance(node.args[0], ast.Constant):
                assert node.args[0].value in SENTENCES, path
    assert FlaskParser.DEFAULT_VALIDATION_MESSAGE == "Invalid value."  # said by bare functions, which the rule refuses


def test_a_sentence_that_nobody_knows_is_not_repeated() -> None:
    """A library that says something new is not quoted in the middle of a Chinese sentence."""
    finding = finding_of("Something new of marshmallow's.", "amount")
    assert (finding.code, finding.where, finding.facts) == ("input_refused", "amount", {})
    assert "marshmallow" not in told(finding.code, finding.facts, is_english=False)


def test_every_instant_is_written_with_the_citys_offset() -> None:
    """One form for all instants of the API: ISO 8601, exact, +08:00."""
    instants = [(name, field) for _, name, field in FIELDS if isinstance(field, ma.fields.DateTime)]
    assert len(instants) > 25
    at = datetime(2026, 3, 31, 16, 0, 0, 120, tzinfo=UTC)
    for name, field in instants:
        assert field.serialize("at", {"at": at}) == "2026-04-01T00:00:00.000120+08:00", name
    named = [name for _, name, _ in FIELDS if name.endswith(("_at", ".at"))]
    assert sorted(named) == sorted({name for name, _ in instants} & set(named))


def test_no_field_is_looser_than_ours() -> None:
    """Every whole number, date, instant, id and yes or no of a schema is read by our own field, in one form only."""
    loose = (ma.fields.Integer, ma.fields.Boolean, ma.fields.Date, ma.fields.DateTime, ma.fields.UUID)
    ours = (fields.Integer, fields.Boolean, fields.Date, fields.AwareDateTime, fields.UUID)
    allowed = (*ours, api.Count, ma.fields.String, ma.fields.List, ma.fields.Nested, ma.fields.Dict, ma.fields.Raw)
    assert all(issubclass(mine, theirs) for mine, theirs in zip(ours, loose, strict=True))
    assert [name for _, name, field in FIELDS if not isinstance(field, allowed)] == []
    assert [name for _, name, field in FIELDS if isinstance(field, loose) and not isinstance(field, ours)] == []


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        (fields.Integer(), ["1", 1.0, 1.9, "1_000", "１２", True, None, 10**400, "1e9"]),
        (api.Fen(), ["1", 1.0, True, "-1"]),
        (api.Count(), ["1.9", "-1", "１２", "1_000", "", "1e9", "9999999", "\0", 1]),
        (fields.Boolean(), ["yes", "true", 1, 0, "on", None, []]),
        (fields.Date(), ["2026-02-31", "20260401", "2026-W14-3", "２０２６-04-01", "2026-04-01\n", "", 5]),
        (
            fields.AwareDateTime(),
            [
                "2026-04-01",
                "2026-04-01T10:00",
                "2026-04-01T10:00:00",
                "2026-04-01 10:00:00+08:00",
                "2026-02-31T10:00:00Z",
                "2026-04-01T25:00:00Z",
                "2026-04-01T10:00:00+99:99",
                "20260401T100000Z",
                "",
                5,
            ],
        ),
        (fields.UUID(), ["{12345678-1234-5678-1234-567812345678}", "12345678123456781234567812345678", "", 5, "x"]),
        (fields.String(validate=fields.Pattern(r"^[0-9]{4}$")), ["2026\n", "２０２６", "20261", "", "\0"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, ma.fields.Field) else "",
)
def test_a_field_takes_one_form_only(field: ma.fields.Field[Any], wrong: list[Any]) -> None:
    """What looks nearly right is refused rather than guessed at."""
    taken = []
    for value in wrong:
        try:
            taken.append((value, field.deserialize(value)))
        except ma.ValidationError:
            continue
    assert taken == []


def test_an_instant_is_read_with_any_offset() -> None:
    """An instant names its offset; which one is the sender's choice."""
    read = fields.AwareDateTime().deserialize
    for text in ("2026-04-01T00:00:00+08:00", "2026-03-31T16:00:00Z", "2026-03-31t16:00:00.000z"):
        assert read(text) == datetime(2026, 3, 31, 16, 0, tzinfo=UTC)


def test_every_amount_that_a_program_sends_is_within_the_limit_of_one() -> None:
    """A field in fen of what comes in is an `AmountIn`; what goes out may add many up."""
    unbounded = [where for schema, where, field in FIELDS if schema.__name__.endswith("In") and type(field) is api.Fen]
    assert unbounded == []
    sizes = {type(field.validators[0]) for _, _, field in FIELDS if type(field) is api.AmountIn}
    assert sizes == {validate.Range}
    with pytest.raises(ma.ValidationError):
        api.AmountIn().deserialize(10**15 + 1)
    assert api.AmountIn().deserialize(-(10**15)) == -(10**15)
