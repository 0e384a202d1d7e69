"""The words of a kind of list that is sent: what its pages say of it, and what any kind says, with its name in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from core import clock
from web.formats import t

Pair = tuple[str, str]

#: What is said of a list of any kind: `{name}` is the kind's name, `{noun}` the short one (in Chinese alone), `{many}`
#: its plural.
_OF_ANY: Mapping[str, Pair] = {
    "send": ("导入{name}", "Send a {name}"),
    "send_link": ("导入{name}…", "Send a {name}…"),
    "send_again": ("导入更正后的{noun}", "Send the corrected list"),
    "approve": ("批准{name}入账", "Approve a {name}"),
    "correct": ("更正有误的{name}", "Correct a faulty {name}"),
    "give_up": ("放弃{name}", "Give up a {name}"),
    "give_it_up": ("放弃这份{noun}", "Give it up"),
    "given_up": ("{noun}已放弃，没有入账。", "The list is given up; nothing was booked."),
    "not_waiting": ("这份{noun}现在不等待批准。", "This list does not wait for approval."),
    "no_longer": ("这份{noun}不能再放弃。", "This list can no longer be given up."),
    "taken": (
        "{noun}已交后台逐行核对，可以离开此页；结果在首页提示。",
        "The list is being checked in the background; you may leave, your first page will tell the outcome.",
    ),
    "is_faulty": (
        "没有入账。请在文件中更正下列各行，重新导入整份{noun}。",
        "Nothing was booked. Correct these rows in the file and send the whole list again.",
    ),
    "waits_for_another": (
        "这份{noun}由您导入，须由另一人批准。",
        "You sent this list; another person must approve it.",
    ),
    "file": ("{noun}文件", "The list"),
}


#: What is told of one list, with its facts in it.
_TOLD = ("file_hint", "holds", "is_posted", "sentence", "reading")


@dataclass(frozen=True, slots=True)
class ListWords:
    """The words of one kind of list, in Chinese and English: its names, and what is its own to say.

    `holds` and `is_posted` tell of how many (`n`) for how much (`sum`), and when it was posted (`day`); `sentence` what
    an approval does; `reading` how far a list is (`n` rows, `m` faults). `counted` and `summed` name what a list holds,
    `in_order` the same at its side. `doing`, `done_at` and `stopped` are the kind's words for posting. `command` is
    the same on the command line, with its `pool` and the day `on` which it is booked.
    """

    name: Pair
    noun: str
    many: Pair
    intro: Pair
    upload_intro: Pair
    file_hint: Pair
    command_title: Pair
    command: str
    empty: Pair
    rows: Pair
    rows_note: Pair
    no_rows: Pair
    all_good: Pair
    holds: Pair
    is_posted: Pair
    sentence: Pair
    counted: Pair
    summed: Pair
    in_order: Pair
    done_at: Pair
    reading: Pair
    doing: Pair
    posted_soon: Pair
    stopped: Pair
    stopped_before: Pair

    def of_any(self, said: str) -> str:
        """Return what is said of a list of any kind, with this kind's name in it."""
        zh, en = _OF_ANY[said]
        return t(zh.format(name=self.name[0], noun=self.noun), en.format(name=self.name[1], noun=""))

    def posted(self, name: str, count: str, total: str, posted_at: datetime | None) -> str:
        """Return what the first page of who sent or approved a list says of it."""
        day = clock.on(posted_at).isoformat() if posted_at else ""
        return t(*self.is_posted, name=name, n=count, sum=total, day=day)

    def said(self) -> dict[str, str]:
        """Return everything that templates say, by name, in the reader's language."""
        own = {
            one.name: t(*getattr(self, one.name))
            for one in fields(self)
            if one.name not in _TOLD and isinstance(getattr(self, one.name), tuple)
        }
        zh, en = self.name
        title = t(zh, en[:1].upper() + en[1:])
        return {**own, **{one: self.of_any(one) for one in _OF_ANY}, "command": self.command, "title": title}
