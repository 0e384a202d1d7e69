"""The embedded server in folders as people name them."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest

from core import server


@pytest.mark.parametrize("name", ["with a blank", "会签's 目录", "very-long-" * 11])
def test_a_folder_of_any_name_holds_the_embedded_database(name: str) -> None:
    """Whatever the folder is called, the three roles connect and the application's role owns nothing."""
    home = Path(tempfile.mkdtemp(prefix="gongbao-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)  # what is registered first runs last
    urls = server.start_embedded(home / name / "postgres", is_kept=False)
    assert not server.has_ended(server.embedded_process(home / name / "postgres"))
    for url, role in ((urls.owner, server.OWNER), (urls.app, server.APP), (urls.auditor, server.AUDITOR)):
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT current_user, current_database()").fetchone() == (role, "gongbao")
