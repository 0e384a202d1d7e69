"""One thing has one word: what a page, a paper or a document may not call it, and the glossary's word for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: What nobody writes -> what everybody writes. Left of the arrow a regular expression, right of it the glossary's word.
#: A word that is also part of another thing's name is kept apart by what stands around it.
OTHER_WORDS = {
    "关账": "结账",
    "冲回": "冲正",
    "主承保人|牵头": "首席承保人、首席",
    "授标": "中标",
    "(?<!决)定标(?!准)": "中标",
    "接收投标中": "招标中",
    "封标": "封存",
    "签字人|签名人": "签署人",
    "共保组": "共保体",
    "对账单": "结算单",
    "催款": "摊回通知",
    "(?<!收款)账户": "科目；登录用的是账号；付款付往收款账户",
    "帐": "账",
    "登陆": "登录",
    "[这每那]部(?!分)|部电梯": "台",
    "（不含）": "零时止",
    "待复核": "核准（赔案）",
    "(?<!投)标箱": "投标箱",
}

#: Where another word is right: the headers of other people's files, and the page that explains the words.
LEFT_OUT = frozenset({"web/estate_columns.py", "web/fault_columns.py", "docs/glossary.md"})


def _texts() -> Iterator[tuple[str, str]]:
    """Yield (path, text) of everything that people read: templates, words of the edge, invariants, documents."""
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "templates").rglob("*.html")]
    for room in ("core", "ledger", "tender", "underwriting", "claims", "web"):
        paths += (ROOT / room).rglob("*.py")
    paths += (ROOT / "web" / "static" / "js").rglob("*.js")
    for path in sorted(paths):
        name = path.relative_to(ROOT).as_posix()
        if name not in LEFT_OUT:
            yield name, joined(path.read_text(encoding="utf-8"))


def joined(text: str) -> str:
    """Return a text with the words whole that its lines break: a wrapped paragraph, a string that goes on below.

    The break is kept behind the run of Chinese that it broke, so that lines count as before.
    """
    return _BROKEN.sub(lambda run: "".join(_BREAK.split(run[0])) + "\n" * run[0].count("\n"), text)


#: Where a line ends within Chinese: the quotation marks of strings that follow one another, indents, and marks of a
#: comment or a quotation.
_BREAK = re.compile(r"[\"']?[ ]*\n[ ]*(?:#:? ?|> ?|[\"'])?(?=[一-鿿])")
_BROKEN = re.compile(rf"[一-鿿]+(?:{_BREAK.pattern}[一-鿿]+)+")


TEXTS = dict(_texts())


@pytest.mark.parametrize("other", OTHER_WORDS)
def test_a_thing_is_called_by_its_one_word(other: str) -> None:
    """同一件事只用一个词；别的叫法一出现就指出在哪里、该用哪个词。"""
    found = {
        f"{name}:{text.count(chr(10), 0, hit.start()) + 1} {hit[0]}"
        for name, text in TEXTS.items()
        for hit in re.finditer(other, text)
    }
    assert found == set(), f"use {OTHER_WORDS[other]}"


@pytest.mark.parametrize(
    "text",
    [
        "每次关\n账之后",
        '    "每次关"\n    "账之后",',
        "#: 每次关\n#: 账之后",
        "> 每次关\n> 账",
        "关账",
        "- 每次关\n  账",
    ],
)
def test_a_word_is_found_across_the_end_of_a_line(text: str) -> None:
    """断行、相接的字符串、注释，都藏不住一个词；行数不变。"""
    assert "关账" in joined(text) and joined(text).count("\n") == text.count("\n")


def test_the_words_are_looked_for_where_people_read() -> None:
    """一个也没有读到的规则不算通过：首席、结账、中标处处都有。"""
    every = "".join(TEXTS.values())
    assert len(TEXTS) > 300 and all(every.count(word) > 20 for word in ("首席", "结账", "中标", "公示"))
