"""Words for the refusals of the finance desk's pages: days, choices, periods, statements, papers."""

MESSAGES: dict[str, tuple[str, str]] = {
    "day_before_step": (
        "{day} 早于它所依据的一步（{earlier}）。请填 {earlier} 或以后的日期。",
        "{day} lies before the step that this stands on ({earlier}). Book it on {earlier} or later.",
    ),
    "day_to_come": (
        "{day} 还没有到，不能入账。请填今天或以前的日期。",
        "{day} is still to come. Book it on today or a day before.",
    ),
    "nothing_chosen": ("没有选中任何一行。请先在列表中勾选。", "Nothing is chosen. Choose rows in the list first."),
    "period_label_wrong": (
        "账期名称用 1 至 20 个数字、英文字母、点或横线，例如 2026Q2。",
        "A period's name has 1 to 20 digits, letters, dots or dashes, for example 2026Q2.",
    ),
    "nothing_to_issue": (
        "账期 {period} 没有待签发的结算单。",
        "Period {period} has no statement waiting to be issued.",
    ),
    "statement_not_issued": (
        "结算单 {number} 还是草稿，签发后才制作文件。",
        "Statement {number} is a draft. Its files are made once it is issued.",
    ),
    "statement_not_agreed": (
        "结算单 {number} 尚未确认，成员确认后才制作确认函。",
        "Statement {number} is not agreed to. Its confirmation is made once its member agrees.",
    ),
    "statement_words_too_long": (
        "疑问和答复各最多 {most} 字，请写得短一些。",
        "A query or a reply has at most {most} characters. Make it shorter.",
    ),
    "entry_unreadable": (
        "“{value}”不是分录编号。请填明细中“分录”一栏的数字，或留空。",
        "“{value}” is no number of an entry. Give the figure in the column “Entry”, or leave it empty.",
    ),
    "cost_not_found": (
        "赔案 {number} 没有这笔公估费。请从赔案页面进入。",
        "Claim {number} has no such fee. Choose it on the claim's page.",
    ),
    "cash_call_unknown": (
        "没有这份摊回通知，或您无权查看。请从列表进入。",
        "There is no such cash call, or it is not yours to see. Choose it from the list.",
    ),
}
