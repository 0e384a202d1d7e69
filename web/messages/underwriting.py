"""Words for the refusals of rating, pools, the register of lifts, policies and refunds."""

MESSAGES: dict[str, tuple[str, str]] = {
    "invalid_short_rates": (
        "短期费率表 {kept_bp} 有误：须有十二个不递减的数，最后一个为 10000。请更正。",
        "The short rates {kept_bp} are wrong: twelve figures that never fall are needed, the last 10000.",
    ),
    "invalid_term": (
        "保险期间无效：{inception_on} 起保，{expires_on} 到期，到期日须晚于起保日。请更正日期。",
        "A policy cannot run from {inception_on} to {expires_on}: it must expire after it begins. Correct the dates.",
    ),
    "short_rates_need_a_year": (
        "短期费率表只适用于一年期保单，本保单自 {inception_on} 至 {expires_on}。请改用按日计算。",
        "Short rates are for policies of one year; this one is {inception_on} to {expires_on}. Refund by the day.",
    ),
    "effective_outside_term": (
        "终止日期 {effective_on} 不在保险期间（{inception_on} 至 {expires_on}）之内。请更正日期。",
        "{effective_on} does not lie within the policy ({inception_on} to {expires_on}). Correct the day.",
    ),
    # pools and their terms
    "pool_not_found": (
        "没有找到这个共保体，或您无权查看。",
        "There is no such pool, or it is not yours to see.",
    ),
    "signed_paper_missing": (
        "请写明各方签署的文件编号，记入日志备查。",
        "Name the paper that the parties signed; the log keeps it.",
    ),
    "signed_paper_too_long": (
        "文件编号最多 {most} 个字。请缩短。",
        "The reference of a paper has at most {most} characters. Shorten it.",
    ),
    "pool_needs_two": (
        "共保体至少要有两家不同的保险公司。请补充成员。",
        "A pool needs two different insurers at least. Add members.",
    ),
    "pool_name_taken": (
        "已有名为“{name}”的共保体。请换一个名称。",
        "There is a pool called “{name}” already. Choose another name.",
    ),
    "award_has_pool": (
        "这次中标结果已经组建过共保体。请在已有的共保体上继续。",
        "A pool was formed from this award already. Go on with that one.",
    ),
    "lead_changed": (
        "新版协议不能更换首席承保人。更换首席须另行组建共保体。",
        "A new version of the agreement keeps its lead. Another lead means another pool.",
    ),
    "agreement_not_found": (
        "{day} 没有生效的共保协议。请核对起保日期，或先签订新一版协议。",
        "No agreement is in force on {day}. Check the day of inception, or make the next version first.",
    ),
    "terms_invalid": (
        "协议条款有误，见各项说明。",
        "The terms of the agreement are wrong; each says why.",
    ),
    "out_of_range": (
        "“{value}”超出范围，应在 {low} 至 {high} 之间。",
        "“{value}” is out of range: it should lie from {low} to {high}.",
    ),
    # the register of lifts
    "community_not_found": (
        "没有找到这个小区，或您无权查看。",
        "There is no such community, or it is not yours to see.",
    ),
    "lift_not_found": (
        "没有找到这台电梯，或您无权查看。请核对编号。",
        "There is no such lift, or it is not yours to see. Check the number.",
    ),
    "no_rows": (
        "名单里没有可以登记的行。请核对文件。",
        "There is no row to register. Check the file.",
    ),
    "estate_rows_refused": (
        "名单有 {count} 处需要更正，全部未登记。逐项见下。",
        "{count} places of the list must be corrected, so nothing was registered. Each is listed.",
    ),
    "lift_on_record": (
        "电梯 {number} 已经登记过。请从名单中删去这一行。",
        "Lift {number} is registered already. Take this row out of the list.",
    ),
    "lift_twice_in_list": (
        "电梯 {number} 在名单中重复，首次见第 {first} 行。请核对。",
        "Lift {number} stands twice in the list, first in row {first}. Check both.",
    ),
    "in_service_in_future": (
        "投用日期 {in_service_on} 还未到。请核对年份。",
        "In service from {in_service_on}, which is still to come. Check the year.",
    ),
    "floors_out_of_range": (
        "层数 {floors} 不合理，应在 2 至 200 之间。",
        "{floors} floors will not do: a lift has from 2 to 200.",
    ),
    "repairer_unknown": (
        "没有名为“{name}”的维保单位。请核对全称，或请管理员先登记这家单位。",
        "There is no repairer called “{name}”. Check its full name, or have the administrator add it first.",
    ),
    "repairer_not_found": (
        "没有找到这家维保单位。请从名单中选择。",
        "There is no such repairer. Choose one of the list.",
    ),
    "lift_needs_repairer": (
        "电梯只能由维保单位维保，所选机构是“{kind}”。请另选。",
        "A lift is maintained by a repairer, not by a {kind}. Choose another.",
    ),
    "repairer_stands": (
        "维保单位已经如此，没有变更。",
        "That is the repairer already; nothing was changed.",
    ),
    "repairer_asked_wrong": (
        "请给出维保单位全称（或 --none），以及 --community 或 --lift 中的一个。",
        "Name a repairer (or --none), and one of --community and --lift.",
    ),
    "community_ambiguous": (
        "不止一个区县有同名小区：{districts}。请用 --district 指明。",
        "Several districts have a community of that name: {districts}. Say which with --district.",
    ),
    "community_has_no_lift": (
        "“{name}”还没有登记电梯，不能设定维保单位。请先登记电梯。",
        "“{name}” has no lift in the register yet, so there is nothing to maintain. Register its lifts first.",
    ),
    # policies
    "policy_not_found": (
        "没有找到这张保单，或您无权查看。",
        "There is no such policy, or it is not yours to see.",
    ),
    "bordereau_not_found": (
        "没有找到这份保费清单，或您无权查看。",
        "There is no such premium bordereau, or it is not yours to see.",
    ),
    "bordereau_sent_before": (
        "这份文件已作为“{name}”导入过。同一份清单不会入账两次，请查看原来那份。",
        "This very file was sent before as “{name}”. A list is never booked twice; look at the one that is there.",
    ),
    "bordereau_total_too_large": (
        "加上这一行，清单的保费合计超过一份清单的上限 {most} 元。请核对金额；无误的，分成几份导入。",
        "With this row the premiums come to more than the CNY {most} that one list may hold. "
        "Look at the amounts; if they are right, send the list in parts.",
    ),
    "bordereau_number_twice": (
        "保单号 {number} 在本清单第 {line} 行已经出现。请删去重复的一行，或更正保单号。",
        "Policy {number} stands in row {line} of this list already. Take one of them out, or correct its number.",
    ),
    "community_not_in_register": (
        "登记册中没有“{community}”。请先登记小区，或将区县、小区两列留空。",
        "There is no “{community}” in the register. Register it first, or leave district and community empty.",
    ),
    "policy_number_taken": (
        "保单号 {number} 已被使用。请换一个号码。",
        "The policy number {number} is taken. Choose another.",
    ),
    "policy_needs_number": (
        "请填写保单号。",
        "Give the policy a number.",
    ),
    "policy_needs_lifts": (
        "请至少选择一台电梯。",
        "Choose at least one lift.",
    ),
    "policy_term_not_a_year": (
        "协议保费按一年计，这张保单的到期日应为 {expires_on}。请更正。",
        "The agreed premium is that of one year, so this policy expires on {expires_on}. Correct the day.",
    ),
    "policy_one_community": (
        "一张保单只承保一个小区的电梯，所选电梯分属 {communities} 个小区。请分开投保。",
        "A policy covers the lifts of one community; these stand in {communities}. Make one policy for each.",
    ),
    "policy_lifts_refused": (
        "有 {count} 台电梯不能承保，保单未生成。逐台见下。",
        "{count} lifts cannot be insured, so no policy was made. Each is listed.",
    ),
    "lift_too_young": (
        "这台电梯 {in_service_on} 投用，起保日尚未超过五年，不在共保范围内。请取消选择。",
        "In service since {in_service_on}, not more than five years at inception, so not for this pool. Leave it out.",
    ),
    "lift_already_covered": (
        "这台电梯在此期间已由另一张保单承保。请取消选择，或调整保险期间。",
        "Another policy covers this lift in that time. Leave it out, or choose another term.",
    ),
    "premium_not_set": (
        "第 {number} 版协议没有约定每台电梯的保费，不能批量出单。请先在协议中约定。",
        "Version {number} of the agreement names no premium for a lift, so no batch can be bound. Agree on one first.",
    ),
    "agreement_settles_net": (
        "保单 {number} 所属协议按净额结算，保费不单独划付，随结算单清算。",
        "The agreement of policy {number} settles net: its premium is not passed on by itself but with the statement.",
    ),
    # refunds
    "refund_not_found": (
        "没有找到这笔退费，或您无权查看。",
        "There is no such refund, or it is not yours to see.",
    ),
    "refund_too_large": (
        "退费 {gross_fen} 分超过这张保单尚可退还的 {left_fen} 分。请核对金额。",
        "{gross_fen} fen is more than the {left_fen} fen that can still be given back on this policy. Check the sum.",
    ),
    "lift_not_on_policy": (
        "这台电梯不在此保单上，或已经退出。请核对编号。",
        "This lift is not on the policy, or was taken off it already. Check the number.",
    ),
    "community_needs_community": (
        "小区只能交给社区或物业类机构管理，所选机构是“{kind}”。请另选。",
        "A community is looked after by an organisation of its own kind, not by a {kind}. Choose another.",
    ),
    "removal_outside_term": (
        "退出日期须在保险期间（{inception_on} 至 {expires_on}，不含到期日）之内。请更正日期。",
        "The day of removal must lie within the policy ({inception_on} up to {expires_on}). Correct it.",
    ),
}
