"""The world that the rules about routes look at, told once a run."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from core.server import Urls
from tests.rules.forms import Form, forms_of
from tests.rules.walking import Walk, walking


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    """Have the log keep silent while one of these tests asks for thousands of pages, and speak again afterwards."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def walk(place: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The world, its application and its visitors."""
    with walking(place, tmp_path_factory.mktemp("matrix")) as found:
        yield found


@pytest.fixture(scope="session")
def forms(walk: Walk) -> list[Form]:
    """Every form of the pages."""
    return forms_of(walk)
