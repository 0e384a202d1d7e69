"""The one catalogue of words for every refusal and finding, put together from the files beside it.

Each file is named after a room and holds `MESSAGES: dict[code, (中文, English)]`; a code stands in one file only.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from web.code_words import facts_in_words


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
    """Return the words of a code with its facts filled in as people read them; a code without words names itself."""
    pair = catalogue().get(code)
    if pair is None:
        return code
    return pair[1 if is_english else 0].format_map(_Facts(facts_in_words(code, facts, is_english=is_english)))
