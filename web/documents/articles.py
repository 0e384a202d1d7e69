"""Pure: the terms of an agreement as articles in words, so that paper and books cannot say different things."""

from __future__ import annotations

from ledger.money import format_fen
from web.documents.tender_rows import AgreementRows, AgreementTerms, Clause
from web.documents.wording import percent

_DIGITS = "零一二三四五六七八九十"


def numeral(number: int) -> str:
    """Return 1 to 99 as Chinese counts articles.

    >>> numeral(3), numeral(10), numeral(12), numeral(20), numeral(41)
    ('三', '十', '十二', '二十', '四十一')
    """
    tens, ones = divmod(number, 10)
    head = ("十" if tens == 1 else f"{_DIGITS[tens]}十") if tens else ""
    return head + (_DIGITS[ones] if ones or not tens else "")


def articles_of(rows: AgreementRows) -> list[Clause]:
    """Return the articles in order: liability, lead, money, claims, default, change, then what was further agreed."""
    terms = rows.terms
    return [
        _liability(terms),
        _lead(rows.lead.name),
        _collection(terms),
        _fee(terms),
        *_cover(terms),
        _authority(terms),
        _cash_call(terms),
        _statements(terms),
        _interest(terms),
        _change(),
        *rows.clauses,
        _service(),
    ]


def _liability(terms: AgreementTerms) -> Clause:
    zh = (
        "各方按所列份额分别承担保险责任，互不连带。保险费与赔款按同一份额分摊，精确到分；"
        "不足一分之数逐笔结转，由以后的分摊补足。"
    )
    en = (
        "Each party is liable for its own line, severally and not jointly. Premium and loss are shared by the same "
        "lines to the fen; what is less than a fen is carried and made good by later splits."
    )
    if terms.has_step_up:
        zh += "一方不能履行的部分，由其余各方按份额比例补足，并有权向其追偿。"
        en += " What one party fails to pay the others make good in proportion and may recover from it."
    else:
        zh += "一方未付的部分由其自行承担，其余各方不负补足之责。"
        en += " What one party fails to pay stays its own debt; the others need not make it good."
    return Clause("责任与分摊", "Liability and apportionment", zh, en)


def _lead(name: str) -> Clause:
    return Clause(
        "首席承保人",
        "The lead",
        f"{name}为首席承保人，代表各方出具保险单、接受报案、处理赔案并向各方报账；投保人与被保险人只需与首席承保人联系。",
        f"{name} leads: it issues policies, takes notice of loss, handles claims and accounts to the parties. "
        "The insured deals with the lead alone.",
    )


def _collection(terms: AgreementTerms) -> Clause:
    if terms.collection == "each":
        return Clause(
            "保险费",
            "Premium",
            "各方各自收取本方份额的保险费。",
            "Each party collects the premium of its own line.",
        )
    if terms.remittance == "gross":
        return Clause(
            "保险费",
            "Premium",
            "首席承保人代收全部保险费，按各方份额全额划付，费用另行结算，不从保险费中坐扣。",
            "The lead collects the whole premium and remits each line gross; fees are billed apart, never netted.",
        )
    return Clause(
        "保险费",
        "Premium",
        "首席承保人代收全部保险费，扣除首席管理费及其增值税后按各方份额划付。",
        "The lead collects the whole premium and remits each line net of its fee and the VAT on it.",
    )


def _fee(terms: AgreementTerms) -> Clause:
    fee, vat = percent(terms.lead_fee_bp), percent(terms.vat_bp)
    return Clause(
        "首席管理费",
        "The lead's fee",
        f"从承保方按本方已收不含税保险费的 {fee} 向首席承保人支付管理费，另加 {vat} 增值税。",
        f"Each follower pays the lead {fee} of its collected premium net of VAT, and VAT of {vat} on the fee.",
    )


def _cover(terms: AgreementTerms) -> list[Clause]:
    """Return the article on deductible and limits; none where the agreement has none."""
    zh, en = [], []
    fixed, part = format_fen(terms.deductible_fen), percent(terms.deductible_bp)
    if terms.deductible_fen and terms.deductible_bp:
        zh.append(f"每次事故免赔额 {fixed} 元，或损失的 {part}，以高者为准。")
        en.append(f"Of each loss the higher of CNY {fixed} and {part} of it is not paid.")
    elif terms.deductible_fen or terms.deductible_bp:
        zh.append(f"每次事故免赔额 {fixed} 元。" if terms.deductible_fen else f"每次事故免赔率 {part}。")
        en.append(f"Of each loss {f'CNY {fixed}' if terms.deductible_fen else part} is not paid.")
    if terms.limit_fen:
        zh.append(f"每次事故赔偿限额 {format_fen(terms.limit_fen)} 元。")
        en.append(f"No loss is paid above CNY {format_fen(terms.limit_fen)}.")
    if terms.aggregate_limit_fen:
        zh.append(f"每张保单累计赔偿限额 {format_fen(terms.aggregate_limit_fen)} 元。")
        en.append(f"The losses of one policy are paid up to CNY {format_fen(terms.aggregate_limit_fen)} in all.")
    return [Clause("免赔与限额", "Deductible and limits", "".join(zh), " ".join(en))] if zh else []


def _authority(terms: AgreementTerms) -> Clause:
    limit = format_fen(terms.lead_alone_limit_fen)
    return Clause(
        "理赔权限",
        "Claims authority",
        f"按全部份额计的估损金额不超过 {limit} 元的赔案由首席承保人单独决定；"
        "超过的由全体成员同意。估损每次变动后重新判定。通融赔付、一次性了结、解除合同、责任争议、诉讼、疑似欺诈和涉嫌违规，"
        "不论金额均由全体成员同意。",
        f"Where the estimate at 100% does not exceed CNY {limit} the lead decides alone; above it all members agree. "
        "This is tested again whenever the estimate changes. Ex gratia payments, commutation, rescission, disputed "
        "cover, litigation, suspected fraud and alleged breaches are for all members, whatever the amount.",
    )


def _cash_call(terms: AgreementTerms) -> Clause:
    start, days = format_fen(terms.cash_call_from_fen), terms.cash_call_due_days
    return Clause(
        "大额赔款摊回",
        "Cash calls",
        f"赔款达到 {start} 元的，首席承保人可随时发出摊回赔款通知，各方应在通知之日起 {days} 日内付款。",
        f"For a loss of CNY {start} or more the lead may call for cash at any time, payable within {days} days.",
    )


def _statements(terms: AgreementTerms) -> Clause:
    return Clause(
        "结算",
        "Settlement",
        "每期结束后向各方签发结算单，赔款、公估费用、退保、追偿与残值及费用相抵后以净额结算。"
        f"余额在签发之日起 {terms.settlement_days} 日内付清，末日为休息日的，以次一工作日为准。"
        "结算单签发后不再改动，差错在以后账期以更正分录处理。",
        "After each period every party receives a statement; losses, adjusters, refunds, recoveries and fees are "
        f"settled net. The balance is paid within {terms.settlement_days} days of the issue, or on the working day "
        "after a day off. An issued statement is never changed; a mistake is corrected in a later period.",
    )


def _interest(terms: AgreementTerms) -> Clause:
    rate = percent(terms.late_interest_bp)
    return Clause(
        "逾期利息",
        "Late interest",
        f"逾期未付的款项按年利率 {rate} 计息，一年按 {terms.day_count} 日计，到期日不计，付款日或结算日计入。",
        f"What is overdue bears {rate} a year, actual days over {terms.day_count}; the due date is not counted, "
        "the day of payment or statement is.",
    )


def _change() -> Clause:
    return Clause(
        "份额变更与了结",
        "Change and run-off",
        "份额只在新版本协议生效时变更。保险事故、退保与追偿按保险单起保时的份额处理，直至最后一件赔案结案。",
        "Lines change only with a new version of this agreement. Losses, refunds and recoveries follow the lines at "
        "the inception of their policy, until the last claim is closed.",
    )


def _service() -> Clause:
    return Clause(
        "统一服务标准",
        "Unified service standard",
        "附件所列服务标准为本协议的组成部分，各方同样遵守，并以实测记录为准。",
        "The service standard annexed is part of this agreement, binds all parties alike and is judged by "
        "measured records.",
    )
