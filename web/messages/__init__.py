"""The one catalogue of words for every refusal and finding, put together from the files beside it.

Each file is named after a room and holds `MESSAGES: dict[code, (中文, English)]`; a code stands in one file only.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType


class _Facts(dict[str, object]):
    """Facts by name; one that a refusal did not give is shown as an ellipsis rather than as a fault."""

    def __missing__(self, name: str) -> str:
        return "…"


@cache
def catalogue() -> Mapping[str, tuple[str, str]]:
    """Return code -> (中文, English) of every room; RuntimeError where two files define one code."""
    words: dict[str, tuple[str, str]] = {}
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        for code, pair in importlib.import_module(f"{__name__}.{found.name}").MESSAGES.items():
            if code in words:
                raise RuntimeError(f"the words of {code} stand twice; the second time in messages/{found.name}.py")
            words[code] = pair
    return MappingProxyType(words)


def told(code: str, facts: Mapping[str, object], *, is_english: bool) -> str:
    """Return the words of a code with its facts filled in; a code without words is shown by its name."""
    pair = catalogue().get(code)
    if pair is None:
        return code
    shown = {name: _shown(value, is_english=is_english) for name, value in facts.items()}
    return pair[1 if is_english else 0].format_map(_Facts(shown))


def _shown(value: object, *, is_english: bool) -> object:
    """Return a fact as people read it: lists with their own comma, dates and instants plain."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return (", " if is_english else "、").join(str(_shown(one, is_english=is_english)) for one in value)
    return value
