"""Words for the refusals of faults, claims and their settlement, and for the oddities of an outage list."""

_OUTAGE_LIST: dict[str, tuple[str, str]] = {
    "fault_lift_unknown": (
        "第 {row} 行：没有编号为“{lift}”的电梯，不导入。请核对编号，或先登记电梯。",
        "Row {row}: there is no lift “{lift}”, so the row is not taken. Check the number, or register the lift first.",
    ),
    "fault_reported_in_future": (
        "第 {row} 行（{lift}）：报修时间 {reported_at} 还未到，不导入。请核对日期和时区。",
        "Row {row} ({lift}): reported at {reported_at}, which is still to come. Check the date and the zone.",
    ),
    "fault_restored_in_future": (
        "第 {row} 行（{lift}）：恢复时间 {restored_at} 还未到，不导入。预计时间请填在“预计恢复时间”列。",
        "Row {row} ({lift}): restored at {restored_at}, which is still to come. An estimate belongs in its own column.",
    ),
    "fault_restored_before_reported": (
        "第 {row} 行（{lift}）：恢复（{then}）早于报修（{reported_at}），不导入。请核对两列是否对调。",
        "Row {row} ({lift}): restored at {then}, before it was reported at {reported_at}. Are two columns exchanged?",
    ),
    "fault_acknowledged_before_reported": (
        "第 {row} 行（{lift}）：响应（{then}）早于报修（{reported_at}），不导入。请核对。",
        "Row {row} ({lift}): acknowledged at {then}, before it was reported at {reported_at}. Check both.",
    ),
    "fault_arrived_before_reported": (
        "第 {row} 行（{lift}）：到场（{then}）早于报修（{reported_at}），不导入。请核对。",
        "Row {row} ({lift}): arrived at {then}, before it was reported at {reported_at}. Check both.",
    ),
    "fault_restored_before_arrived": (
        "第 {row} 行（{lift}）：恢复（{then}）早于到场（{arrived_at}），不导入。请核对。",
        "Row {row} ({lift}): restored at {then}, before anyone arrived at {arrived_at}. Check both.",
    ),
    "fault_duplicate": (
        "第 {row} 行（{lift}）：与第 {first_row} 行是同一电梯、同一报修时间，只导入前一行。",
        "Row {row} ({lift}): the same lift and the same time as row {first_row}; only that row is taken.",
    ),
    "fault_already_recorded": (
        "第 {row} 行（{lift}）：{reported_at} 的这次故障已登记过，不重复导入。",
        "Row {row} ({lift}): the fault of {reported_at} is recorded already and is not taken again.",
    ),
    "fault_description_blank": (
        "第 {row} 行（{lift}）：没有故障描述。照常导入，请补充。",
        "Row {row} ({lift}): there is no description. The row is taken; please add one.",
    ),
    "fault_estimated_before_reported": (
        "第 {row} 行（{lift}）：预计恢复时间 {estimated_at} 早于报修。照常导入，预计时间请核对。",
        "Row {row} ({lift}): the estimate, {estimated_at}, lies before the report. The row is taken; check it.",
    ),
    "fault_estimated_before_restored": (
        "第 {row} 行（{lift}）：预计 {estimated_at} 恢复，实际 {restored_at}，预计未兑现。照常导入。",
        "Row {row} ({lift}): expected at {estimated_at}, restored only at {restored_at}. The row is taken.",
    ),
    "fault_restored_at_once": (
        "第 {row} 行（{lift}）：报修与恢复是同一时刻，修复用时为零。照常导入，请核对。",
        "Row {row} ({lift}): reported and restored at the same instant. The row is taken; check the times.",
    ),
    "fault_overlaps_previous": (
        "第 {row} 行（{lift}）：报修时上一次停运（第 {other_row} 行）尚未结束（{ended_at}）。"
        "照常导入，可能是同一次故障。",
        "Row {row} ({lift}): the previous outage, row {other_row}, had not ended ({ended_at}). The row is taken; it "
        "may be the same fault.",
    ),
    "fault_overlaps_earlier": (
        "第 {row} 行（{lift}）：报修时更早的一次停运（第 {other_row} 行）尚未结束（{ended_at}）。照常导入，请核对。",
        "Row {row} ({lift}): an earlier outage, row {other_row}, had not ended ({ended_at}). The row is taken.",
    ),
    "fault_under_way_before": (
        "第 {row} 行（{lift}）：{reported_at} 报修，早于名单开始记录的 {collected_from}，起点可能不准。照常导入。",
        "Row {row} ({lift}): reported at {reported_at}, before the list began at {collected_from}, so its start may "
        "not be exact. The row is taken.",
    ),
}

_SERVICE: dict[str, tuple[str, str]] = {
    "fault_times_disordered": (
        "故障 {fault} 的时间先后不合理（报修、到场、修复须依次）。请按原始记录更正，并写明理由。",
        "The times of fault {fault} are out of order: reported, arrived, repaired. Correct them, with the reason.",
    ),
    "fault_not_yet_reported": (
        "故障 {fault} 在所选时刻尚未报修。请选择报修之后的时刻。",
        "Fault {fault} had not been reported at that instant. Choose a later one.",
    ),
    "service_standard_wrong": (
        "服务标准附件的“{field}”无效：须是已知的指标，值为不小于 1 的整数（等待原因为文字列表）。",
        "“{field}” in the service annex will not do: name a known figure with a whole number of at least 1 (reasons of "
        "waiting are a list of words).",
    ),
}

_CLAIMS: dict[str, tuple[str, str]] = {
    "claim_not_found": (
        "没有找到这件赔案，或您无权查看。",
        "There is no such claim, or it is not yours to see.",
    ),
    "estimate_not_positive": (
        "估损金额 {estimate_fen} 分无效，须大于零。",
        "An estimate of {estimate_fen} fen will not do: it must be above zero.",
    ),
    "fault_has_claim": (
        "故障 {number} 已有赔案。请在原赔案上继续办理。",
        "Fault {number} has a claim already. Go on with that one.",
    ),
    "claim_before_inception": (
        "赔案 {number} 的日期 {day} 早于保单起保日 {inception_on}，那时还没有承保。请核对两个日期。",
        "Claim {number} is dated {day}, before the policy's inception on {inception_on}. Check both days.",
    ),
    "lift_not_covered": (
        "保单 {number} 在报修日 {day} 不承保这台电梯，不能立案。请核对保单和起止日期。",
        "Policy {number} did not cover this lift on {day}, the day of the report. Check the policy and its dates.",
    ),
    "lead_only": (
        "只有首席承保人可以办理此事。请联系首席承保人。",
        "Only the lead insurer may do this. Ask its people.",
    ),
    "not_a_member": (
        "贵公司不是此保单所属共保体的成员，不能表态。",
        "Your company is no member of this policy's pool, so it has no say in the claim.",
    ),
    "already_agreed": (
        "贵公司已就赔案 {number} 的当前估损表过态。估损变更后会再次征求意见。",
        "Your company has spoken on the present estimate of claim {number}. A new estimate will be asked anew.",
    ),
    "estimate_changed": (
        "赔案 {number} 的估损刚刚修改过。请看过新的估损再表态。",
        "The estimate of claim {number} has just changed. Look at the new one before you agree.",
    ),
    "rejection_needs_reason": (
        "拒赔须写明理由，并在三日内送达。",
        "A rejection needs its reasons, and is sent within three days.",
    ),
    "payable_above_estimate": (
        "核定赔款 {payable_fen} 分高于已获同意的估损 {estimate_fen} 分。请先修改估损并重新征求同意。",
        "{payable_fen} fen is more than the estimate of {estimate_fen} fen that was agreed to. Revise the estimate and "
        "have it agreed first.",
    ),
    "all_must_agree": (
        "{number} 的金额 {amount_fen} 分超过首席单独决定的限额，须全体成员同意后才能核准。",
        "{number}: {amount_fen} fen is above what the lead decides alone; all members "
        "must agree before it is approved.",
    ),
}

_SETTLEMENT: dict[str, tuple[str, str]] = {
    "amount_not_positive": (
        "金额 {amount_fen} 分无效，须大于零。",
        "{amount_fen} fen will not do: the amount must be above zero.",
    ),
    "claim_not_approved": (
        "赔案 {number} 尚未核准，不能付款或追偿入账。请先核准。",
        "Claim {number} is not approved, so nothing is paid or recovered on it yet. Approve it first.",
    ),
    "claim_was_called": (
        "赔案 {number} 已发出摊回赔款通知，须用共保体款项支付。",
        "Cash was called for claim {number}, so it is paid from pool money.",
    ),
    "claim_not_called": (
        "赔案 {number} 没有发出摊回赔款通知。请先发出，或由首席垫付。",
        "No cash was called for claim {number}. Call it first, or let the lead pay.",
    ),
    "below_cash_call": (
        "赔案 {number} 未达到摊回赔款的起点 {from_fen} 分，应由首席垫付、期末结算。",
        "Claim {number} is below {from_fen} fen, from which cash is called. The lead "
        "pays it and the period settles it.",
    ),
    "cash_call_not_found": (
        "赔案 {number} 没有给这家成员的摊回赔款通知。请核对成员。",
        "No cash was called from this member for {number}. Check the member.",
    ),
    "due_before_issued": (
        "付款期限 {due_on} 早于发出日 {issued_on}。请改为之后的日期。",
        "The due date {due_on} lies before the day of issue, {issued_on}. Choose a later one.",
    ),
    "funding_too_large": (
        "补足 {amount_fen} 分超过所缺的 {missing_fen} 分。请按所缺金额补足。",
        "{amount_fen} fen is more than the {missing_fen} fen that is missing. Fund what is missing.",
    ),
    "pool_money_short": (
        "赔案 {number} 的共保体款项只有 {held_fen} 分，不足以支付 {payable_fen} 分。请待成员到账或由首席补足。",
        "The pool holds {held_fen} fen for claim {number}, too little to pay {payable_fen}. Wait for the members' "
        "money, or let the lead fund the rest.",
    ),
    "recovery_kind_unknown": (
        "追偿类别“{kind}”无效，应为：{kinds}。",
        "“{kind}” is no kind of recovery. The kinds are: {kinds}.",
    ),
    "recovery_too_large": (
        "追回 {amount_fen} 分超过本案尚可追回的 {left_fen} 分。请核对金额。",
        "{amount_fen} fen is more than the {left_fen} fen still recoverable on this claim. Check the amount.",
    ),
    "close_outside_period": (
        "结账日 {on} 不在账期 {starts_on} 至 {ends_on} 之内或之后的允许日期。请核对。",
        "The closing day {on} does not fit the period from {starts_on} to {ends_on}. Check it.",
    ),
}

_EVENT_FILE: dict[str, tuple[str, str]] = {
    "event_file_invalid": (
        "事件文件的格式有误，未计算。请按下列各项改正。",
        "The event file is not of the right form, so nothing was computed. Correct what is listed.",
    ),
    "event_refused": (
        "第 {number} 个事件（{id}，{event}）不能入账，原因见下，全部未计算。请改正后重试。",
        "Event {number} ({id}, {event}) cannot be booked for the reason below, so nothing was computed. Correct it and "
        "try again.",
    ),
    "event_unknown": (
        "没有这种事件。可用的有：{choices}。",
        "There is no such event. There are: {choices}.",
    ),
    "field_missing": ("缺少这一项，请补上。", "This is missing. Add it."),
    "field_unknown": (
        "没有这一项。请删去或改正名称。",
        "There is no such field. Remove it or correct its name.",
    ),
    "not_an_object": ("这里应为一个对象（{{…}}）。", "This should be an object ({{…}})."),
    "not_a_whole_number": (
        "“{value}”应为整数，不带小数、引号和千位符号。",
        "“{value}” should be a whole number, without decimals, quotes or separators.",
    ),
    "not_a_text": ("“{value}”应为 1 至 80 字的文字。", "“{value}” should be a text of 1 to 80 characters."),
    "not_a_date": ("“{value}”应为日期，如 2026-03-31。", "“{value}” should be a date such as 2026-03-31."),
    "not_a_list": ("“{value}”应为 1 至 100 项的列表。", "“{value}” should be a list of 1 to 100 values."),
    "not_one_of": ("“{value}”应为其中之一：{choices}。", "“{value}” should be one of: {choices}."),
    "shares_or_weights": (
        "份额请用 shares_bp 或 weights 之一写出，不能都写或都不写。",
        "Give the shares either as shares_bp or as weights, not both and not neither.",
    ),
    "members_do_not_fit": (
        "成员（{members} 家）须至少两家、不重复，且与份额一一对应。",
        "The members ({members}) must be two or more, each once, and one for each share.",
    ),
    "lead_not_a_member": ("首席须是成员之一。", "The lead must be one of the members."),
    "id_taken": ("编号 {id} 已用过。每个事件须有自己的编号。", "The id {id} is taken. Give each event its own."),
    "id_unknown": (
        "没有编号为 {id} 的事件。请核对所引用的编号及先后。",
        "There is nothing with the id {id}. Check the id that is referred to, and the order.",
    ),
    "cost_not_approved": (
        "{number} 的费用尚未核准。请先核准再入账。",
        "The cost of {number} is not approved. Approve it first.",
    ),
    "refund_differs": (
        "退费 {given_fen} 分与按条款计算的 {computed_fen} 分不一致。请核对日期和方法。",
        "The refund of {given_fen} fen is not the {computed_fen} fen that the terms give. Check dates and method.",
    ),
    "period_not_closed": (
        "账期 {period} 尚未结账。请先结账。",
        "Period {period} is not closed. Close it first.",
    ),
}

_ADJUSTING: dict[str, tuple[str, str]] = {
    "invalid_cover_terms": (
        "免赔额 {deductible_fen} 分、免赔率 {deductible_bp} 个基点或赔偿限额无效：均不得小于零，免赔率不得超过 10000。"
        "请更正保单条款。",
        "A deductible of {deductible_fen} fen and {deductible_bp} basis points, or a limit, is not possible: none may "
        "be below zero, and no part above 10000. Correct the policy's terms.",
    ),
    "invalid_loss": (
        "损失 {loss_fen} 分或已付赔款 {paid_before_fen} 分小于零。请核对金额。",
        "A loss of {loss_fen} fen, or {paid_before_fen} fen paid before, is less than nothing. Check the amounts.",
    ),
    "lines_refused": (
        "定损明细有 {count} 行需要更正，见各行说明。",
        "{count} lines of the assessment must be corrected; each says why.",
    ),
    "bill_needs_lines": (
        "清单至少要有一行。请逐行写明项目与金额。",
        "A bill has at least one line. Say what each is, and its amount.",
    ),
    "bill_too_long": (
        "清单最多 {most} 行。请合并同类项目。",
        "A bill has at most {most} lines. Put like ones together.",
    ),
    "bill_stands": (
        "赔案已经核定或拒赔，清单不能再改。核定有误的，先撤回核定。",
        "The claim is decided, so its bill stands. Where the approval is wrong, take it back first.",
    ),
    "bill_above_estimate": (
        "清单核定的损失 {loss_fen} 分高于已获同意的估损 {estimate_fen} 分。请先修改估损并重新征求同意。",
        "The bill allows {loss_fen} fen, more than the estimate of {estimate_fen} fen that was agreed to. Revise the "
        "estimate and have it agreed first.",
    ),
    "nothing_payable": (
        "赔案 {number} 扣除免赔、限额之后没有应付金额，不能核准。请写明理由拒赔。",
        "After deductible and limits nothing is payable on claim {number}. Reject it with its reasons.",
    ),
    "payable_not_computed": (
        "按清单与保单条款应付 {computed_fen} 分，不是 {payable_fen} 分。请看过算法再核准。",
        "By the bill and the policy’s cover {computed_fen} fen are payable, not {payable_fen}. Look at the working, "
        "then approve.",
    ),
    "payable_above_cover": (
        "核定赔款 {payable_fen} 分高于保单责任之内的 {most_fen} 分（扣除免赔，不超过限额）。请更正金额。",
        "{payable_fen} fen is more than the {most_fen} fen that the cover gives after deductible and limits. Correct "
        "the amount.",
    ),
    "line_without_words": ("没有写明是什么项目。请补上。", "The line does not say what it is for. Add it."),
    "line_asks_nothing": (
        "索赔金额须大于零。请更正，或清空这一行。",
        "The amount asked must be above zero. Correct it, or empty the line.",
    ),
    "line_negative": ("核定金额小于零。请更正。", "The amount allowed is less than nothing. Correct it."),
    "line_above_asked": (
        "核定金额超过索赔金额 {asked_fen} 分。请更正。",
        "More is allowed than the {asked_fen} fen asked for. Correct it.",
    ),
    "line_cut_without_reason": (
        "核减须写明理由，理由将告知被保险人。",
        "Say why less was allowed; the insured is told the reason.",
    ),
    "invalid_estimate": (
        "估损金额 {estimate_fen} 分小于零。请更正。",
        "An estimate of {estimate_fen} fen is less than nothing. Correct it.",
    ),
}

_FAULTS: dict[str, tuple[str, str]] = {
    "fault_not_found": (
        "没有找到这次故障，或您无权查看。",
        "There is no such fault, or it is not yours to see.",
    ),
    "fault_trapped_not_said": ("请选择是否有人被困在里面。", "Say whether anyone is inside."),
    "fault_kind_unknown": ("请从列出的现象中选择一种。", "Choose one of the things listed."),
    "fault_needs_words": (
        "请用一两句话说明电梯怎么了（最多 {most} 字）。",
        "Say in a sentence or two what the lift does (at most {most} characters).",
    ),
    "lift_number_unknown": (
        "没有编号为“{number}”的电梯。请核对轿厢内铭牌上的编号。",
        "There is no lift “{number}”. Check the number on the plate in the car.",
    ),
    "fault_of_another_desk": (
        "故障 {number} 由这台电梯的维保单位和承保首席的理赔人员登记响应、到场与修复。您可以查看，不能登记。",
        "Fault {number} is worked by the lift’s repairer and by the claims desk of the lead that insures it. You may "
        "look on, but record nothing.",
    ),
    "fault_step_needs_note": (
        "撤回报修或退回修复须写明理由。",
        "Taking back a report or a repair needs its reason.",
    ),
    "no_row_to_take": (
        "读到 {read} 行，没有一行可以导入。请按清单更正后再上传。",
        "{read} rows were read and none can be taken. Correct what is listed and send the list again.",
    ),
    "upload_not_found": (
        "没有找到这份上传的名单，或它不是您上传的。请重新上传。",
        "There is no such uploaded list, or it is not yours. Send it again.",
    ),
    "upload_missing": (
        "请选择要上传的文件（CSV 或 XLSX）。",
        "Choose the file to send (CSV or XLSX).",
    ),
    "zone_unknown": (
        "没有“{zone}”这个时区。可写 Asia/Shanghai 或 UTC。",
        "There is no time zone “{zone}”. Write Asia/Shanghai or UTC.",
    ),
    "span_wrong": (
        "日期范围无效：止日不得早于起日，最多 {most} 天。请更正。",
        "The span will not do: it ends after it begins, and has at most {most} days. Correct it.",
    ),
    "mapping_wrong": (
        "“{text}”不是列对应关系。请写成 字段=表头，多个用逗号分开。",
        "“{text}” maps no column. Write field=header, several parted by commas.",
    ),
    "trapped_not_said": ("请选择是否有人被困在里面。", "Say whether anyone is inside."),
    "symptom_missing": (
        "请选择一种现象，或在补充说明中写出来。",
        "Choose what the lift does, or say it under “Anything else”.",
    ),
    "lift_for_report_missing": (
        "请选择电梯，或填写轿厢内铭牌上的编号。",
        "Choose the lift, or type the number on the plate in the car.",
    ),
}

MESSAGES: dict[str, tuple[str, str]] = {
    **_FAULTS,
    **_OUTAGE_LIST,
    **_SERVICE,
    **_CLAIMS,
    **_SETTLEMENT,
    **_EVENT_FILE,
    **_ADJUSTING,
    "claim_has_recovery": (
        "赔案 {number} 已有追偿或残值入账，核准不能撤回。请先更正那笔入账。",
        "Something has been recovered on claim {number}, so its approval stands. Put the recovery right first.",
    ),
    "correction_needs_reason": (
        "请写明更正的原因，它会留在记录里。",
        "Say why this is corrected; the reason stays in the record.",
    ),
}
