"""Where in a file or a list something stands, in words: programs read `events[4].on`, people count in words."""

from __future__ import annotations

import re

_ITEM = re.compile(r"(\w+)\[(\d+)\]")
#: What the items of a list are called, where they have a name: 中文, English.
_NAMED = {"events": ("第 {n} 个事件", "event {n}")}
_ITEMS = ("{name} 第 {n} 项", "{name}, item {n}")


def place_words(where: str, *, is_english: bool) -> str:
    """Return a place as people read it; items are counted from 1 in both. A place without items stays as it is.

    >>> place_words("events[4].amount_fen", is_english=False)
    '第 4 个事件，amount_fen'
    >>> place_words("case 2, weights[3]", is_english=True)
    'case 2, weights, item 3'
    >>> place_words("agreement.lead", is_english=True)
    'agreement.lead'
    """
    comma = ", " if is_english else "，"

    def item(found: re.Match[str]) -> str:
        name, number = found.groups()
        return _NAMED.get(name, _ITEMS)[is_english].format(name=name, n=number)

    return re.sub(_ITEM.pattern + r"\.?", lambda found: item(found) + comma * found[0].endswith("."), where)
