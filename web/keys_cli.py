"""The offline commands of those who hold a key: `gongbao keys new`, `show`, `share`, `words`, `restore`, `prove`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import click

from core.errors import Invalid
from tender import keyfiles, p256, slip39
from tender.envelope import ONE_ENVELOPE, TWO_ENVELOPES, Head, read_head
from tender.sealing import Randomness
from tender.sharefiles import write_shares
from tender.unsealing import open_share
from web.offline_cli import FILE, NEW, json_option, key_passphrase, new_passphrase, said_plainly, tell, write_new

PARTS = (*ONE_ENVELOPE, *TWO_ENVELOPES)
_KINDS = {"custodian": "custodian-key", "bidder": "bidder-key"}


@click.group("keys")
def keys() -> None:
    """保管人与投标人的密钥。Keys of custodians and bidders."""


def _tell_key(as_json: bool, public: bytes, path: Path) -> None:
    facts = {"public_key": public.hex(), "fingerprint": p256.fingerprint(public).hex(), "file": str(path)}
    tell(as_json, facts, f"公钥 public key: {facts['public_key']}\n指纹 fingerprint: {facts['fingerprint']}\n{path}")


@keys.command("new")
@click.option("--for", "holder", type=click.Choice(tuple(_KINDS)), required=True, help="保管人或投标人 / whose")
@click.option("--out", type=NEW, required=True, help="密钥文件 / the key file to write")
@new_passphrase
@json_option
@said_plainly
def new(holder: str, out: Path, passphrase: str, as_json: bool) -> None:
    """生成一把密钥。Make a key; its public half goes to the platform, the file stays with its holder."""
    key = p256.new_key()
    write_new(out, keyfiles.lock_key(_KINDS[holder], key, passphrase))
    _tell_key(as_json, p256.point(key), out)


@keys.command("show")
@click.argument("key_file", type=FILE)
@click.option("--for", "holder", type=click.Choice(tuple(_KINDS)), default="custodian", show_default=True)
@json_option
@said_plainly
def show(key_file: Path, holder: str, as_json: bool) -> None:
    """显示公钥和指纹，不需口令。Show the public key and its fingerprint; needs no passphrase."""
    _tell_key(as_json, keyfiles.public_of(_KINDS[holder], key_file.read_bytes()), key_file)


@keys.command("share")
@click.argument("bids", type=FILE, nargs=-1, required=True)
@click.option("--key", "key_file", type=FILE, required=True, help="保管人密钥文件 / the custodian's key file")
@click.option("--part", type=click.Choice(PARTS), default="bid", show_default=True)
@click.option("--out", type=NEW, required=True, help="份额文件 / the share file to write")
@click.option("--rehearsal", is_flag=True, help="演练：只打开假投标 / open a dummy bid's share only")
@key_passphrase
@json_option
@said_plainly
def share(
    bids: tuple[Path, ...], key_file: Path, part: str, out: Path, rehearsal: bool, passphrase: str, as_json: bool
) -> None:
    """取出各份投标中属于本保管人的份额（只需投标文件的开头）。Open this custodian's shares of sealed bids."""
    key = keyfiles.unlock_key("custodian-key", key_file.read_bytes(), passphrase)
    opened: list[tuple[Head, bytes]] = []
    for path in bids:
        with path.open("rb") as container:
            head = read_head(container)
        opened.append((head, open_share(key, head, part, rehearsal=rehearsal)))
    tender = opened[0][0].header.tender
    if any(head.header.tender != tender for head, _ in opened):
        raise Invalid("envelope_not_of_this", what="tender")
    write_new(out, write_shares(tender, part, opened))
    tell(as_json, {"shares": len(opened), "out": str(out)}, f"{len(opened)} 份 / shares: {out}")


@keys.command("words")
@click.option("--key", "key_file", type=FILE, required=True)
@click.option("--for", "holder", type=click.Choice(tuple(_KINDS)), default="custodian", show_default=True)
@click.option("--split", help="分成几张、几张可恢复，例如 2-of-3 / sheets and how many restore, like 2-of-3")
@key_passphrase
@json_option
@said_plainly
def words(key_file: Path, holder: str, split: str | None, passphrase: str, as_json: bool) -> None:
    """把私钥写成可手抄的 SLIP-39 助记词。Print a private key as SLIP-39 words, on one sheet or several."""
    counts = re.fullmatch(r"([0-9]{1,2})-of-([0-9]{1,2})", split or "1-of-1", re.ASCII)
    if not counts:
        raise Invalid("split_wrong", split=str(split)[:20])
    threshold, count = int(counts[1]), int(counts[2])
    key = keyfiles.unlock_key(_KINDS[holder], key_file.read_bytes(), passphrase)
    sheets = slip39.words_of(p256.scalar(key), Randomness().draw, threshold=threshold, count=count)
    print_sheets = "\n\n".join(f"{number}/{count}: {sheet}" for number, sheet in enumerate(sheets, start=1))
    tell(as_json, {"sheets": sheets, "threshold": threshold}, print_sheets)


@keys.command("restore")
@click.option("--for", "holder", type=click.Choice(tuple(_KINDS)), default="custodian", show_default=True)
@click.option("--out", type=NEW, required=True, help="密钥文件 / the key file to write")
@click.option("--sheets", type=click.File(encoding="utf-8"), required=True, help="助记词，每行一张 / one sheet a line")
@new_passphrase
@json_option
@said_plainly
def restore(holder: str, out: Path, sheets: Iterable[str], passphrase: str, as_json: bool) -> None:
    """用助记词恢复密钥文件；请核对指纹。Restore a key file from its words; compare the fingerprint."""
    lines = [re.sub(r"^\s*[0-9]+/[0-9]+:", "", line).strip() for line in sheets]
    key = p256.private_key(slip39.secret_of([line for line in lines if line]))
    write_new(out, keyfiles.lock_key(_KINDS[holder], key, passphrase))
    _tell_key(as_json, p256.point(key), out)


@keys.command("prove")
@click.option("--key", "key_file", type=FILE, required=True)
@click.option("--tender", required=True, help="招标编号 / the tender's id")
@click.argument("challenge")
@key_passphrase
@json_option
@said_plainly
def prove(key_file: Path, tender: str, challenge: str, passphrase: str, as_json: bool) -> None:
    """回答平台的验证题，证明持有私钥。Answer the platform's challenge, to show that this key is held."""
    key = keyfiles.unlock_key("custodian-key", key_file.read_bytes(), passphrase)
    try:
        sealed = bytes.fromhex(challenge)
    except ValueError:
        raise Invalid("challenge_unreadable") from None
    answer = keyfiles.answer_possession(key, tender, sealed).hex()
    tell(as_json, {"answer": answer}, answer)
