"""Words for the refusals and findings of lists of claims."""

MESSAGES: dict[str, tuple[str, str]] = {
    "claims_list_not_found": (
        "没有找到这份赔案名单，或您无权查看。",
        "There is no such list of claims, or it is not yours to see.",
    ),
    "claims_list_sent_before": (
        "这份文件已作为“{name}”导入过。同一份名单不会入账两次，请查看原来那份。",
        "This very file was sent before as “{name}”. A list is never booked twice; look at the one that is there.",
    ),
    "claims_list_too_long": (
        "一份名单最多 {most} 个赔案。请分成几份导入。",
        "A list holds {most} claims at most. Send it in parts.",
    ),
    "claims_list_number_taken": (
        "赔案号 {number} 已经立案。请删去这些行，或更正赔案号。",
        "Claim {number} is made already. Take its rows out, or correct its number.",
    ),
    "claims_list_rows_differ": (
        "赔案 {number} 在这一行与第 {line} 行所写不同。同一赔案各行的保单、故障、出险日和事由不能矛盾。",
        "Claim {number} differs here and in row {line}. Its rows must not contradict each other.",
    ),
    "claims_list_policy_unknown": (
        "本共保体没有保单 {policy}。请更正保单号。",
        "This pool has no policy {policy}. Correct its number.",
    ),
    "claims_list_fault_unknown": (
        "没有故障 {fault}。请更正故障编号。",
        "There is no fault {fault}. Correct its number.",
    ),
    "claims_list_lift_unknown": (
        "没有登记过电梯 {lift}。请更正电梯编号。",
        "No lift {lift} is registered. Correct its number.",
    ),
    "claims_list_lift_needs_day": (
        "只写电梯 {lift} 时要写出险日，才能找到当天的故障。请补上出险日，或写故障编号。",
        "With lift {lift} alone the loss day is needed to find its fault. Give the day, or the fault's number.",
    ),
    "claims_list_lift_without_fault": (
        "电梯 {lift} 在 {day} 没有报修。请先登记故障，或更正日期。",
        "Lift {lift} has no fault reported on {day}. Report the fault first, or correct the day.",
    ),
    "claims_list_faults_several": (
        "电梯 {lift} 在 {day} 有几次故障：{faults}。请写明故障编号。",
        "Lift {lift} has several faults on {day}: {faults}. Give the fault's number.",
    ),
    "claims_list_day_after_booking": (
        "出险日 {day} 晚于入账日期 {on}。请更正日期。",
        "The loss day {day} is after the day of booking, {on}. Correct it.",
    ),
    "claims_list_day_outside_policy": (
        "出险日 {day} 不在保单 {policy} 的保险期间（{first} 至 {last} 前）。请更正日期或保单。",
        "The loss day {day} is not within policy {policy} ({first}, until before {last}). Correct one of them.",
    ),
}
