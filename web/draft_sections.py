"""Pure: what a tender's draft asks the officer, section by section, and which section a broken rule belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from web.draft_fields import DraftField, DraftSection

PROFILES = (
    ("B", "一般招标（招标投标法）", "Tender (Tender Law)"),
    ("Bm", "依法必须招标", "Obligatory tender"),
    ("G", "政府采购", "Government procurement"),
)

BASICS = DraftSection(
    "basics",
    "项目",
    "What is tendered",
    (
        DraftField("number", "招标编号", "Number"),
        DraftField("title", "名称", "Title"),
        DraftField("profile", "适用法律", "Law", "choice", choices=PROFILES),
        DraftField("starts_on", "承保期起", "Cover from", "day"),
        DraftField("ends_on", "承保期止", "Cover to", "day", "责任到这一天零时终止", "cover ends at 0:00 on this day"),
        DraftField("lift_count", "电梯台数", "Lifts", "count", unit_zh="台", unit_en="lifts"),
        DraftField("budget_fen", "全年保费预算", "Budget of the year's premium", "amount"),
        DraftField("ceiling_fen", "最高限价（每台每年）", "Ceiling for one lift and year", "amount"),
        DraftField(
            "bond_fen", "投标保证金", "Bid bond", "amount", "不超过预算的 2%；不收写 0", "at most 2 % of the budget"
        ),
        DraftField(
            "largest_loss_fen",
            "单一风险最大损失",
            "Largest loss of one risk",
            "amount",
            "填写后按保险法第一百零三条计算各家上限",
            "where given, the law's cap on one risk is reckoned",
            is_optional=True,
        ),
    ),
)

DATES = DraftSection(
    "dates",
    "时间",
    "Dates",
    (
        DraftField("documents_from_on", "招标文件提供起", "Documents from", "day"),
        DraftField("documents_to_on", "招标文件提供止", "Documents to", "day"),
        DraftField(
            "deadline_at", "投标截止并开标", "Deadline and opening", "minute", "开标与截止为同一时刻", "one moment"
        ),
        DraftField(
            "answer_days",
            "中标候选人答复期",
            "Days to answer an offer",
            "count",
            unit_zh="个工作日",
            unit_en="workdays",
        ),
    ),
)

BIDDERS = DraftSection(
    "bidders",
    "投标人与评标委员会",
    "Bidders and committee",
    (
        DraftField("bidders_min", "最少投标人", "Fewest bidders", "count", unit_zh="家", unit_en="bidders"),
        DraftField(
            "qualifications",
            "资格要求",
            "Qualifications",
            "lines",
            "每行一条；不得以注册资本、资产、营业收入等规模条件限制",
            "one a line; a bidder's size must not be asked for",
            is_optional=True,
        ),
        DraftField("committee_size", "评标委员会人数", "Members of the committee", "count"),
        DraftField("committee_experts", "其中专家", "Experts among them", "count"),
    ),
)

#: The criteria's rows stand below these fields; they are read by `web.tender_drafts`.
CRITERIA = DraftSection(
    "criteria",
    "评分办法",
    "How bids are scored",
    (
        DraftField(
            "price_weight_hundredths",
            "价格权重",
            "Weight of the price",
            "percent",
            "低价优先：最低价 ÷ 报价 × 权重",
            "lowest price over price times the weight",
            unit_zh="分",
            unit_en="points",
        ),
        DraftField("drops_extreme_marks", "每项去掉一个最高分和一个最低分", "Drop the highest and lowest mark", "yes"),
        DraftField(
            "recomputes_after_exclusion",
            "报告签署前有投标被否决的，价格分重新计算",
            "Score anew where a bid is thrown out before the report is signed",
            "yes",
        ),
    ),
)

SHARES = DraftSection(
    "shares",
    "首席与份额",
    "Lead and shares",
    (
        DraftField(
            "method",
            "份额办法",
            "Method",
            "choice",
            choices=(
                ("ladder", "按名次阶梯", "By a ladder of ranks"),
                ("scores", "按得分比例", "By scores"),
                ("lines", "按认受份额压缩", "By written lines, signed down"),
            ),
        ),
        DraftField("winners_max", "最多成员", "Most members", "count", unit_zh="家", unit_en="members"),
        DraftField(
            "ladder_bp",
            "阶梯",
            "Ladder",
            "percents",
            "按名次，用空格分开，合计 100，例如 40 30 20 10",
            "by rank, parted by spaces, 100 in all, e.g. 40 30 20 10",
            is_optional=True,
            unit_zh="%",
            unit_en="%",
        ),
        DraftField(
            "short_ladder",
            "成员少于阶梯时",
            "Where a rung is not taken",
            "choice",
            choices=(
                ("rest_to_lead", "余额归首席", "The rest to the lead"),
                ("renormalise", "按比例重算", "In proportion"),
                ("fail", "分配不成立", "The award fails"),
            ),
        ),
        DraftField("ladder_lead_first", "首席取第一档", "The lead takes the first rung", "yes"),
        DraftField("cap_bp", "单家上限", "Most for one member", "percent", unit_zh="%", unit_en="%"),
        DraftField("floor_bp", "单家下限", "Least for one member", "percent", unit_zh="%", unit_en="%"),
        DraftField("lead_min_bp", "首席下限", "Least for the lead", "percent", unit_zh="%", unit_en="%"),
        DraftField("lead_largest", "首席份额不低于其他成员", "No member has more than the lead", "yes"),
        DraftField(
            "price_rule",
            "共保体统一费率",
            "The pool's one price",
            "choice",
            choices=(
                ("lead", "首席报价", "The lead's price"),
                ("lowest", "成员最低报价", "The lowest member's"),
                ("weighted", "按份额加权平均", "The mean by shares"),
            ),
        ),
    ),
)

AGREEMENT = DraftSection(
    "agreement",
    "共保协议条款",
    "Terms of the agreement",
    (
        DraftField(
            "remittance",
            "保费划付",
            "Premium is remitted",
            "choice",
            choices=(("gross", "全额划付，费用另付", "gross, fees billed"), ("net", "净额结算", "net, by statement")),
        ),
        DraftField(
            "collection",
            "保费收取",
            "Premium is collected",
            "choice",
            choices=(("lead", "首席统一收取", "by the lead"), ("each", "各家自收", "by each member")),
        ),
        DraftField("lead_fee_bp", "首席管理费", "Lead's fee", "percent", unit_zh="%", unit_en="%"),
        DraftField("vat_bp", "增值税率", "VAT", "percent", unit_zh="%", unit_en="%"),
        DraftField("lead_alone_limit_fen", "首席单独决定的赔案上限", "The lead settles alone up to", "amount"),
        DraftField("cash_call_from_fen", "赔款达到即发摊回通知", "Cash is called from", "amount"),
        DraftField(
            "cash_call_due_days", "摊回付款期", "Days to pay a cash call", "count", unit_zh="日", unit_en="days"
        ),
        DraftField(
            "settlement_days",
            "结算单付款期",
            "Days to pay a statement",
            "count",
            "不填即 10 日",
            "10 if empty",
            is_optional=True,
            unit_zh="日",
            unit_en="days",
        ),
        DraftField("late_interest_bp", "逾期年利率", "Late interest a year", "percent", unit_zh="%", unit_en="%"),
        DraftField("day_count", "一年按", "Days of a year", "count", unit_zh="日", unit_en="days"),
        *(
            DraftField(name, zh, en, kind, "不填即无", "none if empty", is_optional=True, unit_zh=unit, unit_en=unit)
            for name, zh, en, kind, unit in (
                ("deductible_fen", "每次事故免赔额", "Deductible of a loss", "amount", ""),
                ("deductible_bp", "免赔率（与免赔额取高）", "or a part of it, whichever is higher", "percent", "%"),
                ("limit_fen", "每次事故赔偿限额", "Limit of a loss", "amount", ""),
                ("aggregate_limit_fen", "每张保单累计赔偿限额", "Aggregate limit of a policy", "amount", ""),
            )
        ),
    ),
)

SERVICE = DraftSection(
    "service",
    "统一服务标准",
    "Service standard",
    (
        DraftField("response_min", "响应", "Answer within", "count", unit_zh="分钟", unit_en="min"),
        DraftField("arrival_min", "到场（建成区）", "On site (built-up)", "count", unit_zh="分钟", unit_en="min"),
        DraftField(
            "arrival_outside_min", "到场（其他）", "On site (elsewhere)", "count", unit_zh="分钟", unit_en="min"
        ),
        DraftField("half_day_min", "半个工作日", "Half a working day", "count", unit_zh="工作分钟", unit_en="work min"),
        DraftField("half_day_ratio_bp", "半日修复率", "Repaired within it", "percent", unit_zh="%", unit_en="%"),
        DraftField("longest_days", "最长修复", "Longest repair", "count", unit_zh="日", unit_en="days"),
    ),
)

CUSTODY = DraftSection(
    "custody",
    "密封与开启",
    "Sealing and opening",
    (
        DraftField(
            "lock",
            "锁",
            "Lock",
            "choice",
            choices=(
                ("custodians", "只需保管人", "Custodians alone"),
                ("both", "保管人与投标人双锁", "Custodians and the bidder"),
            ),
        ),
        DraftField(
            "threshold",
            "开启所需保管人",
            "Custodians needed to open",
            "count",
            "例如 5 人中任意 3 人",
            "any 3 of 5, for example",
        ),
    ),
)

SECTIONS = (BASICS, DATES, BIDDERS, CRITERIA, SHARES, AGREEMENT, SERVICE, CUSTODY)
BY_NAME: Mapping[str, DraftSection] = {section.name: section for section in SECTIONS}

#: What a rule names that is no field of a form: the section that mends it.
_ELSEWHERE = {
    "opening_at": "dates",
    "calendar": "dates",
    "criteria": "criteria",
    "price_weight": "criteria",
    "tie_keys": "criteria",
    "price_ceiling_fen": "basics",
    "bond_in_cash": "basics",
    "is_share_tender": "basics",
    "is_low_price_first": "criteria",
    "drops_extreme_prices": "criteria",
}
_HOME = {field.name: section.name for section in SECTIONS for field in section.fields} | _ELSEWHERE


def section_of(where: str) -> str:
    """Return the name of the section that mends what a finding names.

    >>> section_of("bond_fen"), section_of("agreement_terms.vat_bp"), section_of("price_weight")
    ('basics', 'agreement', 'criteria')
    """
    if where.startswith("agreement_terms"):
        return "agreement"
    return _HOME.get(where, "criteria")
