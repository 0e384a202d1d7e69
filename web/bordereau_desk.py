"""Lists of premiums as a kind of list that is sent: their columns, their words, the verbs that are their own."""

from __future__ import annotations

from typing import Any

from flask import url_for
from sqlalchemy import BigInteger, Date, Text, Uuid, column, func, select, true

from underwriting import bordereaux
from underwriting.models import Bordereau, BordereauPiece, Community, Policy
from web import columns
from web.bordereau_list import LOOKED_AT, SCHEMA
from web.columns import Column
from web.formats import t
from web.keeping import settings
from web.listing import Query
from web.sent_desk import ListKind
from web.sent_words import ListWords


def rows_of(row: Bordereau, first: int = 0, most: int | None = None) -> Query:
    """Return the query of a bordereau's good rows in the order of its file, from the `first` (counted from 0) on.

    Only the pieces that the asked rows stand in are unfolded. Once it is posted each row has its policy's id.
    """
    piece = BordereauPiece
    cells = func.unnest(
        piece.lines,
        piece.numbers,
        piece.community_ids,
        piece.inceptions,
        piece.expiries,
        piece.lift_counts,
        piece.gross_fens,
    ).table_valued(
        column("line", BigInteger),
        column("number", Text),
        column("community_id", Uuid),
        column("inception_on", Date),
        column("expires_on", Date),
        column("lift_count", BigInteger),
        column("gross_fen", BigInteger),
        with_ordinality="nth",
        name="cells",
    )
    found = cells.render_derived()
    place = piece.place + found.c.nth - 1
    query = (
        select(
            *(found.c[name] for name in ("line", "number", "inception_on", "expires_on", "lift_count", "gross_fen")),
            Policy.id.label("policy_id"),
            Community.name.label("community"),
        )
        .select_from(piece)
        .join(found, true())
        .outerjoin(Policy, (Policy.number == found.c.number) & (row.stage == "posted"))
        .outerjoin(Community, Community.id == found.c.community_id)
        .where(piece.bordereau_id == row.id, piece.place + func.cardinality(piece.lines) > first, place >= first)
        .order_by(piece.place, found.c.nth)
    )
    if most is not None:
        query = query.where(piece.place < first + most, place < first + most)
    return query


def _most_mib() -> int:
    """Return the size of the largest file that is taken by page and program, in MiB; a command takes any."""
    return settings().upload_limit_mb


def _index_columns() -> list[Column]:
    return [columns.column("gross_fen", t("保费（元）", "Premium, CNY"), "money")]


def _row_columns() -> list[Column]:
    return [
        columns.column("line", t("行", "Row"), "number"),
        columns.column("number", t("保单号", "Policy"), "code", href="href", is_head=True),
        columns.column("community", t("小区", "Community")),
        columns.column("inception_on", t("起保", "From"), "date"),
        columns.column("expires_on", t("到期", "Until"), "date"),
        columns.column("lift_count", t("电梯", "Lifts"), "number"),
        columns.column("gross_fen", t("保费（元）", "Premium, CNY"), "money"),
    ]


def _href_of(row: Bordereau, one: Any) -> str:
    return url_for("premiums.one", policy_id=one.policy_id) if row.stage == "posted" else ""


_WORDS = ListWords(
    name=("保费清单", "premium bordereau"),
    noun="清单",
    many=("保费清单", "Premium bordereaux"),
    intro=(
        "任意长度的保费清单：后台逐行核对，另一人批准后一次入账。",
        "Lists of premiums of any length: checked row by row in the background, posted at once when another person has "
        "approved.",
    ),
    upload_intro=(
        "一行一张保单。后台逐行核对，有误的行全部列出；另一人批准后一次全部入账。",
        "One policy a row. Every row is checked in the background and every bad one listed; when another person "
        "approves, all are posted at once.",
    ),
    file_hint=(
        "CSV 或 XLSX，行数不限，文件不超过 {n} MiB。表头可以用您自己的叫法，下一步再对应。",
        "CSV or XLSX of any number of rows, up to {n} MiB. Headers may be your own; you match them in the next step.",
    ),
    command_title=("在命令行里做同样的事", "The same on the command line"),
    command="gongbao bordereau send 保费清单.csv --pool {pool} --on {on}",
    empty=(
        "还没有保费清单。由首席的财务经办导入 CSV 或 XLSX。",
        "No bordereaux yet. The lead’s finance maker sends a CSV or XLSX file.",
    ),
    rows=("各张保单", "Policies"),
    rows_note=("", ""),
    no_rows=("没有保单。", "No policies."),
    all_good=(
        "每一行都可以入账；由另一人批准后一次全部入账。",
        "Every row can be posted; all are posted at once when another person has approved.",
    ),
    holds=("{name}，{n} 张保单，{sum}", "{name}, {n} policies, {sum}"),
    is_posted=("{name}：{n} 张保单，{sum}，{day} 入账", "{name}: {n} policies, {sum}, posted on {day}"),
    sentence=(
        "{n} 张保单、保费 {sum} 将一次全部入账，按各自起保日的份额分到各家；有一张不能入账，就一张都不入账。",
        "{n} policies with premiums of {sum} are posted at once, each shared as on its first day; all of them or none.",
    ),
    counted=("保单", "Policies"),
    summed=("保费合计", "Premiums"),
    in_order=("可入账", "In order"),
    done_at=("入账时间", "Posted"),
    reading=("已读 {n} 行，{m} 处有误", "{n} rows read, {m} faults so far"),
    doing=("正在入账", "Being posted"),
    posted_soon=("已批准，后台随即入账。", "Approved; it is being posted in the background."),
    stopped=("批准之后没有入账", "It was approved and not posted"),
    stopped_before=("上次未能入账。", "It could not be posted. "),
)

#: Premium bordereaux: of any length, posted in bulk.
BORDEREAUX = ListKind(
    model=Bordereau,
    begin=bordereaux.begin,
    rows_of=rows_of,
    schema=SCHEMA,
    looked_at=LOOKED_AT,
    most_mib=_most_mib,
    blueprint="bordereaux",
    id_name="bordereau_id",
    upload_name="upload_id",
    read_task="read_bordereau",
    post_task="post_bordereau",
    count_of="row_count",
    sum_of="gross_fen",
    listed_of="row_count",
    words=_WORDS,
    index_columns=_index_columns,
    row_columns=_row_columns,
    exported=[
        ("bordereau", lambda row: row.id),
        ("file", lambda row: row.name),
        ("booked_on", lambda row: row.on),
        ("stage", lambda row: row.stage),
        ("rows_read", lambda row: row.line_count),
        ("rows_in_order", lambda row: row.row_count),
        ("faults", lambda row: row.fault_count),
        ("premium_cny", lambda row: row.gross_fen),
    ],
    exported_rows=[
        ("row", lambda row: row.line),
        ("policy", lambda row: row.number),
        ("begins_on", lambda row: row.inception_on),
        ("ends_on", lambda row: row.expires_on),
        ("lifts", lambda row: row.lift_count),
        ("premium_cny", lambda row: row.gross_fen),
        ("community", lambda row: row.community),
    ],
    href_of=_href_of,
)
