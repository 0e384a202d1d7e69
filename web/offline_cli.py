"""What the offline commands have in common: refusals in words, passphrases, files for their owner alone.

Private keys and passphrases stay on the machine; nothing here or in the commands that use it reaches for a network.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click

from core.errors import Invalid, Refusal
from web.messages.sealing import MESSAGES

Command = TypeVar("Command", bound=Callable[..., None])

#: A file to read, and a path to write.
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW = click.Path(path_type=Path)

json_option = click.option("--json", "as_json", is_flag=True, help="机器可读 / for machines")


def said_plainly(command: Command) -> Command:
    """Return the command with its refusals said in words, in both languages, and exit code 1."""

    @functools.wraps(command)
    def said(*arguments: object, **options: object) -> None:
        try:
            command(*arguments, **options)
        except Refusal as refusal:
            if options.get("as_json"):
                click.echo(json.dumps({"code": refusal.code, "facts": refusal.facts}, ensure_ascii=False, default=str))
            for words in MESSAGES.get(refusal.code, (str(refusal),)):
                click.echo(words.format(**refusal.facts), err=True)
            sys.exit(1)

    return said  # type: ignore[return-value]


def read_passphrase(path: Path | None, words: str, *, new: bool = False) -> str:
    """Return a passphrase: the first line of a file, or what is typed unseen (twice for a new one)."""
    if path:
        return path.read_text(encoding="utf-8").partition("\n")[0].removesuffix("\r")
    again = "再输一次 / once more" if new else False
    return str(click.prompt(words, hide_input=True, confirmation_prompt=again, err=True))


def passphrase_option(name: str, words: str, *, new: bool = False) -> Callable[[Command], Command]:
    """Return the option `--<name>-file`, which gives the command a passphrase as `<name>`."""

    def read(_: click.Context, __: click.Parameter, path: Path | None) -> str:
        return read_passphrase(path, words, new=new)

    told = f"{words}（文件第一行；不给则询问） / first line of a file; asked for if not given"
    return click.option(f"--{name}-file", name.replace("-", "_"), type=FILE, callback=read, help=told)


key_passphrase = passphrase_option("passphrase", "密钥文件的口令 / passphrase of the key file")
new_passphrase = passphrase_option("passphrase", "密钥文件的新口令 / new passphrase of the key file", new=True)


def write_new(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read; refuses with Invalid `output_exists` (path) to write over another."""
    with create_new(path) as out:
        out.write(data)


def create_new(path: Path) -> BinaryIO:
    """Return a new file, open for writing and reading, that only its owner may read."""
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600), "w+b")
    except FileExistsError:
        raise Invalid("output_exists", path=str(path)) from None


def tell(as_json: bool, facts: Mapping[str, Any], words: str) -> None:
    """Say what was done: its facts for machines, or a sentence."""
    click.echo(json.dumps(facts, ensure_ascii=False) if as_json else words)
