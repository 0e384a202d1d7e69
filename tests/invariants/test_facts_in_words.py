"""What the log holds of the whole story is read in words: every fact has a name, every state its word."""

from __future__ import annotations

from flask import Flask
from flask_babel import Babel
from sqlalchemy import Engine, select

from core.audit import AuditEvent
from core.db import unit_of_work
from core.permits import SYSTEM
from tests.invariants.story import Story
from web.fact_words import NAMES, fact_rows


def test_every_fact_of_the_story_is_told_in_words(story: Story, auditor: Engine) -> None:
    """日志里的每个事实都有名称，状态不露代码。"""
    with unit_of_work(auditor, SYSTEM) as session:
        events = session.scalars(select(AuditEvent)).all()
    named = {name for event in events for name in event.facts}
    assert len(named) > 30 and named - NAMES.keys() == set()
    bare = Flask(__name__)
    Babel(bare, default_locale="zh_Hans_CN")
    with bare.test_request_context():
        told = {
            (event.object_kind, row["value"])
            for event in events
            if "stage" in event.facts
            for row in fact_rows(event.object_kind, {"stage": event.facts["stage"]})
        }
    assert len(told) > 10 and {one for one in told if one[1].isascii()} == set()
