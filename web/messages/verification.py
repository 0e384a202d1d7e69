"""Words of `gongbao verify`: its refusals and the last lines of its report."""

MESSAGES: dict[str, tuple[str, str]] = {
    "verification_whole": (
        "已核验 {checked} 条，全部成立；另有 {left_out} 条未核验；用时 {took_ms} 毫秒。",
        "{checked} invariants checked, all hold; {left_out} left out; {took_ms} ms.",
    ),
    "verification_broken": (
        "已核验 {checked} 条，其中 {count} 条不成立：{ids}；另有 {left_out} 条未核验；用时 {took_ms} 毫秒。"
        "请暂停相关业务，保留现场并通知审计员。",
        "{checked} invariants checked, {count} do not hold: {ids}; {left_out} left out; {took_ms} ms. Stop the "
        "business that they touch, keep everything as it is, and tell the auditor.",
    ),
    "verification_more": (
        "……另有 {more} 处。",
        "… and {more} more.",
    ),
    "invariant_unknown": (
        "没有编号为 {ids} 的不变式。可用的编号：{known}。",
        "There is no invariant {ids}. Those that there are: {known}.",
    ),
    "auditor_needed": (
        "核验须以审计角色 {needed} 连接，当前角色 {role} 只能看到部分记录。请更正 GONGBAO_AUDITOR_URL。",
        "A verification connects as {needed}; {role} is shown only some of the rows. Correct GONGBAO_AUDITOR_URL.",
    ),
    "auditor_url_missing": (
        "没有审计角色的数据库地址。使用外部数据库时请设置 GONGBAO_AUDITOR_URL。",
        "There is no address for the auditor's role. Set GONGBAO_AUDITOR_URL where the database is your own.",
    ),
}
