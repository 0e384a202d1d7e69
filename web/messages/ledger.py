"""Words for the refusals of money, splits and rates, of the pool book, its periods and statements."""

_MONEY: dict[str, tuple[str, str]] = {
    "invalid_amount": (
        "“{text}”不是可识别的金额。请用半角数字填写元，最多两位小数，千位逗号可写可不写，"
        "不加空格和货币符号，例如 1,234.50。",
        "“{text}” is not an amount. Write yuan in half-width digits with at most two decimals, with "
        "separators at every third digit or none, without spaces or currency signs: 1,234.50.",
    ),
    "amount_too_large": (
        "金额 {amount} 元超过单笔上限 {limit} 元。请核对小数点与位数。",
        "CNY {amount} is more than one amount may be ({limit}). Check the decimal point and the digits.",
    ),
    "invalid_weights": (
        "份额 {weights}（整体 {whole}）无效：每个成员的份额须为不小于零的整数，整体须大于零。请更正份额。",
        "{weights} of a whole of {whole} are no shares: each must be a whole number not below zero, and the whole "
        "above zero. Correct the shares.",
    ),
    "weights_do_not_sum": (
        "各成员份额合计为 {total}，应恰为 {whole}。请调整份额使其相等。",
        "The shares add up to {total}, not to exactly {whole}. Adjust them so that they do.",
    ),
    "carry_does_not_fit": (
        "分摊余数 {figures} 与 {members} 个成员不符，或合计不为零，未予分摊。请通知平台管理员核对账簿。",
        "The carry {figures} is not one of {members} members, or does not add up to zero, so nothing was split. Ask "
        "the administrator to verify the book.",
    ),
    "invalid_rate": (
        "费率 {rate_bp} 个基点无效，应在 0 至 10000 之间（600 即 6%）。请核对单位。",
        "A rate of {rate_bp} basis points is not between 0 and 10000 (600 is 6%). Check the unit.",
    ),
    "days_outside_term": (
        "剩余 {days_left} 天不在保险期间 {days_total} 天之内。请核对生效日期与起止日期。",
        "{days_left} days left do not lie within a term of {days_total}. Check the effective day and the term.",
    ),
    "invalid_day_count": (
        "计息年度天数 {day_count} 无效，应在 360 至 366 之间。请更正协议条款。",
        "A year of {day_count} days does not count interest; it has 360 to 366. Correct the agreement's terms.",
    ),
}

_BOOK: dict[str, tuple[str, str]] = {
    "shares_go_back": (
        "已有自 {last} 起生效的份额版本，新版本不能自 {effective_on} 起生效。请选择更晚的日期。",
        "A version of the shares takes effect on {last}, so a new one cannot on {effective_on}. Choose a later day.",
    ),
    "shares_not_found": (
        "共保体 {pool_id} 在该日期没有生效的份额版本。请先登记协议份额，或核对日期。",
        "Pool {pool_id} has no shares in force for that day. Enter the agreement's shares first, or check the day.",
    ),
    "nothing_to_post": (
        "各项金额均为零，没有可登记的分录。请核对金额。",
        "Every amount is zero, so there is nothing to post. Check the amounts.",
    ),
    "entry_not_found": (
        "没有编号为 {entry_id} 的分录。请核对编号。",
        "There is no entry {entry_id}. Check the number.",
    ),
    "entry_is_reversal": (
        "分录 {entry_id} 本身是更正分录，不能再冲正。请重新登记正确的业务。",
        "Entry {entry_id} is itself a mirror and is not taken back. Enter the right event anew.",
    ),
    "entry_is_final": (
        "分录 {entry_id} 是结账或结清，不能冲正。请在未结账的账期里登记更正。",
        "Entry {entry_id} is a close or a settlement and is never taken back. Post the correction in an open period.",
    ),
    "entry_reversed": (
        "分录 {entry_id} 已经冲正，不能重复冲正。",
        "Entry {entry_id} has been taken back already, and is not taken back twice.",
    ),
    "key_used_otherwise": (
        "幂等键“{key}”已用于内容不同的请求，本次未登记。请换用新的键。",
        "The key “{key}” was used for a request with another body, and nothing was done. Use a new key.",
    ),
}

_PERIODS: dict[str, tuple[str, str]] = {
    "period_not_opened": (
        "{day} 所在的账期尚未开立。请先开立账期，或核对日期。",
        "No period covers {day}. Open one first, or check the day.",
    ),
    "period_closed": (
        "账期 {period} 已结账，{day} 不能再登记。请登记在开放的账期，差错用更正分录处理。",
        "Period {period} is closed and takes nothing on {day}. Post in the open period; a mistake is corrected by its "
        "mirror there.",
    ),
    "period_dates": (
        "账期起始日 {starts_on} 晚于截止日 {ends_on}。请更正日期。",
        "A period cannot run from {starts_on} to {ends_on}. Correct the dates.",
    ),
    "period_exists": (
        "与账期 {period} 同名或日期重叠。请换用名称，或核对起止日期。",
        "Period {period} has that name or overlaps those days. Choose another name, or check the dates.",
    ),
    "period_not_found": (
        "没有名为“{period}”的账期。请核对名称。",
        "There is no period “{period}”. Check its name.",
    ),
    "earlier_period_open": (
        "账期 {period} 尚未结账。请按先后次序结账。",
        "Period {period} is still open. Close the periods in their order.",
    ),
    "statement_not_found": (
        "没有这份结算单，或您无权查看。请从结算单列表进入。",
        "There is no such statement, or it is not yours to see. Choose it from the list.",
    ),
    "not_your_statement": (
        "只有结算单所属的成员可以答复。请由该成员的财务人员办理。",
        "Only the member whose statement it is answers it. Ask its finance desk.",
    ),
    "statement_answer_unknown": (
        "不能这样答复结算单（{verb}）。请选择收悉、提出疑问或确认。",
        "A statement is not answered like this ({verb}). Acknowledge it, query it or agree to it.",
    ),
    "query_needs_words": (
        "提出疑问须写明内容。请写明哪一行、为什么有疑问。",
        "A query needs words. Say which line it is about, and why.",
    ),
    "entry_not_on_statement": (
        "分录 {entry} 不在结算单 {number} 的明细里。请从明细中选一笔，或留空。",
        "Entry {entry} is not among the movements of statement {number}. Take one of them, or leave it empty.",
    ),
    "reply_needs_words": (
        "答复疑问须写明内容。请写明核对的结果，以及差错在哪一账期更正。",
        "A reply needs words. Say what you found, and in which period a mistake is corrected.",
    ),
}

MESSAGES: dict[str, tuple[str, str]] = {**_MONEY, **_BOOK, **_PERIODS}
