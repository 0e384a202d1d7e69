"""What the commands have in common: refusals in words and exit codes, JSON on request, settings, a database.

Exit codes: 0 done; 1 broken or failed; 2 wrongly called or invalid input; 4 not found; 5 forbidden; 6 not possible now.
Heavy modules are imported where they are used, so that a small command is there at once.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from core.errors import Conflict, Finding, Forbidden, Invalid, NotFound, Refusal
from web.places import place_words
from web.usage_words import in_chinese

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from core.server import Urls
    from core.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

FAILED = 1
#: What the system says of a file or folder that may not be written to or read, or for which there is no room.
NOT_WRITTEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT})
EXIT_CODES: Mapping[type[Refusal], int] = {Invalid: 2, NotFound: 4, Forbidden: 5, Conflict: 6}


def is_english() -> bool:
    """Say whether the commands speak English: by GONGBAO_LOCALE, else by the terminal's language; Chinese otherwise."""
    chosen = os.environ.get("GONGBAO_LOCALE") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return chosen.lower().startswith("en")


def t(zh: str, en: str) -> str:
    """Return the Chinese or the English words."""
    return en if is_english() else zh


def exit_code(refusal: Refusal) -> int:
    """Return the exit code of a refusal by its kind."""
    return next((code for kind, code in EXIT_CODES.items() if isinstance(refusal, kind)), FAILED)


def wants_json() -> bool:
    """Say whether the running command was asked for JSON."""
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().meta.get("gongbao.as_json"))


def _remember(context: click.Context, _: click.Parameter, is_asked: bool) -> bool:
    if is_asked:
        context.find_root().meta["gongbao.as_json"] = True
    return is_asked


def json_option(command: Command) -> Command:
    """Give a command `--json`; `tell` then writes for machines."""
    return click.option(
        "--json", "as_json", is_flag=True, is_eager=True, expose_value=False, callback=_remember, help="机器可读 / JSON"
    )(command)


def tell(document: object, words: str | None = None) -> None:
    """Write what a command has found: the words for people, the document for machines or where there are no words."""
    is_json = words is None or wants_json()
    click.echo(_writable(json.dumps(document, ensure_ascii=False, indent=2, default=str) if is_json else words or ""))


def _writable(text: str) -> str:
    """Return a text with half characters (lone surrogates of a file) as the escapes that they came as."""
    return text.encode("utf-8", "backslashreplace").decode()


def warn(words: str) -> None:
    """Write a line for people beside the result."""
    click.echo(_writable(words), err=True)


def fail(words: str, code: int = FAILED) -> NoReturn:
    """End the command with words and an exit code."""
    warn(words)
    raise click.exceptions.Exit(code)


def tell_refusal(refusal: Refusal) -> None:
    """Write a refusal: in words on the error stream, and as a document on the output where JSON was asked for."""
    findings: tuple[Finding, ...] = getattr(refusal, "findings", ())
    said = said_of(refusal)
    if wants_json():
        document: dict[str, Any] = {"code": refusal.code, "detail": said, "facts": dict(refusal.facts)}
        document["errors"] = [
            {
                "where": one.where,
                "code": one.code,
                "detail": said_of(one),
                "facts": one.facts,
            }
            for one in findings
        ]
        tell(document)
    warn(said)
    for one in findings[:200]:
        warn(f"  {finding_line(one)}")
    if len(findings) > 200:
        warn(f"  … {len(findings)}")


def said_of(refusal: Refusal | Finding) -> str:
    """Return what a refusal or a finding says, in the reader's language."""
    from web.messages import told

    return told(refusal.code, refusal.facts, is_english=is_english())


def finding_line(finding: Finding) -> str:
    """Return a finding as one line: its place, once and in the reader's words, and what is wrong there."""
    said = said_of(finding)
    row = finding.facts.get("row")
    if not isinstance(row, int):
        where = place_words(finding.where, is_english=is_english())
        return f"{where}{t('：', ': ')}{said}" if where else said
    is_told = re.match(rf"第 {row} 行|row {row}\b", said, re.IGNORECASE)
    return said if is_told else t(f"第 {row} 行：{said}", f"Row {row}: {said}")


class Commands(click.Group):
    """A group of commands, each imported when it is called; refusals end in words and an exit code.

    `lazy` is name -> (module, attribute, words for the list).
    """

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order they are declared."""
        return [*self.lazy, *(name for name in super().list_commands(ctx) if name not in self.lazy)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, attribute, _ = self.lazy[cmd_name]
        found: click.Command = getattr(importlib.import_module(module), attribute)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing one."""
        rows = [(name, words) for name, (_, _, words) in self.lazy.items()]
        for name in super().list_commands(ctx):
            command = super().get_command(ctx, name)
            if command is not None and name not in self.lazy:
                rows.append((name, command.get_short_help_str(100)))
        with formatter.section(t("命令", "Commands")):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a refusal, wrong settings and an absent database end in words, never in a traceback."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            tell_refusal(refusal)
            raise click.exceptions.Exit(exit_code(refusal)) from None
        except click.UsageError as fault:
            words = "" if is_english() else in_chinese(fault.format_message())
            if not words:
                raise
            raise click.UsageError(f"{words} {fault.format_message()}", fault.ctx) from None
        except BrokenPipeError:
            # Whoever read the output has had enough; Python must not complain about it again at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(FAILED) from None
        except OSError as fault:
            if fault.errno not in NOT_WRITTEN:
                raise
            fail(_words_of_file(fault))
        except _known() as fault:
            fail(_words_of(fault), 2 if type(fault).__name__ == "SettingsError" else FAILED)


def _known() -> tuple[type[Exception], ...]:
    """Return the faults that have words here; those of modules that were never imported cannot have happened."""
    kinds: list[type[Exception]] = []
    if "core.settings" in sys.modules:
        kinds.append(sys.modules["core.settings"].SettingsError)
    if "sqlalchemy.exc" in sys.modules:
        kinds += [sys.modules["sqlalchemy.exc"].OperationalError, sys.modules["sqlalchemy.exc"].ProgrammingError]
    if "psycopg" in sys.modules:
        kinds.append(sys.modules["psycopg"].OperationalError)
    return tuple(kinds)


def _words_of_file(fault: OSError) -> str:
    words = t(
        "文件或目录不能使用：{}（{}）。状态目录由 GONGBAO_STATE_DIR 指定，须可由当前用户写入。",
        "A file or folder cannot be used: {} ({}). The state folder is named by GONGBAO_STATE_DIR; this user must be"
        " able to write to it.",
    )
    return words.format(fault.filename or "—", fault.strerror)


def _words_of(fault: Exception) -> str:
    if type(fault).__name__ == "SettingsError":
        return t("环境变量有误：", "The settings are wrong:") + f"\n{fault}"
    if getattr(getattr(fault, "orig", None), "sqlstate", None) == "42P01":
        return t(
            "数据库还没有建表。请先运行 gongbao db upgrade。", "The database has no schema yet. Run gongbao db upgrade."
        )
    return t("数据库不能使用：", "The database cannot be used: ") + str(getattr(fault, "orig", None) or fault).strip()


# Settings and a database


@dataclass(frozen=True, slots=True)
class Place:
    """Where an installation stands: its settings and the addresses of its database's roles."""

    settings: Settings
    urls: Urls


def settings_at_hand() -> Settings:
    """Return the settings for a command that signs no session: it does without the secret."""
    from core.settings import read_settings

    secret = os.environ.get("SECRET_KEY") or secrets.token_hex(32)
    return read_settings({**os.environ, "SECRET_KEY": secret})


def place(settings: Settings | None = None, *, is_migrated: bool = False) -> Place:
    """Return the installation's database: that of DATABASE_URL, or the embedded one, started where need be.

    With `is_migrated` the embedded one is brought up to this program's step; another's is its administrator's affair.
    """
    from core.server import Urls, start_embedded

    settings = settings or settings_at_hand()
    if not settings.is_embedded:
        urls = Urls(settings.owner_url, settings.database_url, settings.auditor_url)
        return Place(settings, urls)
    urls = start_embedded(settings.state_dir / "postgres")
    if is_migrated:
        from core import migrate
        from core.db import engine_for

        engine = engine_for(urls.app, pool_size=1)
        try:
            step = migrate.current(engine)
        finally:
            engine.dispose()
        if step != migrate.head():
            migrate.upgrade(urls.owner)
    return Place(settings, urls)


def now(session: Session) -> datetime:
    """Return this instant by the database's clock."""
    from core.db import instant

    return instant(session)


@contextmanager
def database(*, is_migrated: bool = True, pool_size: int = 4) -> Iterator[tuple[Place, Engine]]:
    """Open the application's database for one command."""
    from core.db import engine_for

    found = place(is_migrated=is_migrated)
    engine = engine_for(found.urls.app, pool_size=pool_size)
    try:
        yield found, engine
    finally:
        engine.dispose()
