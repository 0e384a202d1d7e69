"""The JSON API under /api/v1: one file per resource, schemas and routes together. A file dropped in here is found.

Each module holds `api`, a `resource(...)`: a flask-smorest blueprint under /api/v1. Every route says `@needs` first,
then `@api.arguments` and `@api.response`. Schemas are `Strict`: an unknown field is refused, an integer is an integer.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import importlib
import json
import pkgutil
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol, TypeVar

import marshmallow as ma
from flask import Flask, Request
from flask_smorest import Api, Blueprint
from sqlalchemy import Select, literal, tuple_
from sqlalchemy.orm import Session
from webargs.core import is_json, missing
from webargs.flaskparser import FlaskParser

from core.errors import Invalid
from ledger.money import LIMIT_FEN, plain_fen
from web import fields, typed

View = TypeVar("View", bound=Callable[..., Any])

PREFIX = "/api/v1"
PAGE_MAX = 200


class Strict(ma.Schema):
    """A schema that refuses what it does not know and keeps the order of its fields."""

    class Meta:  # noqa: D106
        unknown = ma.RAISE


class Fen(fields.Integer):
    """Money in whole fen, and nothing but an integer will do."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)


class AmountIn(Fen):
    """One amount that a program sends: within the limit of a single amount, either way."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=ma.validate.Range(-LIMIT_FEN, LIMIT_FEN), **kwargs)


class MoneySchema(Strict):
    """An amount of money, twice: `fen` to compute with, `yuan` to read."""

    fen = Fen(metadata={"description": "whole fen", "example": 123456789})
    yuan = fields.String(metadata={"description": "yuan with two decimals", "example": "1234567.89"})


class ProblemFinding(Strict):
    """One wrong place of a request."""

    where = fields.String(metadata={"description": "the field, or row and column"})
    code = fields.String()
    detail = fields.String()
    facts = fields.Dict()


class Problem(Strict):
    """A problem document (RFC 9457). `code` is stable; `detail` is in the language asked for."""

    type = fields.String(metadata={"example": "/problems/stage_refuses"})
    title = fields.String()
    status = fields.Integer(strict=True)
    detail = fields.String()
    code = fields.String(metadata={"example": "stage_refuses"})
    facts = fields.Dict()
    errors = fields.List(fields.Nested(ProblemFinding))
    request = fields.String(metadata={"description": "the request's number, to be told where help is asked for"})


class Count(fields.Field[int]):
    """A small whole number in an address, where everything is text: plain ASCII digits and nothing else."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,6}", value):
            raise ma.ValidationError("Not a valid integer.")
        return int(value)


class PageQuery(Strict):
    """How a list is paged: `limit` rows after the place that `cursor` marks."""

    limit = Count(load_default=50, validate=ma.validate.Range(min=1, max=PAGE_MAX))
    cursor = fields.String(load_default="")


class OurApi(Api):  # type: ignore[misc]
    """flask-smorest without its own error handler (web/errors.py) and its own documentation pages (web/api/docs.py)."""

    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        """Leave failures to web/errors.py."""

    def _register_responses(self) -> None:
        """Describe refusals as what they are: problem documents."""
        self.DEFAULT_RESPONSE_CONTENT_TYPE = "application/problem+json"
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE


class StrictParser(FlaskParser):
    """Reads what a request brings: an unknown name in the address is refused like one in the body."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012  # webargs declares it so
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
    }

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """Return the JSON body; refuses `input_not_json`, also where its digits or its nesting have no end."""
        try:
            return typed.read_body(req.get_data(cache=True)) if is_json(req.mimetype) else missing
        except (ValueError, RecursionError):
            raise Invalid("input_not_json") from None


class Decorator(Protocol):
    """Leaves the type of the view that it stands on as it is."""

    def __call__(self, view: View, /) -> View:
        """Return the view, registered or wrapped."""


class Resource(Blueprint):  # type: ignore[misc]
    """A flask-smorest blueprint that reads strictly and whose decorators keep the types of their views."""

    ARGUMENTS_PARSER = StrictParser()

    get: Callable[..., Decorator]
    post: Callable[..., Decorator]
    put: Callable[..., Decorator]
    patch: Callable[..., Decorator]
    delete: Callable[..., Decorator]
    route: Callable[..., Decorator]
    arguments: Callable[..., Decorator]
    response: Callable[..., Decorator]
    alt_response: Callable[..., Decorator]
    doc: Callable[..., Decorator]


def resource(name: str, description: str, path: str = "") -> Resource:
    """Return the blueprint of a resource at `/api/v1` + path (its name, where not told)."""
    blueprint = Resource(f"api_{name}", f"web.api.{name}", url_prefix=PREFIX + (path or f"/{name}"))
    blueprint.description = description
    return blueprint


def money(fen: int) -> dict[str, object]:
    """Return an amount as `MoneySchema` writes it.

    >>> money(-2651624)
    {'fen': -2651624, 'yuan': '-26516.24'}
    """
    return {"fen": fen, "yuan": plain_fen(fen)}


def cursor_of(*key: object) -> str:
    """Return an opaque mark of a place in a list ordered by `key`.

    >>> read_cursor(cursor_of(7, "a"))
    [7, 'a']
    """
    text = json.dumps(key, separators=(",", ":"), ensure_ascii=False, default=str)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> list[Any]:
    """Return the key that a cursor marks; nothing for an empty one. Refuses `cursor_wrong`."""
    if not cursor:
        return []
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, UnicodeDecodeError, json.JSONDecodeError, ValueError):
        raise Invalid("cursor_wrong") from None
    if not isinstance(key, list) or not key:
        raise Invalid("cursor_wrong")
    return key


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page of a list, and the cursor of the following one."""

    rows: list[Any]
    next: str | None


def listed(rows: Sequence[Any], limit: int, key: Any) -> dict[str, object]:
    """Return a page of a list: `rows` were asked for with limit + 1; `key(row)` is what they are ordered by."""
    return {"data": rows[:limit], "next": _following(rows, limit, key)}


def page_of(rows: Sequence[Any], limit: int, key: Any, tell: Callable[[Any], object]) -> dict[str, object]:
    """Return a page as `listed` does, each of its rows as `tell` tells it."""
    return {"data": [tell(row) for row in rows[:limit]], "next": _following(rows, limit, key)}


def _following(rows: Sequence[Any], limit: int, key: Any) -> str | None:
    """Return the cursor of the page behind so many rows; None where there are no more."""
    return cursor_of(*key(rows[limit - 1])) if len(rows) > limit else None


def _whole(value: Any) -> int:
    """Return a whole number of a cursor; ValueError for what is none, or larger than any column."""
    if type(value) is not int or abs(value) >= 2**63:
        raise ValueError
    return value


def _text(value: Any) -> str:
    """Return a text of a cursor; ValueError for what is none, or holds what no column holds."""
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    value.encode()
    return value


#: Type of a column -> how a cursor's part is read as a value of it.
_READ: dict[type, Callable[[Any], Any]] = {
    int: _whole,
    str: _text,
    dt.date: dt.date.fromisoformat,
    dt.datetime: dt.datetime.fromisoformat,
    uuid.UUID: uuid.UUID,
}


def read_key(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """Return the values of these kinds that a cursor marks; nothing for an empty one. Refuses `cursor_wrong`."""
    if not (key := read_cursor(cursor)):
        return ()
    try:
        return tuple(_READ[kind](value) for kind, value in zip(kinds, key, strict=True))
    except (TypeError, ValueError, AttributeError):
        raise Invalid("cursor_wrong") from None


def after(
    rows: Select[*tuple[Any, ...]], asked: Mapping[str, Any], *order: Any, is_falling: bool = False
) -> Select[*tuple[Any, ...]]:
    """Return the query of the rows of a page and one more, for `listed`: those after the place that `cursor` marks.

    They are ordered by these columns together, which no two rows have alike. Refuses `cursor_wrong`.
    """
    rows = rows.order_by(None).order_by(*(column.desc() if is_falling else column.asc() for column in order))
    if marks := read_key(asked["cursor"], *(column.type.python_type for column in order)):
        place = tuple_(*(literal(mark, column.type) for column, mark in zip(order, marks, strict=True)))
        rows = rows.where(tuple_(*order) < place if is_falling else tuple_(*order) > place)
    return rows.limit(asked["limit"] + 1)


def newest_first(session: Session, rows: Select[Any], asked: Mapping[str, Any], instant: Any, row_id: Any) -> Page:
    """Return the page of a list that its query asks for by `limit` and `cursor`, newest first; Invalid `cursor_wrong`.

    `instant` and `row_id` are the columns that the rows are ordered by and hold.
    """
    found = session.execute(after(rows, asked, instant, row_id, is_falling=True)).all()

    def place(row: Any) -> tuple[object, object]:
        return getattr(row, instant.key).isoformat(), getattr(row, row_id.key)

    return Page(list(found[: asked["limit"]]), _following(found, asked["limit"], place))


def modules() -> Iterator[ModuleType]:
    """Yield the modules of this package, by name."""
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        yield importlib.import_module(f"{__name__}.{found.name}")


def register(app: Flask) -> None:
    """Register every resource, and describe them in OpenAPI 3.1."""
    app.config.update(API_TITLE="Gongbao", API_VERSION="1", OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX=None)
    described = OurApi(app, spec_kwargs={"info": {"description": "Lift co-insurance, from tender to settlement."}})
    described.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for module in modules():
        if hasattr(module, "api"):
            described.register_blueprint(module.api)
        if hasattr(module, "pages"):
            app.register_blueprint(module.pages)
    app.extensions["gongbao"].api = described
