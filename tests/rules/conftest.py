"""The world that the rules about routes look at, told once a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.server import Urls
from tests.rules.forms import Form, forms_of
from tests.rules.walking import Walk, walking


@pytest.fixture(scope="session")
def walk(place: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The world, its application and its visitors."""
    with walking(place, tmp_path_factory.mktemp("matrix")) as found:
        yield found


@pytest.fixture(scope="session")
def forms(walk: Walk) -> list[Form]:
    """Every form of the pages."""
    return forms_of(walk)
