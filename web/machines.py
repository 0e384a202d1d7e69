"""What all machines of one installation must have alike, and how the replica that they read stands."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import fields
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from core.replica import seconds_behind
from core.settings import Settings
from web.command_line import t
from web.tasks import replica_of

#: Settings that may differ from machine to machine: how each reaches database and folder.
_EACH_ITS_OWN = frozenset(
    {
        *("database_url", "owner_url", "auditor_url", "read_url"),
        *("state_dir", "signing_key_file", "signing_certificate_file", "secret_key"),
    }
)


def mark(settings: Settings) -> str:
    """Return twelve letters that are the same on all machines whose settings and keys are the same.

    Of secrets and key files only a keyed digest goes in: nothing can be read back out of it.
    """
    alike = sorted(field.name for field in fields(settings) if field.name not in _EACH_ITS_OWN)
    told = "\n".join(f"{name}={getattr(settings, name)}" for name in alike)
    files = [settings.signing_key_file, settings.signing_certificate_file]
    digest = hmac.new(settings.secret_key.encode(), told.encode(), hashlib.sha256)
    for path in (*map(Path, filter(None, files)), *sorted((settings.state_dir / "keys").glob("*.pem"))):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def reading(settings: Settings, engine: Engine) -> str:
    """Return how the replica stands that extracts are read from: `ok` and how far it is behind, or what is wrong."""
    with replica_of(settings) as reader:
        if reader is None:
            return t("无，读数据库本身", "none: the database itself is read")
        try:
            behind_s = seconds_behind(reader, engine)
        except DBAPIError as error:
            return t("连不上：{}", "not reached: {}").format(type(error.orig).__name__)
    if behind_s is None:
        return t("不是副本，改读数据库本身", "no replica: the database itself is read")
    return t("ok，滞后 {} 秒", "ok, {} s behind").format(behind_s)
