"""Words for what tendering refuses and finds: code -> (中文, English), what is wrong and what to do."""

from __future__ import annotations

_CALCULATORS: dict[str, tuple[str, str]] = {
    "calc_number_wrong": (
        "{where}：“{value}”不是可用的数。请写半角数字，小数最多 12 位，不用指数、逗号或全角数字。",
        "{where}: “{value}” is not a number here. Write plain digits, at most 12 decimals, no exponent, no comma.",
    ),
    "calc_json_wrong": (
        "文件不是合格的 JSON：第 {line} 行第 {column} 个字符处有误，请改正后再算。",
        "The file is not JSON: it goes wrong at line {line}, character {column}. Correct it and try again.",
    ),
    "calc_field_repeated": (
        "字段“{field}”在同一处写了两次，请只留一个。",
        "The field “{field}” stands twice in one place. Keep one of them.",
    ),
    "calc_shape_wrong": (
        '{where}：这里应是一组带名称的值，写在花括号里，如 {{"price_weight": 10}}。',
        '{where}: this should be a group of named values in braces, such as {{"price_weight": 10}}.',
    ),
    "calc_list_wrong": (
        "{where}：这里应是一个列表，1 至 {most} 项，写在方括号里，如 [40, 30]。",
        "{where}: this should be a list of 1 to {most} values in brackets, such as [40, 30].",
    ),
    "calc_bids_wrong": (
        '{where}：这里应列出 1 至 {most} 份投标，每份以投标人为名称，写在花括号里，如 {{"A": {{…}}}}。',
        '{where}: this should hold 1 to {most} bids in braces, each named after its bidder, such as {{"A": {{…}}}}.',
    ),
    "calc_field_unknown": (
        "{where}：没有“{field}”这个字段。请删去或改正名称；不认识的字段不会被忽略。",
        "{where}: there is no field “{field}”. Remove it or correct its name; unknown fields are never ignored.",
    ),
    "calc_field_missing": (
        "{where}：缺少字段“{field}”，请补上。",
        "{where}: the field “{field}” is missing. Add it.",
    ),
    "calc_lengths_differ": (
        "{where}：应有 {wanted} 个数，现有 {given} 个，请与 weights 一一对应。",
        "{where}: {given} numbers where {wanted} belong. Give one for each weight.",
    ),
    "calc_weights_over_100": (
        "价格权重 {price_weight} 与技术权重 {technical_weight} 须不小于 0，且合计不超过 100。",
        "Weights of price {price_weight} and technique {technical_weight} must be 0 or more and at most 100 together.",
    ),
    "calc_experts_or_technical": (
        "{where}：请给出专家打分（experts）或已加权的技术分（technical），二者取一。",
        "{where}: give either the experts' marks (experts) or the weighted points (technical), one of the two.",
    ),
}

_SCORING: dict[str, tuple[str, str]] = {
    "marks_wrong": (
        "打分不完整或有误，请按所列各处改正。",
        "The marks are incomplete or wrong. Correct every place that is listed.",
    ),
    "marks_too_few": (
        "“{criterion}”至少需要 {needed} 个打分。",
        "“{criterion}” needs at least {needed} marks.",
    ),
    "mark_out_of_range": (
        "打分 {mark} 超出范围，应在 0 至 {mark_max} 之间。",
        "The mark {mark} is out of range; it belongs between 0 and {mark_max}.",
    ),
    "mark_off_step": (
        "打分 {mark} 不在规定的档位上，档距为 {mark_step}。",
        "The mark {mark} lies between the steps of {mark_step}.",
    ),
    "marks_missing": (
        "缺少打分：每位专家须对每份投标的每一项打分。",
        "A mark is missing: every expert marks every bid on every criterion.",
    ),
    "marks_and_points_both": (
        "同一投标既有专家打分又有已加权分，请只留一种。",
        "This bid has both experts' marks and weighted points. Keep one of them.",
    ),
    "points_out_of_range": (
        "技术分应在 0 至 {points_max} 之间。",
        "The technical points belong between 0 and {points_max}.",
    ),
    "price_not_positive": (
        "缺少报价，或报价不大于零，无法计算价格分。",
        "The price is missing or not above zero, so its points cannot be reckoned.",
    ),
    "criterion_not_declared": (
        "招标文件没有规定这一评分项，不得评分。",
        "The tender document has no such criterion; only what it declares may be scored.",
    ),
    "bid_twice": ("同一投标出现两次，请只留一份。", "A bid stands here twice. Keep one."),
    "report_signed": (
        "评标报告已签署，不得重新计分；原得分有效。",
        "The report is signed: nothing is scored anew, the points stand as they are.",
    ),
    "no_bid_left": (
        "所有投标均被否决，没有可排序的投标。请宣布本次招标失败。",
        "Every bid is excluded, so there is nothing to rank. Declare the tender failed.",
    ),
    "sheets_wrong": (
        "评分表不齐或重复，请按所列各处补齐。",
        "Score sheets are missing or doubled. Complete every place that is listed.",
    ),
    "sheet_twice": ("同一专家对同一投标有两张评分表。", "One expert has two sheets for the same bid."),
    "sheet_missing": ("该专家尚未给这份投标打分。", "This expert has not marked this bid yet."),
    "objective_marks_differ": (
        "客观项打分不一致（{marks}）。客观项依据文件，各专家应相同，请复核。",
        "The marks on an objective item differ ({marks}). It follows from a document, so check it together.",
    ),
    "mark_far_from_others": (
        "打分 {mark} 与其他专家的平均分 {others_mean} 相差悬殊，请复核并说明理由。",
        "The mark {mark} is far from the other experts' mean of {others_mean}. Look again and give the reason.",
    ),
    "draw_notice_hash_wrong": (
        "公告摘要应为 64 位小写十六进制数。",
        "The notice's hash has to be 64 lower-case hexadecimal digits.",
    ),
    "draw_nonce_wrong": (
        "随机数“{nonce}”应为小写十六进制的整字节（1 至 64 字节）。",
        "The nonce “{nonce}” has to be 1 to 64 whole bytes in lower-case hexadecimal.",
    ),
    "draw_without_nonces": (
        "没有任何投标人的随机数，不能抽签。",
        "Without a single bidder's nonce there is no draw.",
    ),
}

_SHARES: dict[str, tuple[str, str]] = {
    "bounds_wrong": (
        "{where}：下限与上限须在 0 与 1 之间，按万分之一取整后下限不得高于上限。",
        "{where}: floor and cap belong between 0 and 1, the floor not above the cap once both are whole points.",
    ),
    "weight_negative": ("{where}：权重不得为负。", "{where}: a weight must not be negative."),
    "undersubscribed": (
        "各成员上限合计不足 100 %，缺口 {gap}。可邀请下一名投标人，或调低单一风险的最大损失。",
        "The caps leave {gap} of the whole open. Invite the next bidder, or lower the largest single risk.",
    ),
    "oversubscribed_floors": (
        "各成员下限合计超过 100 %，多出 {gap}。请减少成员或请其降低下限。",
        "The floors exceed the whole by {gap}. Take fewer members or ask them to accept less.",
    ),
    "cap_basis_wrong": (
        "法定上限的计算基数有误：资本、已留存保费不得为负，最大损失与共保体保费须大于零。",
        "A cap needs a basis: no negative capital or premium, and a largest loss and a pool premium above zero.",
    ),
    "floor_above_cap": (
        "投标 {bid} 的下限万分之 {floor_bp} 高于其上限万分之 {cap_bp}，不能参加份额分配。",
        "Bid {bid} asks for at least {floor_bp} bp and can be given at most {cap_bp} bp, so it cannot take a share.",
    ),
    "no_lead": (
        "没有愿意、符合条件且能承担首席最低份额的投标人（愿任者最多可承担万分之 {largest_bp}）。"
        "可降低首席最低份额或重新招标。",
        "Nobody is willing and able to lead (the willing carry at most {largest_bp} bp). "
        "Lower the lead's least share or tender again.",
    ),
    "lead_cannot_be_largest": (
        "首席 {bid} 的上限为万分之 {cap_bp}，无法做到不低于其他成员。请另选首席或放开此项要求。",
        "Lead {bid} can carry at most {cap_bp} bp, too little to be the largest. Choose another or drop this.",
    ),
    "power_wrong": (
        "指数 {power} 不可用，请取 1 至 6 的整数。",
        "The power {power} cannot be used. Take a whole number from 1 to 6.",
    ),
    "ladder_wrong": (
        "份额阶梯各档须大于零，合计须为 100 %。",
        "The rungs of a ladder are above zero and sum to 100 %.",
    ),
    "ladder_too_short": (
        "份额阶梯只有 {rungs} 档，成员有 {members} 家。",
        "The ladder has {rungs} rungs for {members} members.",
    ),
    "ladder_not_filled": (
        "份额阶梯有 {rungs} 档，只有 {members} 家成员；按招标文件，本次分配不成立。",
        "The ladder has {rungs} rungs and only {members} members; by the tender document the award fails.",
    ),
    "resume_stage_unknown": (
        "阶段“{stage}”不能暂停，因此也不能恢复到该阶段。",
        "A tender cannot be suspended in the stage “{stage}”, so it cannot resume there.",
    ),
}

_RULES: dict[str, tuple[str, str]] = {
    "bidding_period_too_short": (
        "自招标文件发出至投标截止仅 {found} 日，至少应为 {needed} 日（{article}）。请推迟截止时间。",
        "{found} days from the documents to the deadline; at least {needed} are needed ({article}). Move the deadline.",
    ),
    "documents_too_briefly_on_offer": (
        "招标文件提供期仅 {found} 日，至少应为 {needed} 日（{article}）。",
        "The documents are on offer for {found} days; at least {needed} are needed ({article}).",
    ),
    "documents_workdays_too_few": (
        "招标文件提供期仅 {found} 个工作日，至少应为 {needed} 个工作日（{article}）。",
        "The documents are on offer for {found} working days; at least {needed} are needed ({article}).",
    ),
    "amended_too_late": (
        "{amended_on} 的补遗距截止仅 {found} 日，至少应为 {needed} 日（{article}）。请顺延截止时间。",
        "The change of {amended_on} comes {found} days before the deadline; {needed} are needed ({article}). Move it.",
    ),
    "opening_not_at_deadline": (
        "开标应在投标截止的同一时间进行（{article}）。",
        "Bids are opened at the very moment of the deadline ({article}).",
    ),
    "bond_too_high": (
        "投标保证金 {found_fen} 分超过上限 {most_fen} 分（{article}）。",
        "The bid bond of {found_fen} fen exceeds the limit of {most_fen} fen ({article}).",
    ),
    "bond_in_cash": (
        "投标保证金应以非现金形式提交（{article}）。",
        "A bid bond is not given in cash ({article}).",
    ),
    "price_ceiling_not_stated": (
        "价格参与评分，招标文件应明确最高投标限价（{article}）。",
        "Price is a factor, so the document states the highest price ({article}).",
    ),
    "price_floor_forbidden": (
        "不得规定最低投标限价（{article}），请删去。",
        "A lowest price must not be set ({article}). Remove it.",
    ),
    "committee_wrong": (
        "评标委员会应为 {needed} 人以上单数，专家不少于三分之二；现为 {found} 人，其中专家 {experts} 人（{article}）。",
        "The committee has {found} members, {experts} of them experts; it needs an odd number of at least {needed}, "
        "two thirds experts ({article}).",
    ),
    "price_not_low_first": (
        "价格分应采用低价优先法（{article}）。",
        "Price points follow the low-price-first formula ({article}).",
    ),
    "extreme_prices_dropped": (
        "不得去掉最高报价和最低报价（{article}）。",
        "The highest and the lowest price must not be left out ({article}).",
    ),
    "price_weight_too_low": (
        "价格权重为 {found}，应为 {needed}：货物不少于 30，服务不少于 10，固定价格不参与评分（{article}）。",
        "The price weighs {found} and should weigh {needed}: goods from 30, services 10, a fixed price 0 ({article}).",
    ),
    "size_is_asked_for": (
        "“{name}”含规模条件“{word}”，不得作为资格要求或评审因素（{article}）。",
        "“{name}” asks for a bidder's size (“{word}”), which is no qualification and no criterion ({article}).",
    ),
    "bidders_min_too_low": (
        "开标所需投标人至少 {needed} 家，现写为 {found} 家（{article}）。",
        "At least {needed} bidders are needed to open, the draft says {found} ({article}).",
    ),
    "dates_out_of_order": (
        "日期先后有误：应依次为公告、文件提供起、文件提供止、投标截止。",
        "The dates are out of order: notice, documents from, documents to, deadline.",
    ),
    "weights_not_100": (
        "各项权重合计为 {found}，应为 100。",
        "The weights sum to {found}; they must make 100.",
    ),
    "weight_not_positive": (
        "至少要有一个评分项，各评分项权重须大于零，价格权重不得为负。",
        "There is at least one criterion, each weighs more than zero, and the price not less than zero.",
    ),
    "criterion_twice": ("两个评分项同名，请改名或合并。", "Two criteria have one name. Rename or join them."),
    "share_tender_not_for_profile": (
        "依法必须招标的项目由排名第一者中标，不能采用份额招标；请改为联合体投标。",
        "Where tendering is obligatory rank 1 must win, so shares cannot go to several bidders. Ask for consortia.",
    ),
    "shares_not_feasible": (
        "份额条件有误：成员至少两家，下限万分之 {floor_bp} 不得高于上限万分之 {cap_bp}（成员 {winners_max} 家）。",
        "Shares need two members (now {winners_max}) and a floor, {floor_bp} bp, not above the cap, {cap_bp} bp.",
    ),
    "caps_below_whole": (
        "{winners_max} 家成员按上限合计只有万分之 {reach_bp}，分不满 100 %。请提高上限或增加成员。",
        "{winners_max} members at their caps reach {reach_bp} bp, not the whole. Raise the cap or take more members.",
    ),
    "lead_min_above_cap": (
        "首席最低份额万分之 {lead_min_bp} 高于单家上限万分之 {cap_bp}。",
        "The lead's least share of {lead_min_bp} bp is above the cap of {cap_bp} bp.",
    ),
    "floors_above_whole": (
        "首席与其他成员下限合计万分之 {sum_bp}，超过 100 %。",
        "The floors of lead and members sum to {sum_bp} bp, more than the whole.",
    ),
    "ladder_not_whole": (
        "份额阶梯应有 {winners_max} 档、各档大于零、合计 10000；现为 {rungs} 档，合计 {sum_bp}。",
        "The ladder needs {winners_max} rungs above zero that sum to 10000; it has {rungs} that sum to {sum_bp}.",
    ),
    "ladder_outside_bounds": (
        "份额阶梯有档位低于下限万分之 {floor_bp} 或高于上限万分之 {cap_bp}。",
        "A rung lies below the floor of {floor_bp} bp or above the cap of {cap_bp} bp.",
    ),
}

MESSAGES: dict[str, tuple[str, str]] = {**_CALCULATORS, **_SCORING, **_SHARES, **_RULES}
