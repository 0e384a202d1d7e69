"""The columns of a bank's statement as a list: what each field of a line is called in the exports of banks."""

from __future__ import annotations

from web.cells import Day, Fen, Text
from web.row_schema import Field, RowSchema

_MOST = 10**15

#: An amount stands in one column with its sign, or in two: what came in and what went out.
BANK_LINES = RowSchema(
    (
        Field("booked_on", "交易日期", "Booked on", Day(), True, ("记账日期", "入账日期", "日期", "date", "book date")),
        Field(
            "reference", "流水号", "Reference", Text(100), True, ("交易流水号", "交易编号", "凭证号", "reference no")
        ),
        Field("amount_fen", "发生额", "Amount", Fen(-_MOST, _MOST), False, ("交易金额", "金额", "amount")),
        Field("in_fen", "收入", "Paid in", Fen(), False, ("贷方发生额", "贷方", "收入金额", "credit")),
        Field("out_fen", "支出", "Paid out", Fen(), False, ("借方发生额", "借方", "支出金额", "debit")),
        Field("name", "对方户名", "Other side", Text(200), False, ("对方名称", "交易对手", "counterparty")),
        Field("number", "对方账号", "Its account", Text(100), False, ("对手账号", "counterparty account")),
        Field("about", "附言", "Remittance", Text(500), False, ("摘要", "用途", "备注", "remittance", "narrative")),
    )
)
