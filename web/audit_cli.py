"""`gongbao audit`: the log of who did what: its head, a signature under it, its proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from web.command_line import Commands, database, json_option, now, t, tell

if TYPE_CHECKING:
    from core.audit import AuditHead


@click.group("audit", cls=Commands)
def audit() -> None:
    """操作日志：树头、签名、核验。 The log: its head, its signature, its verification."""


@audit.command("head")
@json_option
def head() -> None:
    """日志现有多少条，树根是什么，最近一次签名。 How long the log is, its root, and the last signed head."""
    from sqlalchemy import select

    from core.audit import AuditHead, root, tree_size
    from core.db import unit_of_work
    from core.permits import SYSTEM

    with database() as (_, engine), unit_of_work(engine, SYSTEM) as session:
        size = tree_size(session)
        last = session.scalar(select(AuditHead).order_by(AuditHead.size.desc()).limit(1))
        document = {"size": size, "root": root(session, size).hex(), "signed": _document(last) if last else None}
    tell(document, f"{document['size']}\t{document['root']}")


@audit.command("sign")
@json_option
def sign() -> None:
    """给现有的日志签一个树头，可发给各方留存。 Sign the head of the log as it stands, to hand to every insurer."""
    from core import audit as log
    from core.db import run_in_unit
    from core.permits import SYSTEM
    from web.tasks import log_key

    with database() as (where, engine):
        log.sequence(engine)
        key = log_key(where.settings)
        signed = run_in_unit(
            engine,
            SYSTEM,
            lambda session: log.sign_head(session, key, at=now(session)),
        )
    document = _document(signed)
    tell(document, "\n".join(f"{name}\t{value}" for name, value in document.items()))


def _document(signed: AuditHead) -> dict[str, Any]:
    """Return a signed head as anyone can check it: what was signed, by which key."""
    from core.audit import head_bytes
    from core.clock import written

    return {
        "size": signed.size,
        "root": signed.root.hex(),
        "signed_at": written(signed.signed_at),
        "signed": head_bytes(signed.size, signed.root, signed.signed_at).decode(),
        "public_key": signed.public_key.hex(),
        "signature": signed.signature.hex(),
    }


@audit.command("verify")
@json_option
def verify() -> None:
    """重算整棵树，核对每个签名；不符时退出码为 1。 Work the tree out again and check every signed head."""
    from core.audit import AuditHead, is_signed, root, tree_size
    from core.db import unit_of_work
    from core.permits import SYSTEM

    wrong: list[str] = []
    with database() as (_, engine), unit_of_work(engine, SYSTEM) as session:
        from sqlalchemy import select

        size, wrong = _recomputed(session)
        for signed in session.scalars(select(AuditHead).order_by(AuditHead.size)):
            if signed.size > tree_size(session) or root(session, signed.size) != signed.root:
                wrong.append(t("树头 {} 与日志不符", "head {} is not this log's").format(signed.size))
            elif not is_signed(signed):
                wrong.append(t("树头 {} 的签名不成立", "the signature under head {} does not hold").format(signed.size))
    words = "\n".join(wrong) or t("日志完整，共 {} 条。", "The log is whole: {} entries.").format(size)
    tell({"size": size, "is_whole": not wrong, "wrong": wrong}, words)
    if wrong:
        raise click.exceptions.Exit(1)


def _recomputed(session: Any) -> tuple[int, list[str]]:
    """Return how many leaves the log has and what is wrong with them: every leaf hashed again, the root rebuilt."""
    from sqlalchemy import select

    from core import merkle
    from core.audit import AuditEvent, AuditLeaf, leaf_bytes, root

    wrong: list[str] = []
    tree = merkle.Frontier(0, [])
    query = select(AuditLeaf, AuditEvent).join(AuditEvent, AuditEvent.id == AuditLeaf.event_id)
    for leaf, event in session.execute(query.order_by(AuditLeaf.index).execution_options(yield_per=2000)):
        digest = merkle.leaf_hash(leaf_bytes(event))
        if leaf.index != tree.size or digest != leaf.leaf_hash:
            wrong.append(t("第 {} 条与记录不符", "entry {} is not what was recorded").format(leaf.index))
        tree.append(digest)
    if tree.root() != root(session, tree.size):
        wrong.append(t("树根与日志不符", "the root is not that of the entries"))
    return tree.size, wrong
