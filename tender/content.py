"""Pure: what stands inside a sealed part: the form's fields and the files, in one padded stream.

The stream is: four bytes with the manifest's length, the manifest (canonical JSON: the fields, and each file's name,
kind and size), the files one after another, zeros up to the padded size. How many files there are, their names and
their sizes are therefore as secret as the price.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from core.errors import Invalid
from tender.canonical import Fields, Json, canonical, read_canonical
from tender.envelope import CHUNK, MOST_SIZE, padded_size

MOST_MANIFEST = 8 << 20
MOST_FILES = 200
MOST_NAME_BYTES = 200
PLAIN_KIND = "application/octet-stream"

_LENGTH = struct.Struct(">I")
_KIND = re.compile(r"[a-z0-9][a-z0-9.+-]{0,63}/[a-z0-9][a-z0-9.+-]{0,63}", re.ASCII)
#: No folders, no control characters, nothing that turns the reading direction, none that Windows forbids.
_NAME_REFUSED = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]')


class Writable(Protocol):
    """Where the bytes of an opened file go."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


@dataclass(frozen=True, slots=True)
class FileToSeal:
    """A file that goes into an envelope; `open` gives its bytes from the start, `size` says how many."""

    name: str
    size: int
    open: Callable[[], BinaryIO]
    kind: str = PLAIN_KIND


@dataclass(frozen=True, slots=True)
class Content:
    """What a bidder puts into one part."""

    fields: Mapping[str, Json]
    files: Sequence[FileToSeal] = ()


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What the manifest says of a file."""

    name: str
    size: int
    kind: str


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file that came out whole; `data` is None where its bytes went elsewhere."""

    name: str
    size: int
    kind: str
    sha256: bytes
    data: bytes | None


@dataclass(frozen=True, slots=True)
class OpenedPart:
    """What came out of one part."""

    fields: dict[str, Json]
    files: tuple[OpenedFile, ...]


def file_from_bytes(name: str, data: bytes, kind: str = PLAIN_KIND) -> FileToSeal:
    """Return a file to seal that is already in memory."""
    return FileToSeal(name, len(data), lambda: io.BytesIO(data), kind)


def file_from_path(path: Path, kind: str = PLAIN_KIND) -> FileToSeal:
    """Return a file to seal that stands on the disk, under its own name there."""
    return FileToSeal(path.name, path.stat().st_size, lambda: path.open("rb"), kind)


def check_file_name(name: str) -> str:
    """Return a file's name that is safe to show and to write under.

    Refuses with Invalid `file_name_refused` (name) a folder, a dot at either end, a space at either end, a control
    character, one that Windows forbids, one that turns the reading direction, or more than 200 bytes.

    >>> check_file_name("技术方案.pdf")
    '技术方案.pdf'
    """
    if (
        not name
        or name != name.strip(". \u3000")
        or len(name.encode("utf-8", "replace")) > MOST_NAME_BYTES
        or _NAME_REFUSED.search(name)
    ):
        raise Invalid("file_name_refused", name=name[:60])
    return name


def manifest_of(content: Content) -> bytes:
    """Return the manifest of a part's content.

    Refuses with Invalid `file_name_refused` (name), `file_repeated` (name), `file_kind_wrong` (name),
    `too_many_files` (most), `fields_wrong`, `fields_too_long` (most), `content_too_long` (most), and as `canonical`
    does.
    """
    entries = [FileEntry(file.name, file.size, file.kind) for file in content.files]
    _check_entries(entries)
    if not isinstance(content.fields, Mapping):
        raise Invalid("fields_wrong")
    listed = [{"kind": entry.kind, "name": entry.name, "size": str(entry.size)} for entry in entries]
    manifest = canonical({"fields": content.fields, "files": listed})
    if len(manifest) > MOST_MANIFEST:
        raise Invalid("fields_too_long", most=MOST_MANIFEST)
    if padded_size(_LENGTH.size + len(manifest) + sum(entry.size for entry in entries)) > MOST_SIZE:
        raise Invalid("content_too_long", most=MOST_SIZE)
    return manifest


def _check_entries(entries: Sequence[FileEntry]) -> None:
    if len(entries) > MOST_FILES:
        raise Invalid("too_many_files", most=MOST_FILES)
    seen: set[str] = set()
    for entry in entries:
        if check_file_name(entry.name) in seen:
            raise Invalid("file_repeated", name=entry.name)
        seen.add(entry.name)
        if not _KIND.fullmatch(entry.kind):
            raise Invalid("file_kind_wrong", name=entry.name)


def content_length(content: Content, manifest: bytes) -> int:
    """Return the length of a part's stream before padding."""
    return _LENGTH.size + len(manifest) + sum(file.size for file in content.files)


def plain_chunks(content: Content, manifest: bytes, size: int) -> Iterator[bytes]:
    """Yield the padded stream of a part in chunks of 1 MiB, holding no more than two of them.

    Refuses with Invalid `file_changed` (name) a file that is no longer as long as it was when it was listed.
    """
    waiting = bytearray(_LENGTH.pack(len(manifest)) + manifest)
    done = 0
    for file in content.files:
        for piece in _pieces(file):
            waiting += piece
            while len(waiting) > CHUNK:
                yield bytes(waiting[:CHUNK])
                done += CHUNK
                del waiting[:CHUNK]
    while done < size:
        chunk = bytes(waiting[:CHUNK])
        del waiting[:CHUNK]
        chunk += bytes(min(CHUNK, size - done) - len(chunk))
        yield chunk
        done += len(chunk)


def _pieces(file: FileToSeal) -> Iterator[bytes]:
    left = file.size
    with file.open() as source:
        while piece := source.read(min(CHUNK, left + 1)):
            left -= len(piece)
            if left < 0:
                break
            yield piece
    if left:
        raise Invalid("file_changed", name=file.name)


class ContentReader:
    """Takes a part's stream as it is decrypted and hands the files on; `finish` says what came out.

    Everything is checked: the manifest's spelling, the sizes, that the padding is zeros and no longer than it must be.
    Bytes handed on before `finish` has returned are not to be relied on. Refuses with Invalid `content_wrong` (why).
    """

    def __init__(self, size: int, into: Callable[[FileEntry], Writable] | None) -> None:
        self._size = size
        self._into = into
        self._head = bytearray()
        self._fields: dict[str, Json] | None = None
        self._length = 0
        self._waiting: list[FileEntry] = []
        self._files: list[OpenedFile] = []
        self._current: _Receiver | None = None

    def feed(self, plain: bytes) -> None:
        """Take the next bytes of the stream."""
        if self._fields is None:
            self._head += plain
            plain = self._read_manifest()
        while plain and self._current:
            plain = self._current.take(plain)
            if self._current.is_full:
                self._next_file()
        if self._fields is not None and plain.strip(b"\x00"):
            raise Invalid("content_wrong", why="padding")

    def finish(self) -> OpenedPart:
        """Return the fields and the files, once the whole stream was fed."""
        if self._fields is None or self._current or padded_size(self._length) != self._size:
            raise Invalid("content_wrong", why="length")
        return OpenedPart(self._fields, tuple(self._files))

    def _read_manifest(self) -> bytes:
        """Return what follows the manifest, or nothing while it is not there whole."""
        if len(self._head) < _LENGTH.size:
            return b""
        (length,) = _LENGTH.unpack(self._head[: _LENGTH.size])
        if length > MOST_MANIFEST:
            raise Invalid("content_wrong", why="manifest")
        end = _LENGTH.size + length
        if len(self._head) < end:
            return b""
        self._fields, entries = _read_manifest(bytes(self._head[_LENGTH.size : end]))
        self._length = end + sum(entry.size for entry in entries)
        self._waiting = entries[::-1]
        rest = bytes(self._head[end:])
        self._head.clear()
        self._next_file()
        return rest

    def _next_file(self) -> None:
        """Put away the file that is whole and begin the next that has any bytes."""
        while True:
            if self._current:
                self._files.append(self._current.opened())
            if not self._waiting:
                self._current = None
                return
            entry = self._waiting.pop()
            self._current = _Receiver(entry, self._into(entry) if self._into else None)
            if not self._current.is_full:
                return


def _read_manifest(raw: bytes) -> tuple[dict[str, Json], list[FileEntry]]:
    try:
        manifest = Fields(read_canonical(raw), "manifest", "fields files")
        entries = [
            FileEntry(item.text("name"), item.number("size", 0, MOST_SIZE), item.text("kind"))
            for item in manifest.members("files", 0, MOST_FILES, "kind name size")
        ]
        _check_entries(entries)
        fields = manifest.member("fields")
        if not isinstance(fields, dict):
            raise Invalid("fields_wrong")
    except Invalid as refused:
        raise Invalid("content_wrong", why=refused.code) from None
    return fields, entries


class _Receiver:
    """One file while it arrives."""

    def __init__(self, entry: FileEntry, sink: Writable | None) -> None:
        self._entry = entry
        kept = io.BytesIO()
        self._kept = kept if sink is None else None
        self._sink: Writable = kept if sink is None else sink
        self._left = entry.size
        self._hash = hashlib.sha256()

    @property
    def is_full(self) -> bool:
        return self._left == 0

    def take(self, plain: bytes) -> bytes:
        """Take this file's bytes and return the rest."""
        mine, rest = plain[: self._left], plain[self._left :]
        self._left -= len(mine)
        self._hash.update(mine)
        self._sink.write(mine)
        return rest

    def opened(self) -> OpenedFile:
        entry = self._entry
        data = self._kept.getvalue() if self._kept else None
        return OpenedFile(entry.name, entry.size, entry.kind, self._hash.digest(), data)
