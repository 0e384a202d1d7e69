"""Pure: one spelling of JSON, so that the browser and the command seal, hash and sign the same bytes.

Objects with their keys in the order of their code points, no spaces, UTF-8, only the escapes that JSON requires, and no
numbers: an amount is text ("2311110.40"), because two programs do not print a number alike. What is read must be
spelled exactly so; a key given twice, a space, another order or a number is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

from core.errors import Invalid

#: What canonical JSON holds once it is read.
Json: TypeAlias = "str | bool | list[Json] | dict[str, Json] | None"

#: Deeper nesting is refused.
MOST_LEVELS = 16

_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def canonical(value: object) -> bytes:
    """Return the value as canonical JSON.

    Takes text, truth values, None, sequences and mappings with text keys. Refuses with Invalid `json_number` (where) a
    number, `json_not_text` (where) text that is not Unicode (half of a pair) or a value of another type, and
    `json_too_deep` (most).

    >>> canonical({"b": ["1", True], "a": "电梯"}).decode()
    '{"a":"电梯","b":["1",true]}'
    """
    plain = _plain(value, "", 0)
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")


def _plain(value: object, where: str, level: int) -> Json:
    if level > MOST_LEVELS:
        raise Invalid("json_too_deep", most=MOST_LEVELS)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _unicode(value, where)
    if isinstance(value, int | float):
        raise Invalid("json_number", where=where or "/")
    if isinstance(value, Mapping):
        return {_unicode(key, where): _plain(item, f"{where}/{key}", level + 1) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(item, f"{where}/{number}", level + 1) for number, item in enumerate(value)]
    raise Invalid("json_not_text", where=where or "/")


def _unicode(value: object, where: str) -> str:
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise Invalid("json_not_text", where=where or "/") from None
        return value
    raise Invalid("json_not_text", where=where or "/")


def read_canonical(raw: bytes) -> Json:
    """Return what canonical JSON says.

    Refuses with Invalid `json_not_canonical` bytes that `canonical` would not have written, and as `canonical` does.

    >>> read_canonical(b'{"a":"1"}')
    {'a': '1'}
    """
    try:
        value: Json = json.loads(raw.decode("utf-8"), parse_int=_refuse, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Invalid("json_not_canonical") from None
    if canonical(value) != raw:
        raise Invalid("json_not_canonical")
    return value


def _refuse(_: str) -> NoReturn:
    raise ValueError


class Fields:
    """An object of canonical JSON being read member by member; what is missing, unknown or malformed is named.

    `where` names the object in the refusals: `sealing_field_missing`, `sealing_field_unknown`, `sealing_field_wrong`,
    each with the fact `field` (`header/parts/0/size`).
    """

    def __init__(self, value: Json, where: str, names: str) -> None:
        self._where = where
        wanted = names.split()
        if not isinstance(value, dict):
            raise Invalid("sealing_field_wrong", field=where)
        self._value = value
        for name in wanted:
            if name not in value:
                raise Invalid("sealing_field_missing", field=f"{where}/{name}")
        for name in value:
            if name not in wanted:
                raise Invalid("sealing_field_unknown", field=f"{where}/{name[:40]}")

    def wrong(self, name: str) -> Invalid:
        """Return the refusal of one member."""
        return Invalid("sealing_field_wrong", field=f"{self._where}/{name}")

    def text(self, name: str, *one_of: str) -> str:
        """Return a member that is text, one of those named if any are."""
        value = self._value[name]
        if not isinstance(value, str) or (one_of and value not in one_of):
            raise self.wrong(name)
        return value

    def number(self, name: str, least: int, most: int) -> int:
        """Return a member that is a whole number written as text, within bounds."""
        text = self.text(name)
        if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
            raise self.wrong(name)
        return int(text)

    def octets(self, name: str, length: int) -> bytes:
        """Return a member that is bytes written as lower-case hexadecimal, of a fixed length."""
        return self._octets(self._value[name], name, length)

    def octets_list(self, name: str, length: int, least: int, most: int) -> tuple[bytes, ...]:
        """Return a member that is a list of such bytes."""
        return tuple(self._octets(item, name, length) for item in self.items(name, least, most))

    def _octets(self, value: Json, name: str, length: int) -> bytes:
        if not isinstance(value, str) or len(value) != 2 * length or not _HEX.fullmatch(value):
            raise self.wrong(name)
        return bytes.fromhex(value)

    def identity(self, name: str) -> str:
        """Return a member that is a UUID in its usual spelling."""
        text = self.text(name)
        if not _UUID.fullmatch(text):
            raise self.wrong(name)
        return text

    def items(self, name: str, least: int, most: int) -> list[Json]:
        """Return a member that is a list, of a length within bounds."""
        value = self._value[name]
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise self.wrong(name)
        return value

    def members(self, name: str, least: int, most: int, names: str) -> list[Fields]:
        """Return a member that is a list of objects, each ready to be read."""
        where = f"{self._where}/{name}"
        return [Fields(item, f"{where}/{number}", names) for number, item in enumerate(self.items(name, least, most))]

    def member(self, name: str) -> Json:
        """Return a member as it is."""
        return self._value[name]
