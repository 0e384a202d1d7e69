"""Everything that can be set, read from the environment once into one frozen object; every mistake is told at once."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from environs import Env, EnvValidationError, validate

#: A secret that opens every session: accepted in demo mode only.
DEMO_SECRET = "demo-only-secret-never-for-real-data"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process. `docs` of each are in `SETTING_WORDS`, printed by `gongbao settings`."""

    database_url: str
    owner_url: str
    auditor_url: str
    read_url: str
    secret_key: str
    mode: str
    state_dir: Path
    public_url: str
    locale: str
    city: str
    session_idle_min: int
    session_hours: int
    proof_min: int
    upload_limit_mb: int
    is_two_factor_required: bool
    signing_key_file: str
    signing_certificate_file: str
    metrics_token: str

    @property
    def is_embedded(self) -> bool:
        """Say whether the database is the embedded one under the state folder."""
        return not self.database_url

    @property
    def is_demo(self) -> bool:
        """Say whether this process shows invented data."""
        return self.mode == "demo"


SETTING_WORDS: Mapping[str, str] = {
    "DATABASE_URL": "the application role's database; empty: embedded PostgreSQL under the state folder",
    "GONGBAO_OWNER_URL": "the owner role's database (migrations); needed with DATABASE_URL for `gongbao db`",
    "GONGBAO_AUDITOR_URL": "the auditor role's database (`gongbao verify`); needed with DATABASE_URL",
    "GONGBAO_READ_URL": "the application role's address of a replica, for extracts; empty: the database itself",
    "SECRET_KEY": "signs sessions; at least 32 characters; needed outside demo and test",
    "GONGBAO_MODE": "production, demo or test (production)",
    "GONGBAO_STATE_DIR": "folder for the embedded database, keys and papers (./var)",
    "GONGBAO_PUBLIC_URL": "address that people reach, used in papers and QR codes (http://localhost:8000)",
    "GONGBAO_LOCALE": "zh_Hans_CN or en, where the visitor has not chosen (zh_Hans_CN)",
    "GONGBAO_CITY": "the city's name on pages and papers (示范市)",
    "GONGBAO_SESSION_IDLE_MIN": "minutes after which an idle session ends (30)",
    "GONGBAO_SESSION_HOURS": "hours after which a sign-in ends, however much it is used (12)",
    "GONGBAO_PROOF_MIN": "minutes for which a password holds before money, openings, signatures, accounts (10)",
    "GONGBAO_UPLOAD_LIMIT_MB": "largest upload in MiB (64)",
    "GONGBAO_TWO_FACTOR": "whether staff must use a second factor (true; demo: false)",
    "GONGBAO_SIGNING_KEY": "PEM file of the key that signs papers; empty: one made in the state folder",
    "GONGBAO_SIGNING_CERTIFICATE": "PEM file of its certificate chain",
    "GONGBAO_METRICS_TOKEN": "bearer token for /metrics from elsewhere than this machine; empty: this machine only",
}


#: A database's address, or nothing. The address itself is never told: it holds a password.
_ADDRESS = validate.Regexp(r"(postgres(ql)?://\S+)?\Z", error="An address starts with postgresql://.")


class SettingsError(Exception):
    """One or more settings are wrong; the message names each and says what to do."""


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this environment.

    Raises SettingsError naming every wrong variable at once, among them a missing or default secret outside demo.
    """
    env = Env(eager=False, prefix=None)
    before = dict(os.environ)
    if environment is not None:
        os.environ.clear()
        os.environ.update(environment)
    try:
        values = _values(env)
        try:
            env.seal()
        except EnvValidationError as error:
            raise SettingsError(_told(dict(error.error_messages))) from error  # type: ignore[arg-type]
    finally:
        if environment is not None:
            os.environ.clear()
            os.environ.update(before)
    settings = Settings(**values)  # type: ignore[arg-type]
    if settings.mode == "production" and len(settings.secret_key) < 32:
        raise SettingsError("SECRET_KEY: set it to at least 32 random characters, for example " + secrets.token_hex(32))
    if settings.mode == "production" and settings.secret_key == DEMO_SECRET:
        raise SettingsError("SECRET_KEY: this is the demo's secret; set one of your own")
    return settings


def _told(messages: Mapping[str, object]) -> str:
    """Return one line a wrong variable: its name, what is wrong, what it is for."""
    return "\n".join(f"{name}: {wrong} ({SETTING_WORDS.get(name, '')})" for name, wrong in messages.items())


def _values(env: Env) -> dict[str, object]:
    """Return the raw values by field name, defaults filled in."""
    mode = env.str("GONGBAO_MODE", "production", validate=validate.OneOf(["production", "demo", "test"]))
    relaxed = mode in {"demo", "test"}
    values: dict[str, object] = {
        "database_url": env.str("DATABASE_URL", "", validate=_ADDRESS),
        "owner_url": env.str("GONGBAO_OWNER_URL", "", validate=_ADDRESS),
        "auditor_url": env.str("GONGBAO_AUDITOR_URL", "", validate=_ADDRESS),
        "read_url": env.str("GONGBAO_READ_URL", "", validate=_ADDRESS),
        "secret_key": env.str("SECRET_KEY", DEMO_SECRET if relaxed else ""),
        "mode": mode,
        "state_dir": Path(env.str("GONGBAO_STATE_DIR", "var", validate=validate.Length(min=1)) or "var").resolve(),
        "public_url": env.str("GONGBAO_PUBLIC_URL", "http://localhost:8000"),
        "locale": env.str("GONGBAO_LOCALE", "zh_Hans_CN", validate=validate.OneOf(["zh_Hans_CN", "en"])),
        "city": env.str("GONGBAO_CITY", "示范市"),
        "session_idle_min": env.int("GONGBAO_SESSION_IDLE_MIN", 30, validate=validate.Range(min=1, max=720)),
        "session_hours": env.int("GONGBAO_SESSION_HOURS", 12, validate=validate.Range(min=1, max=168)),
        "proof_min": env.int("GONGBAO_PROOF_MIN", 10, validate=validate.Range(min=1, max=720)),
        "upload_limit_mb": env.int("GONGBAO_UPLOAD_LIMIT_MB", 64, validate=validate.Range(min=1, max=2048)),
        "is_two_factor_required": env.bool("GONGBAO_TWO_FACTOR", not relaxed),
        "signing_key_file": env.str("GONGBAO_SIGNING_KEY", ""),
        "signing_certificate_file": env.str("GONGBAO_SIGNING_CERTIFICATE", ""),
        "metrics_token": env.str("GONGBAO_METRICS_TOKEN", ""),
    }
    if set(values) != {field.name for field in fields(Settings)}:
        raise TypeError("settings and their reader name different fields")
    return values
