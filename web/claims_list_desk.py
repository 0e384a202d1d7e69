"""Lists of claims as a kind of list that is sent: their columns, their words, the verbs that are their own."""

from __future__ import annotations

from typing import Any, cast

from flask import url_for
from sqlalchemy import select

from claims import lists
from claims.list_models import ClaimsList, ClaimsListRow
from claims.models import Claim, Fault
from underwriting.models import Policy
from web.claims_list import LIMITS, SCHEMA
from web.columns import Column, column
from web.formats import t
from web.listing import Query
from web.sent_desk import ListKind
from web.sent_words import ListWords


def rows_of(row: ClaimsList, first: int = 0, most: int | None = None) -> Query:
    """Return the query of a list's rows in the order of its file, from the `first` (counted from 0) on.

    Each has its claim once the list is filed.
    """
    query = (
        select(
            ClaimsListRow.line,
            ClaimsListRow.number,
            Policy.number.label("policy"),
            Fault.number.label("fault"),
            ClaimsListRow.what,
            ClaimsListRow.asked_fen,
            ClaimsListRow.allowed_fen,
            ClaimsListRow.reason,
            Claim.id.label("claim_id"),
            Claim.stage.label("claim_stage"),
        )
        .join(Policy, Policy.id == ClaimsListRow.policy_id)
        .outerjoin(Fault, Fault.id == ClaimsListRow.fault_id)
        .outerjoin(Claim, (Claim.number == ClaimsListRow.number) & (row.stage == "posted"))
        .where(ClaimsListRow.claims_list_id == row.id)
        .order_by(ClaimsListRow.line)
    )
    return cast(Query, query.offset(first).limit(most))


def _index_columns() -> list[Column]:
    return [
        column("claim_count", t("赔案", "Claims"), "number"),
        column("asked_fen", t("报损（元）", "Asked for, CNY"), "money"),
    ]


def _row_columns() -> list[Column]:
    return [
        column("line", t("行", "Row"), "number"),
        column("number", t("赔案号", "Claim"), "code", href="href", is_head=True),
        column("policy", t("保单号", "Policy"), "code"),
        column("fault", t("故障", "Fault"), "code"),
        column("what", t("费用项目", "Item")),
        column("asked_fen", t("报损（元）", "Asked for, CNY"), "money"),
        column("allowed_fen", t("核定（元）", "Allowed, CNY"), "money"),
        column("reason", t("核减原因", "Reason")),
        column("claim_stage", t("赔案状态", "Claim"), "chip", of="claim"),
    ]


def _href_of(row: ClaimsList, one: Any) -> str:
    return url_for("claims.one", claim_id=one.claim_id) if one.claim_id else ""


_WORDS = ListWords(
    name=("赔案名单", "list of claims"),
    noun="名单",
    many=("赔案名单", "Lists of claims"),
    intro=(
        "一份文件里的许多赔案：按单个赔案的规则逐行核对，另一人批准后一次立案入账。",
        "Many claims in one file: checked row by row by the rules of a single claim, filed at once when another person "
        "has approved.",
    ),
    upload_intro=(
        "一行一项费用，同一赔案号的各行合为一个赔案。有误的行全部列出；签署人批准后一次全部立案，首席限额之内的随即入账。",
        "One cost item a row; the rows of one number are one claim. Every bad row is listed; when a signatory "
        "approves, all claims are made at once and those within the lead’s limit booked.",
    ),
    file_hint=(
        "CSV 或 XLSX，不超过 {n} MiB。表头可以用您自己的叫法，下一步再对应。",
        "CSV or XLSX, up to {n} MiB. Headers may be your own; you match them in the next step.",
    ),
    command_title=("在命令行里先核对，不留下什么", "Checked on the command line, nothing kept"),
    command="gongbao claim check 赔案名单.csv --pool {pool} --on {on}",
    empty=(
        "还没有赔案名单。由首席的理赔人员导入 CSV 或 XLSX。",
        "No lists yet. The lead’s claims handler sends a CSV or XLSX file.",
    ),
    rows=("各行", "Rows"),
    rows_note=("点赔案号看每一个赔案", "Each claim is behind its number"),
    no_rows=("没有赔案。", "No claims."),
    all_good=(
        "每个赔案都可以立案；由首席的签署人批准后一次全部立案。",
        "Every claim can be made; all are made at once when a signatory of the lead approves.",
    ),
    holds=("{name}，{n} 个赔案，报损 {sum}", "{name}, {n} claims, {sum} asked for"),
    is_posted=("{name}：{n} 个赔案，报损 {sum}", "{name}: {n} claims, {sum} asked for"),
    sentence=(
        "{n} 个赔案、报损 {sum} 将一次全部立案并提请同意；首席限额之内的随即由您核准入账，其余等待各成员同意。"
        "有一个不能立案，就一个都不立。",
        "{n} claims asking for {sum} are made and put before the members at once. Those within the lead’s limit are "
        "approved by you and booked; the others wait for the members. All of them or none.",
    ),
    counted=("赔案", "Claims"),
    summed=("报损合计", "Asked for"),
    in_order=("赔案", "Claims"),
    done_at=("立案时间", "Filed"),
    reading=("正在逐行核对", "Being checked"),
    doing=("正在立案入账", "Being filed"),
    posted_soon=("已批准，后台随即立案入账。", "Approved; its claims are being filed in the background."),
    stopped=("批准之后没有入账", "It was approved and not filed"),
    stopped_before=("上次未能入账。", "It could not be filed. "),
)

#: Lists of claims: read whole, filed by the rules of a single claim.
CLAIMS_LISTS = ListKind(
    model=ClaimsList,
    begin=lists.begin,
    rows_of=rows_of,
    schema=SCHEMA,
    looked_at=LIMITS,
    most_mib=lambda: LIMITS.file_bytes >> 20,
    blueprint="claims_lists",
    id_name="list_id",
    upload_name="claims_upload_id",
    read_task="read_claims_list",
    post_task="file_claims_list",
    count_of="claim_count",
    sum_of="asked_fen",
    listed_of="line_count",
    words=_WORDS,
    index_columns=_index_columns,
    row_columns=_row_columns,
    exported=[
        ("list", lambda row: row.id),
        ("file", lambda row: row.name),
        ("booked_on", lambda row: row.on),
        ("stage", lambda row: row.stage),
        ("rows_read", lambda row: row.line_count),
        ("claims", lambda row: row.claim_count),
        ("faults", lambda row: row.fault_count),
        ("asked_cny", lambda row: row.asked_fen),
    ],
    exported_rows=[
        ("row", lambda row: row.line),
        ("claim", lambda row: row.number),
        ("policy", lambda row: row.policy),
        ("fault", lambda row: row.fault),
        ("item", lambda row: row.what),
        ("asked_cny", lambda row: row.asked_fen),
        ("allowed_cny", lambda row: row.allowed_fen),
        ("reason", lambda row: row.reason),
        ("stage", lambda row: row.claim_stage),
    ],
    href_of=_href_of,
)
