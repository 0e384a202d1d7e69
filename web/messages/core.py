"""Words for the refusals of what every room stands on: permissions, stages, calendar, clocks, parties, papers, log."""

MESSAGES: dict[str, tuple[str, str]] = {
    "busy": (
        "系统正忙，本次操作未生效。请稍后再试一次。",
        "The system is busy and nothing was changed. Try again in a moment.",
    ),
    "server_too_old": (
        "数据库服务器是 PostgreSQL {release}，本程序需要 {needed} 或更新的版本。",
        "The database server is PostgreSQL {release}; this program needs {needed} or newer.",
    ),
    "role_may_not": (
        "您当前的身份（{role}）不能办理此事（{action}），请有权的同事办理；您有几个身份的，可在页首切换。",
        "Your present role ({role}) may not do this ({action}). Change your role, or ask a colleague who may.",
    ),
    "second_person_needed": (
        "此步须由另一人办理：经办人不能复核自己办的事。请转给同事。",
        "This step needs a second person: nobody approves their own work. Pass it to a colleague.",
    ),
    "stage_refuses": (
        "此{kind}现为“{stage}”，不能“{verb}”。现在可以办理：{allowed}。",
        "This {kind} is at “{stage}”, where “{verb}” cannot be done. What can be done now: {allowed}.",
    ),
    "calendar_not_known": (
        "工作日历没有 {day} 这一天，无法计算，也不作猜测。请管理员按国务院办公厅放假通知补录日历后再算。",
        "The working calendar does not hold {day}, and no day is guessed. Ask the administrator to enter the days of "
        "the State Council's notice, then try again.",
    ),
    "calendar_official_stays": (
        "{day} 已按正式通知确定，不能再改为暂定。如通知有变，请按新通知以“正式”录入。",
        "{day} is official and cannot become provisional again. If the notice changed, enter the day as official.",
    ),
    "calendar_source_missing": (
        "请写明依据（通知名称或文号），1 至 {most} 字。",
        "Name the notice that says so, in 1 to {most} characters.",
    ),
    "calendar_status_unknown": (
        "日历状态“{status}”无效，只能是 official（正式）或 provisional（暂定）。",
        "“{status}” is no status of a day: it is official or provisional.",
    ),
    "calendar_years_unpublished": (
        "只能导入 {first} 至 {last} 年的日历。其他年份请按放假通知逐日录入。",
        "Only the years {first} to {last} can be imported. Enter the days of other years from the notice.",
    ),
    "minutes_out_of_range": (
        "分钟数 {minutes} 无效，应为 0 至 {most} 的整数。",
        "{minutes} minutes will not do: give a whole number from 0 to {most}.",
    ),
    "time_unreadable": (
        "“{text}”不是可识别的时间。请写成 2026-02-13T16:00（半角数字；不写时区即为北京时间）。",
        "“{text}” is not a time. Write it as 2026-02-13T16:00, in half-width digits; without a zone it is city time.",
    ),
    "time_without_zone": (
        "时间 {time} 没有时区，无法计算。请写明时区，例如 +08:00。",
        "The time {time} has no zone. Write one, for example +08:00.",
    ),
    "end_before_start": (
        "结束（{end}）早于开始（{start}）。请核对两个时间。",
        "The end ({end}) lies before the start ({start}). Check both.",
    ),
    "group_of_itself": (
        "一个单位不能做自己的集团代表。请选另一个单位，或选不属于任何集团。",
        "An organisation is not the head of itself. Choose another, or none.",
    ),
    "group_has_levels": (
        "集团不设层级：所选单位已属于别的集团，或本单位是一个集团的代表。请选集团的代表单位。",
        "A group has no levels: the one chosen belongs to another group, or this one is a head. Choose the head.",
    ),
    "organisation_exists": (
        "单位“{name}”或其统一社会信用代码已登记。请直接使用已有的单位。",
        "“{name}”, or its credit code, is registered already. Use the organisation that is there.",
    ),
    "organisation_kind_unknown": (
        "单位类别“{kind}”无效，应为：{kinds}。",
        "“{kind}” is no kind of organisation. The kinds are: {kinds}.",
    ),
    "organisation_not_found": (
        "没有找到这个单位。请从单位名录中重新选择。",
        "There is no such organisation. Choose it again from the list.",
    ),
    "invalid_credit_code": (
        "“{uscc}”不是有效的统一社会信用代码（18 位，末位为校验码）。请对照营业执照核对。",
        "“{uscc}” is not a unified social credit code (18 characters, the last a check). Compare it with the licence.",
    ),
    "mandate_for_oneself": (
        "不能给自己授权，也不能终止自己的授权。请另一位管理员办理。",
        "Nobody gives themselves a mandate, or ends their own. Ask another administrator.",
    ),
    "mandate_ended": (
        "这项授权已于 {on} 终止，无须再办。",
        "This mandate ended on {on} already; nothing more needs doing.",
    ),
    "role_not_for_organisation": (
        "{kind}没有“{role}”这一身份。请选择该类单位可有的身份。",
        "An organisation of the kind {kind} has no role {role}. Choose a role that it can have.",
    ),
    "log_place_not_found": (
        "日志中还没有这条记录的位置（{index}）。请稍候片刻再取证明。",
        "This record has no place in the audit log yet ({index}). Ask for its proof again in a moment.",
    ),
    "log_event_not_found": (
        "日志中没有这条记录，或它现在还不能公布。",
        "The log holds no such entry, or it cannot be told yet.",
    ),
    "head_not_found": (
        "没有这个签名树头。请从树头清单中选择。",
        "There is no such signed head. Choose one from the list of heads.",
    ),
    "paper_not_found": (
        "没有找到这份文件，或您无权查看。",
        "There is no such paper, or it is not yours to see.",
    ),
    "file_not_found": (
        "文件内容不在存储中。请通知平台管理员从备份恢复。",
        "The content of this file is not in the store. Ask the administrator to restore it from the backup.",
    ),
    "file_too_large": (
        "文件超过 {limit_mb} MB 的上限，未保存。请压缩或拆分后再传。",
        "The file is larger than {limit_mb} MB and was not kept. Make it smaller or split it.",
    ),
}
