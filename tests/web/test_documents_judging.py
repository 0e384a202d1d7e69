"""A stranger's PDF is judged within bounds: as the reader would, and given up where it would take too long."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.errors import Invalid
from web.documents import judging
from web.documents.engine import write_pdf
from web.documents.signing import Signer, make_signer, sign, verify

AT = datetime(2026, 4, 10, 3, 0, tzinfo=UTC)
UNSIGNED = write_pdf("<!DOCTYPE html><p>x", {}, b"x")


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    """A signer made for this module."""
    return make_signer(tmp_path_factory.mktemp("signer"), "示例共保平台", AT)


def test_the_verdict_is_the_readers_own(signer: Signer) -> None:
    """Signed, unsigned, added to, by somebody else: the process apart says what the reader says here."""
    signed = sign(UNSIGNED, signer, reason="x", at=AT)
    for body, trusted in (
        (signed, [signer.certificate]),
        (UNSIGNED, [signer.certificate]),
        (signed + b"\n% more", [signer.certificate]),
        (signed, []),
    ):
        assert judging.judge(body, trusted, at=AT) == verify(body, trusted, at=AT)


def test_what_is_torn_is_refused_by_the_reader(signer: Signer) -> None:
    """A file with the shape of a PDF and nothing behind it gets the reader's own refusal."""
    torn = b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\nstartxref\n9\n%%EOF\n"
    assert judging.has_shape(torn)
    with pytest.raises(Invalid, match="pdf_unreadable"):
        judging.judge(torn, [signer.certificate], at=AT)


@pytest.mark.parametrize("bound", ["CPU_S", "WALL_S"])
def test_what_takes_too_long_is_given_up(signer: Signer, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    """A file made to be read byte by byte is given up when its time is over, and the place is free again."""
    heavy = b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n"
    heavy += b" " * (judging.JUDGED_MOST_BYTES - 100) + b"\nstartxref\n9\n%%EOF\n"
    monkeypatch.setattr(judging, bound, 1)
    for _ in range(3):
        with pytest.raises(Invalid, match="pdf_too_heavy"):
            judging.judge(heavy, [signer.certificate], at=AT)


def test_few_are_read_at_once(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all places are taken the next is told at once to come again: no thread waits, nothing is read for it."""
    monkeypatch.setattr(judging, "_AT_ONCE", taken := judging.threading.BoundedSemaphore(1))
    assert taken.acquire()
    with pytest.raises(Invalid, match="pdf_checks_busy"):
        judging.judge(UNSIGNED, [signer.certificate], at=AT)


class _NoCertificate:
    """Stands where a certificate should, and is none."""

    def public_bytes(self, _: object) -> bytes:
        """Return what no reader takes for a certificate."""
        return b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"


def test_a_fault_of_ours_is_not_told_as_the_weight_of_the_file(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends the process apart from its limits is in the log with its last word; too little memory is weight."""
    with capture_logs() as told, pytest.raises(Invalid, match="pdf_unreadable"):
        judging.judge(UNSIGNED, [_NoCertificate()], at=AT)  # type: ignore[list-item]
    assert [one["event"] for one in told] == ["pdf_check.failed"]
    assert told[0]["status"] == 1 and "ValueError" in told[0]["said"]
    monkeypatch.setattr(judging, "MEMORY_BYTES", 1 << 20)
    with capture_logs() as told, pytest.raises(Invalid, match="pdf_too_heavy"):
        judging.judge(UNSIGNED, [signer.certificate], at=AT)
    assert told == []


def test_a_file_that_is_too_large_is_not_read(signer: Signer, tmp_path: Path) -> None:
    """Over ten megabytes nothing is looked at, whatever it holds."""
    with pytest.raises(Invalid, match="pdf_too_heavy") as caught:
        judging.judge(UNSIGNED + b" " * judging.JUDGED_MOST_BYTES, [signer.certificate], at=AT)
    assert caught.value.facts == {"limit_mb": 10}
