"""What a command says of its own line (a file that is not there, an argument left out), in Chinese beside the English.

The parser of the command line speaks English alone; its sentences are few, and each has its Chinese here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

#: The form of a sentence of the parser -> its Chinese.
_SENTENCES: Sequence[tuple[str, str]] = (
    (r"Missing argument (?P<name>.+?)\.", "缺少参数 {name}。"),
    (r"Missing option (?P<name>.+?)\.", "缺少选项 {name}。"),
    (r"Missing command\.", "缺少子命令。"),
    (r".*File '(?P<name>.*)' does not exist\.", "没有文件“{name}”。"),
    (r".*(Directory|Path) '(?P<name>.*)' does not exist\.", "没有“{name}”。"),
    (r".*File '(?P<name>.*)' is a directory\.", "“{name}”是目录，这里要一个文件。"),
    (r".*Directory '(?P<name>.*)' is a file\.", "“{name}”是文件，这里要一个目录。"),
    (r".*'(?P<name>.*)' is not readable\.", "“{name}”不能读取。"),
    (r".*'(?P<name>.*)' is not writable\.", "“{name}”不能写入。"),
    (r"No such option '?(?P<name>[^' ]+?)'?\..*", "没有选项 {name}。"),
    (r"No such command '(?P<name>.*?)'\..*", "没有命令 {name}。"),
    (r"Got unexpected extra arguments? \((?P<name>.*)\)", "多出的参数：{name}。"),
    (r".*: '(?P<name>.*)' is not a valid integer( range)?\.", "“{name}”不是整数。"),
    (r".*: '(?P<name>.*)' is not one of (?P<choices>.*)\.", "“{name}”不可选，可选的有 {choices}。"),
    (r".*: (?P<name>\S+) is not in the range (?P<range>.*)\.", "{name} 超出范围 {range}。"),
    (r"Option '(?P<name>.*)' requires an argument\.", "选项 {name} 后面要有一个值。"),
)


def in_chinese(sentence: str) -> str:
    """Return a sentence of the parser in Chinese, or nothing where it is none of those known.

    >>> in_chinese("Invalid value for 'FILE': File '名单.csv' does not exist.")
    '没有文件“名单.csv”。'
    >>> in_chinese("Missing argument 'FILE'.")
    "缺少参数 'FILE'。"
    """
    for form, words in _SENTENCES:
        found = re.fullmatch(form, sentence, re.DOTALL)
        if found:
            return words.format(**found.groupdict())
    return ""
