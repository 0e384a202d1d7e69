"""The offline commands of bidders: `gongbao seal` makes a sealed bid, `gongbao unseal` opens one with its keys."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NoReturn

import click

from core.errors import Invalid
from tender import keyfiles, p256
from tender.canonical import Json
from tender.content import PLAIN_KIND, Content, FileEntry, FileToSeal, OpenedPart, file_from_path
from tender.envelope import Head, Terms, read_head, read_terms
from tender.sealing import PartKeys, SealedBid, key_signer
from tender.sealing import seal as seal_bid
from tender.sharefiles import read_shares
from tender.unsealing import open_envelope, verify_sealed
from web.keys_cli import PARTS
from web.offline_cli import (
    FILE,
    NEW,
    create_new,
    json_option,
    key_passphrase,
    passphrase_option,
    read_passphrase,
    said_plainly,
    tell,
    write_new,
)


def _by_part(given: Iterable[str], parts: Sequence[str]) -> list[tuple[str, Path]]:
    """Return each `PART:PATH`, or path of the only part, as part and path."""
    pairs = []
    for text in given:
        name, colon, rest = text.partition(":")
        part, path = (name, rest) if colon and name in PARTS else (parts[0], text)
        if part not in parts:
            raise Invalid("parts_wrong")
        if not Path(path).is_file():
            raise click.FileError(path, "没有这个文件 / no such file")
        pairs.append((part, Path(path)))
    return pairs


def _form(path: Path) -> dict[str, Json]:
    """Return a form's fields from a JSON file in any spelling, numbers and repeated names refused."""

    def members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        names = [name for name, _ in pairs]
        for name in names:
            if names.count(name) > 1:
                raise Invalid("form_field_repeated", field=name)
        return dict(pairs)

    def number(text: str) -> NoReturn:
        raise Invalid("json_number", where=f"{path.name}: {text[:20]}")

    try:
        fields = json.loads(
            path.read_text(encoding="utf-8-sig"),
            object_pairs_hook=members,
            parse_int=number,
            parse_float=number,
            parse_constant=number,
        )
    except (ValueError, RecursionError) as error:
        raise Invalid("form_unreadable", path=str(path), line=getattr(error, "lineno", 1)) from None
    if not isinstance(fields, dict):
        raise Invalid("fields_wrong")
    return fields


def _contents(terms: Terms, forms: Sequence[str], files: Sequence[str]) -> dict[str, Content]:
    fields: dict[str, dict[str, Json]] = {}
    for part, path in _by_part(forms, terms.parts):
        if part in fields:
            raise Invalid("form_given_twice", part=part)
        fields[part] = _form(path)
    attached: dict[str, list[FileToSeal]] = {part: [] for part in terms.parts}
    for part, path in _by_part(files, terms.parts):
        attached[part].append(file_from_path(path, mimetypes.guess_type(path.name)[0] or PLAIN_KIND))
    for part in terms.parts:
        if part not in fields:
            raise Invalid("form_missing", part=part)
    return {part: Content(fields[part], attached[part]) for part in terms.parts}


@click.command("seal")
@click.option("--terms", "terms_file", type=FILE, required=True, help="招标的密封要求文件 / the tender's sealing terms")
@click.option("--key", "key_file", type=FILE, required=True, help="投标密钥文件 / the bidder's key file")
@click.option("--organisation", required=True, help="投标单位编号 / the organisation's id")
@click.option("--version", type=click.IntRange(1), default=1, show_default=True, help="第几版 / which version")
@click.option("--fields", multiple=True, required=True, metavar="[PART:]FILE", help="表单 / the form, JSON")
@click.option("--file", "files", multiple=True, metavar="[PART:]FILE", help="附件 / a file to attach")
@click.option("--out", type=NEW, required=True, help="密封文件 / the sealed bid to write")
@click.option("--recovery", type=NEW, required=True, help="恢复文件 / the recovery file to write")
@key_passphrase
@passphrase_option("recovery-passphrase", "恢复文件的新口令 / new passphrase of the recovery file", new=True)
@json_option
@said_plainly
def seal(
    terms_file: Path,
    key_file: Path,
    organisation: str,
    version: int,
    fields: tuple[str, ...],
    files: tuple[str, ...],
    out: Path,
    recovery: Path,
    passphrase: str,
    recovery_passphrase: str,
    as_json: bool,
) -> None:
    """密封一份投标，离线可用。Seal a bid; works offline.

    PART 在双信封招标中写 technical 或 price。For a tender with two envelopes PART is technical or price.
    """
    terms = read_terms(terms_file.read_bytes())
    key = keyfiles.unlock_key("bidder-key", key_file.read_bytes(), passphrase)
    contents = _contents(terms, fields, files)
    for path in (out, recovery):
        if path.exists():
            raise Invalid("output_exists", path=str(path))
    unfinished = out.with_name(out.name + ".unfinished")
    try:
        with create_new(unfinished) as container:
            bid = seal_bid(terms, organisation, version, contents, key_signer(key), container)
            container.seek(0)
            verify_sealed(container, terms, organisation, version, p256.point(key))
        write_new(recovery, keyfiles.lock_recovery(bid.head, bid.keys, recovery_passphrase))
        unfinished.rename(out)
    finally:
        unfinished.unlink(missing_ok=True)
    _tell_sealed(as_json, bid, out, recovery)


def _tell_sealed(as_json: bool, bid: SealedBid, out: Path, recovery: Path) -> None:
    digest = bid.head.sha256.hex()
    facts = {"header_sha256": digest, "out": str(out), "recovery": str(recovery), "size": str(out.stat().st_size)}
    tell(
        as_json,
        facts,
        f"已密封：{out}\n摘要：{digest}\n恢复文件：{recovery}（与口令分开保存）\n"
        "尚未递交：拿到回执才算投标。 Sealed, NOT SUBMITTED YET: no receipt, no bid.",
    )


def _shares_for(head: Head, part: str, paths: Iterable[Path]) -> list[bytes]:
    """Return the shares of this bid's part that the files hold."""
    shares = []
    for path in paths:
        opened = read_shares(path.read_bytes())
        if opened.part != part:
            raise Invalid("share_file_other_part", path=str(path), part=opened.part)
        if head.sha256 in opened.shares:
            shares.append(opened.shares[head.sha256])
    return shares


def _recovered(head: Head, part: str, path: Path | None, passphrase_file: Path | None) -> PartKeys | None:
    """Return the bidder's keys from its recovery file, if there is one."""
    if not path:
        return None
    passphrase = read_passphrase(passphrase_file, "恢复文件的口令 / passphrase of the recovery file")
    recovered = keyfiles.unlock_recovery(path.read_bytes(), passphrase)
    if recovered.header_sha256 != head.sha256 or part not in recovered.keys:
        raise Invalid("recovery_of_another")
    return recovered.keys[part]


@click.command("unseal")
@click.argument("container", type=FILE)
@click.option("--part", type=click.Choice(PARTS), default="bid", show_default=True)
@click.option("--share", "share_files", type=FILE, multiple=True, help="保管人的份额文件 / a custodian's share file")
@click.option("--recovery", type=FILE, help="投标人的恢复文件 / the bidder's recovery file")
@click.option("--recovery-passphrase-file", type=FILE, help="恢复文件的口令所在文件 / file with its passphrase")
@click.option("--out", type=NEW, required=True, help="新文件夹 / a new folder")
@json_option
@said_plainly
def unseal(
    container: Path,
    part: str,
    share_files: tuple[Path, ...],
    recovery: Path | None,
    recovery_passphrase_file: Path | None,
    out: Path,
    as_json: bool,
) -> None:
    """用份额文件或恢复文件打开一份投标。Open a bid with custodians' shares, or with the bidder's recovery file."""
    with container.open("rb") as source:
        head = read_head(source)
        keys = _recovered(head, part, recovery, recovery_passphrase_file)
        shares = _shares_for(head, part, share_files)
        if out.exists():
            raise Invalid("output_exists", path=str(out))
        unfinished = out.with_name(out.name + ".unfinished")
        unfinished.mkdir(mode=0o700)
        source.seek(0)
        try:
            result, files = _write_opened(source, part, shares, keys, unfinished)
            unfinished.rename(out)
        finally:
            _remove_folder(unfinished)
    facts = {"part": part, "fields": result.fields, "files": files, "header_sha256": head.sha256.hex()}
    tell(as_json, facts, f"已打开：{out} / opened, {len(files)} files")


def _write_opened(
    source: BinaryIO, part: str, shares: Sequence[bytes], keys: PartKeys | None, folder: Path
) -> tuple[OpenedPart, list[str]]:
    """Open a part into a folder: each file by its number and name, and the form as `fields.json`."""
    names: list[str] = []
    with ExitStack() as opened:

        def into(entry: FileEntry) -> BinaryIO:
            names.append(f"{len(names) + 1:02d}-{entry.name}")
            return opened.enter_context(create_new(folder / names[-1]))

        k2 = keys.k2 if keys and not shares else None
        result = open_envelope(source, part, shares=shares, k2=k2, k1=keys.k1 if keys else None, into=into)
    form = json.dumps(result.fields, ensure_ascii=False, indent=1, sort_keys=True)
    write_new(folder / "fields.json", form.encode("utf-8"))
    return result, names


def _remove_folder(folder: Path) -> None:
    if folder.exists():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
