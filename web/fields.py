"""The fields of the API's schemas: marshmallow's by name, each of ours reading and writing one form only.

Schemas take `fields` from here and never from marshmallow, whose own read `1.9` as 1, `"yes"` as true, `20260408` as a
date and `{...}` as an id, and write an instant with whatever offset it happens to hold.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

from marshmallow import ValidationError, validate
from marshmallow import fields as plain
from marshmallow.fields import Dict, Field, List, Nested, Raw

from core import clock

__all__ = [
    "UUID",
    "AwareDateTime",
    "Boolean",
    "Date",
    "Dict",
    "Field",
    "Integer",
    "List",
    "Nested",
    "Pattern",
    "Raw",
    "String",
]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII | re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)

String = plain.String


def _is_written(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


class Integer(plain.Integer):
    """A whole number that the database can hold, written as one in JSON: no text, no decimals, no true."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "strict": True})

    def _validated(self, value: Any) -> int:
        number = super()._validated(value)
        if abs(number) >= 1 << 63:
            raise self.make_error("too_large", input=number)
        return number


class Boolean(plain.Boolean):
    """`true` or `false`; no text and no number stands for either."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Date(plain.Date):
    """A date, written `2026-11-23`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dt.date:
        if not _is_written(_DATE, value):
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        return super()._deserialize(value, attr, data, **kwargs)


class AwareDateTime(plain.AwareDateTime):
    """An instant in ISO 8601: read with any offset (RFC 3339), written with the city's."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dt.datetime:
        if not _is_written(_INSTANT, value):
            raise self.make_error("invalid_awareness", awareness=self.AWARENESS, obj_type=self.OBJ_TYPE)
        return super()._deserialize(value.upper(), attr, data, **kwargs)

    def _serialize(self, value: dt.datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else clock.written(value)


class UUID(plain.UUID):
    """An id, written with its four hyphens."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> uuid.UUID:
        if not _is_written(_UUID, value):
            raise self.make_error("invalid_uuid")
        return super()._deserialize(value, attr, data, **kwargs)


class Pattern(validate.Regexp):
    """A text that a pattern describes from its first letter to its last: `$` alone would let a line break follow."""

    def __call__(self, value: Any) -> Any:
        """Return the text; refuses one that the pattern does not describe as a whole."""
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value
