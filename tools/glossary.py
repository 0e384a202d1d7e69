"""Writes the tables of states and verbs of docs/glossary.md from web/states.py: `python tools/glossary.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from web.kinds import KINDS, VERBS
from web.role_words import ROLES
from web.states import STATES

GLOSSARY = Path(__file__).resolve().parents[1] / "docs" / "glossary.md"

#: What stands above is written by people, what stands below by this file.
MARK = "## 状态 States\n"


def tables() -> Iterator[str]:
    """Yield the lines of the tables of states, verbs and roles.

    >>> next(line for line in tables() if "`policy` `received`" in line)
    '| `policy` `received` | 保单 已收费 | policy: Received |'
    """
    yield MARK
    yield "由 `python tools/glossary.py` 从 `web/states.py` 写出。 Written from `web/states.py` by that command.\n"
    yield from ("| code | 中文 | English |", "|---|---|---|")
    for kind, states in STATES.items():
        zh, en = KINDS[kind]
        for stage, state in states.items():
            yield f"| `{kind}` `{stage}` | {zh} {state.zh} | {en}: {state.en} |"
    yield from ("\n## 动词 Verbs\n", "| code | 中文 | English |", "|---|---|---|")
    for kind, verbs in VERBS.items():
        zh, en = KINDS[kind]
        for verb, (verb_zh, verb_en) in verbs.items():
            yield f"| `{kind}` `{verb}` | {zh} {verb_zh} | {en}: {verb_en} |"
    yield from ("\n## 角色 Roles\n", "| code | 中文 | English |", "|---|---|---|")
    for role, (zh, en) in ROLES.items():
        yield f"| `{role}` | {zh} | {en} |"


def written(text: str) -> str:
    """Return the glossary's text with its tables as they are now."""
    head, _, _ = text.partition(MARK)
    return head + "\n".join(tables()) + "\n"


if __name__ == "__main__":
    GLOSSARY.write_text(written(GLOSSARY.read_text(encoding="utf-8")), encoding="utf-8")
