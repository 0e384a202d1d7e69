"""Settings: read once, every mistake told at once, no default secret outside the demo."""

from __future__ import annotations

import pytest

from core import settings
from core.settings import DEMO_SECRET, SettingsError, read_settings


def test_a_demo_needs_nothing() -> None:
    """In demo mode everything has its default, and the database is the embedded one."""
    read = read_settings({"GONGBAO_MODE": "demo"})
    assert (read.is_demo, read.is_embedded, read.is_two_factor_required) == (True, True, False)


@pytest.mark.parametrize("secret", ["", "short", DEMO_SECRET])
def test_production_wants_a_secret_of_its_own(secret: str) -> None:
    """Outside demo and test the program does not start on a missing, short or known secret."""
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        read_settings({"SECRET_KEY": secret})
    assert read_settings({"SECRET_KEY": "x" * 32}).is_two_factor_required


def test_every_mistake_is_told_at_once() -> None:
    """Three wrong variables are three lines."""
    wrong = {"GONGBAO_MODE": "fast", "GONGBAO_SESSION_IDLE_MIN": "0", "GONGBAO_TWO_FACTOR": "perhaps"}
    with pytest.raises(SettingsError) as caught:
        read_settings(wrong)
    assert all(name in str(caught.value) for name in wrong)


def test_every_setting_is_described() -> None:
    """The printed table names one variable for each setting."""
    assert len(settings.SETTING_WORDS) == len(settings.Settings.__dataclass_fields__)


@pytest.mark.parametrize("address", ["mysql://a:secret@db/gongbao", "postgresql+psycopg://a:secret@db/x", "db/secret"])
def test_an_address_of_another_kind_is_named_and_not_repeated(address: str) -> None:
    """What is no PostgreSQL address is refused by the variable's name; the password in it is not told."""
    with pytest.raises(SettingsError, match=r"DATABASE_URL: .*postgresql://") as caught:
        read_settings({"GONGBAO_MODE": "test", "DATABASE_URL": address})
    assert "secret" not in str(caught.value)
