"""Pieces of pages that are the same wherever the same is asked for: made once by their macro, and kept by language.

For macros whose markup follows from their arguments and the reader's language alone. What somebody has typed is not
kept: a field with a value, or with something wrong, is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

#: So many pieces are kept of a macro at most.
MOST = 1024
#: Arguments of other kinds are handed to the macro each time. Words and markup are equal, and not the same.
_PLAIN = frozenset({str, Markup, int, bool, type(None)})

_Macro = Callable[..., str]
_Language = Callable[[], object]


def keepers(language: _Language) -> dict[str, Callable[[_Macro], _Macro]]:
    """Return what keeps the pieces of a macro (`kept`) and of the macro of a field (`kept_field`), for templates."""
    return {"kept": lambda macro: _kept(macro, language), "kept_field": lambda macro: _kept_field(macro, language)}


def _kept(macro: _Macro, language: _Language) -> _Macro:
    known: dict[object, str] = {}

    def made(*args: Any, **rest: Any) -> str:
        key = _key(language, (*args, *rest.values()), len(args), *rest)
        return macro(*args, **rest) if key is None else _found(known, key, lambda: macro(*args, **rest))

    return made


def _kept_field(macro: _Macro, language: _Language) -> _Macro:
    known: dict[object, str] = {}
    nothing: Mapping[str, str] = {}

    def made(
        name: str,
        label: str,
        kind: str = "text",
        values: Any = nothing,
        errors: Any = nothing,
        options: Sequence[Any] = (),
        **rest: Any,
    ) -> str:
        def anew() -> str:
            return macro(name, label, kind, values, errors, options=options, **rest)

        is_typed = name in values and values[name] != ""
        if is_typed or name in errors or kind == "password":
            return anew()
        told = [part for option in options for part in option]
        key = _key(language, (name, label, kind, *rest.values(), *told), *map(len, options), *rest)
        return anew() if key is None else _found(known, key, anew)

    return made


def _key(language: _Language, told: tuple[Any, ...], *places: object) -> object | None:
    """Return what a piece is kept under; nothing where some of what makes it is neither words nor a number.

    `places` say which argument each of the told is: the same words may be told by name, or by place.
    """
    kinds = tuple(map(type, told))
    return (language(), told, kinds, places) if _PLAIN.issuperset(kinds) else None


def _found(known: dict[object, str], key: object, make: Callable[[], str]) -> str:
    """Return a piece as it was made before; where there are too many, all go. Threads may do this at the same time."""
    found = known.get(key)
    if found is None:
        found = make()
        if len(known) >= MOST:
            known.clear()
        known[key] = found
    return found
