"""The verification itself: what it says, to whom, and what it does where it cannot look."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from core.checks import NAMED_MAX, Broken, Found, Invariant, found, rows
from core.db import engine_for
from core.errors import Conflict, Invalid
from core.settings import read_settings
from tests.invariants.story import Story
from tests.makers import AT
from tests.makers_town import tell_time
from web import verification
from web.verification import Files

SETTINGS = read_settings({"GONGBAO_MODE": "test", "GONGBAO_LOCALE": "en"})


@pytest.fixture
def turned_clock(story: Story) -> Iterator[None]:
    """The database's clock turned to another day, for all to see."""
    tell_time(story.urls, AT + timedelta(days=365))
    yield
    tell_time(story.urls, None)


def test_a_database_where_nothing_is_wrong_is_found_whole(story: Story, auditor: Engine) -> None:
    """Every invariant holds on what the verbs have made, and what is worth telling is told."""
    report = verification.run(auditor, at=AT, files=story.files)
    assert report.is_whole, report.as_text(is_english=True)
    told = {name: value for result in report.results if result.found for name, value in result.found.told.items()}
    assert told["log_size"] > 300
    assert told["bound_of_pool_2_version_1"] == "4/5"
    assert told["split_items"] > 20


def test_whole_ends_with_zero(story: Story) -> None:
    """A whole database: one line an invariant, a last line that says so, exit code 0."""
    out = io.StringIO()
    code = verification.main(SETTINGS, story.urls.auditor, as_json=False, full=True, files=story.files, out=out)
    lines = out.getvalue().splitlines()
    assert code == 0
    assert len([line for line in lines if line.startswith("✓ ")]) == len(verification.INVARIANTS) + 4
    assert "all hold" in lines[-1]


def test_broken_ends_with_one_and_names_it(story: Story, turned_clock: None) -> None:
    """A broken invariant is named with its rows in the text and in the JSON, and the exit code is 1."""
    out, document = io.StringIO(), io.StringIO()
    assert verification.main(SETTINGS, story.urls.auditor, as_json=False, full=False, out=out) == 1
    assert "✗ INV-A8" in out.getvalue()
    assert "    clock: ahead=" in out.getvalue()
    assert verification.main(SETTINGS, story.urls.auditor, as_json=True, full=False, out=document) == 1
    said = json.loads(document.getvalue())
    assert (said["is_whole"], said["broken"]) == (False, ["INV-A8"])
    broken = next(one for one in said["invariants"] if one["state"] == "broken")
    assert (broken["id"], broken["total"], broken["first"][0]["where"]) == ("INV-A8", 1, "clock")
    assert said["left_out"] == sum(one.is_heavy for one in verification.INVARIANTS)


def test_a_heavy_check_that_is_asked_for_is_made(auditor: Engine) -> None:
    """What `--only` names is checked, quick or not; an id that nobody knows is refused with those there are."""
    report = verification.run(auditor, at=AT, only=["INV-M5"], is_full=False)
    assert [(result.invariant.id, result.state) for result in report.results] == [("INV-M5", "whole")]
    with pytest.raises(Invalid, match="invariant_unknown") as caught:
        verification.run(auditor, at=AT, only=["INV-X9"])
    assert "INV-L1" in str(caught.value.facts["known"])


def test_only_the_auditor_may_verify(story: Story) -> None:
    """Another role is shown only some of the rows and would find them whole: it is refused."""
    engine = engine_for(story.urls.app, pool_size=1)
    try:
        with pytest.raises(Conflict, match="auditor_needed"):
            verification.run(engine, at=AT)
    finally:
        engine.dispose()
    with pytest.raises(Conflict, match="auditor_url_missing"):
        verification.main(SETTINGS, "", as_json=False, full=True)


def test_what_cannot_be_checked_is_broken(auditor: Engine) -> None:
    """A check that fails counts as broken, and those after it are made all the same; nothing can be written."""
    made = [
        Invariant("X-1", "坏", "bad", rows("x", "SELECT * FROM no_such_table")),
        Invariant("X-2", "写", "writes", _writes),
        Invariant("X-3", "好", "good", rows("x", "SELECT 1 AS x WHERE false")),
    ]
    with auditor.connect() as connection:
        snapshot = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with snapshot.begin():
            results = verification.examine(snapshot, made)
    assert [result.state for result in results] == ["broken", "broken", "whole"]
    assert results[1].found is not None
    assert "read-only" in str(results[1].found.first[0].facts)


def test_all_hands_look_at_one_snapshot(story: Story, auditor: Engine) -> None:
    """What is committed while a verification begins is seen by all of its connections or by none."""
    seen = text("SELECT pg_current_snapshot()::text")
    engine = engine_for(story.urls.app, pool_size=1)
    with verification._looking(auditor) as first:
        snapshot = first.scalar(text("SELECT pg_export_snapshot()"))
        with engine.begin() as other:
            other.execute(text("SELECT pg_current_xact_id()"))
        with verification._looking(auditor, snapshot) as second:
            assert first.scalar(seen) == second.scalar(seen)
        with verification._looking(auditor) as later:
            assert first.scalar(seen) != later.scalar(seen)
    engine.dispose()


def _writes(connection: Connection) -> Found:
    connection.execute(text("UPDATE clock_offset SET ahead = interval '1 day'"))
    return Found()


def test_the_first_rows_are_named_and_all_are_counted(auditor: Engine) -> None:
    """However many rows are broken, twenty are named and the number is told."""
    with auditor.connect() as connection:
        many = rows("row {n}", "SELECT n FROM generate_series(1, 1000) AS n WHERE n > :from", **{"from": 100})(
            connection
        )
    assert (many.total, len(many.first), many.first[0].where) == (900, NAMED_MAX, "row 101")
    counted = found((Broken(f"row {n}") for n in range(1000)), size=3)
    assert ((counted + many).total, len((counted + many).first), counted.told) == (1900, NAMED_MAX, {"size": 3})


def test_a_damaged_file_is_found(story: Story, auditor: Engine, tmp_path: Path) -> None:
    """A kept file of which one byte was changed, or that is gone, is named; a file that no row names is counted."""
    store = story.files.store
    digest = next(path.name for path in sorted(store.folder.glob("??/*")) if path.stat().st_size < 100)
    file = store.folder / digest[:2] / digest
    whole = file.read_bytes()
    try:
        file.write_bytes(whole[:-1] + b"!")
        report = verification.run(auditor, at=AT, only=["INV-A6"], files=story.files)
        assert report.broken == ("INV-A6",)
        file.unlink()
        report = verification.run(auditor, at=AT, only=["INV-A6"], files=story.files)
        assert report.results[0].found is not None
        assert report.results[0].found.first[0].facts["stands"] == "not there"
    finally:
        file.write_bytes(whole)


def test_a_paper_that_another_signed_is_found(story: Story, auditor: Engine) -> None:
    """With our certificate known, a paper signed by anybody else is no paper of ours."""
    from web.documents.signing import make_signer

    other = make_signer(story.files.store.folder.parent / "other", "别的平台", AT)
    stranger = Files(story.files.store, (other.certificate,))
    report = verification.run(auditor, at=AT, only=["INV-S2"], files=stranger)
    assert report.broken == ("INV-S2",)
    assert report.results[0].found is not None
    assert "trusted False" in str(report.results[0].found.first[0].facts["why"])
    assert verification.run(auditor, at=AT, only=["INV-S2"], files=Files(story.files.store)).is_whole


def test_every_invariant_has_an_id_and_sentences_of_its_own(story: Story) -> None:
    """Ids are unique, and each says in Chinese and in English what must hold."""
    every = verification.chosen(files=story.files, at=AT)
    assert len({one.id for one in every}) == len(every)
    assert len({one.sentence_zh for one in every}) == len({one.sentence_en for one in every}) == len(every)


def test_the_page_of_invariants_names_every_one(story: Story) -> None:
    """docs/invariants.md has a row for each invariant, and for none that there is not."""
    page = (Path(__file__).parents[2] / "docs" / "invariants.md").read_text(encoding="utf-8")
    told = {line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| INV-")}
    assert told == {one.id for one in verification.chosen(files=story.files, at=AT)}
