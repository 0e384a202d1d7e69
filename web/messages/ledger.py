"""Words for the refusals of money, splits and rates."""

MESSAGES: dict[str, tuple[str, str]] = {
    "invalid_amount": (
        "“{text}”不是可识别的金额。请用半角数字填写元，最多两位小数，千位逗号可写可不写，"
        "不加空格和货币符号，例如 1,234.50 或 -26516.24。",
        "“{text}” is not an amount. Write yuan in half-width digits with at most two decimals, with "
        "separators at every third digit or none, without spaces or currency signs: 1,234.50 or -26516.24.",
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
